// Digits drawn with strokes, as many as anyone wants: 28×28 grey images, each a pure function of (seed, split, index).
// Only exact operations (see exact-math.ts), so that every browser makes the same bytes.
import { hash32, Random } from '../../random.ts';
import type { DatasetMeta, DenseBlock, Generator, Split } from '../dataset.ts';
import { rotation } from '../exact-math.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';
import { GLYPHS } from './digit-strokes.ts';
import { Canvas } from './raster.ts';

const SIZE = 28;
const PIXELS = SIZE * SIZE;
const CLASSES = 10;

/** Enough that a 784-256-128-10 MLP passes 97 %, few enough that a tab makes its blocks in seconds. */
export const DIGITS_SAMPLES = { train: 20_000, test: 4_000 };

/** How far images stray from the plain glyph. Widths in pixels, the rest relative to the glyph's box. */
const STYLE = {
  /** Height of the glyph's box, pixels. */
  height: [13, 21],
  /** Width of the box over its height. */
  aspect: [0.5, 1],
  /** Tangent of half the angle: ±0.2 is ±22.6°. */
  halfTurn: 0.2,
  /** Slant of verticals, to the right mostly, as people write. */
  shear: [-0.25, 0.5],
  /** Size of the smooth bend of the whole glyph. */
  warp: 0.16,
  /** Displacement of each control point. */
  jitter: 0.045,
  halfWidth: [0.55, 1.7],
  softness: [0.45, 1],
  darkness: [0.6, 1],
  /** Largest shift from the middle, pixels. */
  shift: 3,
  /** Largest grain, as a fraction of full ink; half of the images have none. */
  grain: 0.12,
  /** Share of images with a stray mark. */
  strays: 0.12,
} as const;

const uniform = (random: Random, [low, high]: readonly [number, number]) => low + (high - low) * random.unit();
const around = (random: Random, size: number) => size * (2 * random.unit() - 1);
/** Bell-shaped around 0, within ±2 sizes: the sum of four uniforms. */
const bell = (random: Random, size: number) =>
  size * (random.unit() + random.unit() + random.unit() + random.unit() - 2);

/** A generator of `samples` drawn digits. Classes are drawn evenly; train and test are independent. */
export function digitsGenerator(seed: number, samples: Readonly<Record<Split, number>> = DIGITS_SAMPLES): Generator {
  const meta: DatasetMeta = {
    kind: 'dense',
    name: 'drawn digits',
    samples: { train: samples.train, test: samples.test },
    features: PIXELS,
    shape: [SIZE, SIZE],
    classes: CLASSES,
  };
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  const canvas = new Canvas(SIZE);
  return {
    name: 'digits',
    meta,
    blockSamples,
    block(split: Split, index: number): DenseBlock {
      const count = blockSamples[split][index] ?? 0;
      const x = new Uint8Array(count * PIXELS);
      const y = new Uint32Array(count);
      for (let row = 0; row < count; row++) {
        const random = new Random(hash32(seed, SPLIT_SEEDS[split], index * BLOCK_SAMPLES + row));
        y[row] = random.below(CLASSES);
        drawDigit(canvas, y[row] ?? 0, random);
        develop(canvas, random, x.subarray(row * PIXELS, (row + 1) * PIXELS));
      }
      return { kind: 'dense', count, features: PIXELS, x, y };
    },
  };
}

/** Clears the canvas and draws one digit in a random hand. */
function drawDigit(canvas: Canvas, digit: number, random: Random): void {
  const variants = GLYPHS[digit] ?? [];
  const glyph = variants[random.below(variants.length)];
  if (glyph === undefined) throw new RangeError(`there is no digit ${digit}`);
  const points = place(deform(glyph.points, random), random);
  const startWidth = uniform(random, STYLE.halfWidth);
  const endWidth = startWidth * uniform(random, [0.75, 1.15]);
  const pen = { startWidth, endWidth, softness: uniform(random, STYLE.softness) };
  canvas.clear();
  for (const stroke of glyph.strokes) canvas.stroke(points, stroke, pen);
  if (random.unit() < STYLE.strays) canvas.stroke(strayMark(random), [0, 1], pen);
}

/** Jitters, bends, slants and turns the points of a unit box around its middle; the result is in pixels around 0. */
function deform(points: Float64Array, random: Random): Float64Array {
  const height = uniform(random, STYLE.height);
  const width = height * uniform(random, STYLE.aspect);
  const shear = uniform(random, STYLE.shear);
  const { cos, sin } = rotation(bell(random, STYLE.halfTurn / 2));
  const bends = Array.from({ length: 6 }, () => bell(random, STYLE.warp));
  const [xx = 0, xy = 0, yy = 0, xx2 = 0, xy2 = 0, yy2 = 0] = bends;
  const out = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    const x = (points[at] ?? 0) - 0.5 + bell(random, STYLE.jitter);
    const y = (points[at + 1] ?? 0) - 0.5 + bell(random, STYLE.jitter);
    const bentX = (x + xx * x * x + xy * x * y + yy * y * y) * width;
    const bentY = (y + xx2 * x * x + xy2 * x * y + yy2 * y * y) * height;
    const slanted = bentX - shear * bentY;
    out[at] = cos * slanted - sin * bentY;
    out[at + 1] = sin * slanted + cos * bentY;
  }
  return out;
}

/** Largest extent of a placed digit: leaves the pen's width and a pixel of margin. */
const MAX_EXTENT = 22;

/** Puts points near the middle of the canvas, shrunk where they wouldn't fit. */
function place(points: Float64Array, random: Random): Float64Array {
  const [left, right] = boundsOf(points, 0);
  const [top, bottom] = boundsOf(points, 1);
  const scale = Math.min(1, MAX_EXTENT / Math.max(right - left, bottom - top));
  const middle = (SIZE - 1) / 2;
  const shiftX = around(random, Math.min(STYLE.shift, (MAX_EXTENT - scale * (right - left)) / 2));
  const shiftY = around(random, Math.min(STYLE.shift, (MAX_EXTENT - scale * (bottom - top)) / 2));
  return points.map((value, at) =>
    at % 2 === 0
      ? (value - (left + right) / 2) * scale + middle + shiftX
      : (value - (top + bottom) / 2) * scale + middle + shiftY,
  );
}

function boundsOf(points: Float64Array, axis: number): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = axis; at < points.length; at += 2) {
    const value = points[at] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** A short line anywhere: a slip of the pen, or part of the next digit. */
function strayMark(random: Random): Float64Array {
  const x = random.unit() * SIZE;
  const y = random.unit() * SIZE;
  return Float64Array.of(x, y, x + around(random, 4), y + around(random, 4));
}

/** Ink to bytes, with the paper's darkness and grain. */
function develop(canvas: Canvas, random: Random, pixels: Uint8Array): void {
  const darkness = 255 * uniform(random, STYLE.darkness);
  const grain = random.unit() < 0.5 ? 0 : 255 * STYLE.grain * random.unit();
  const { ink } = canvas;
  for (let at = 0; at < pixels.length; at++) {
    let value = darkness * (ink[at] as number);
    if (grain > 0) value += grain * (2 * random.unit() - 1);
    pixels[at] = Math.round(Math.min(Math.max(value, 0), 255));
  }
}
