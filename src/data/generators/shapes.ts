// Coloured shapes, as many as anyone wants: small colour pictures, each a pure function of (seed, split, index). Shape is what
// tells them apart: colours, sizes, places and turns are anyone's. Only exact operations (see exact-math.ts).
import { hash32, Random } from '../../random.ts';
import type { DatasetMeta, DenseBlock, Generator, Split } from '../dataset.ts';
import { rotation } from '../exact-math.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';

export const SHAPES_SAMPLES = { train: 6_000, test: 1_200 };

const SIDE = 24;
const CHANNELS = 3;
const FEATURES = SIDE * SIDE * CHANNELS;
/** Points per pixel and axis: their share inside the shape is its edge's softness. */
const POINTS = 3;

/** Is the point in the shape? Shapes fill about the unit circle; y goes down. */
type Shape = (x: number, y: number) => boolean;

const SHAPES: Readonly<Record<string, Shape>> = {
  circle: (x, y) => x * x + y * y < 0.8,
  cross: (x, y) => (Math.abs(x) < 0.3 && Math.abs(y) < 0.95) || (Math.abs(y) < 0.3 && Math.abs(x) < 0.95),
  ring: (x, y) => x * x + y * y < 0.9 && x * x + y * y > 0.3,
  square: (x, y) => Math.abs(x) < 0.78 && Math.abs(y) < 0.78,
  star: (x, y) => Math.sqrt(Math.abs(x)) + Math.sqrt(Math.abs(y)) < 1.08,
  triangle: (x, y) => y < 0.7 && Math.abs(x) < 0.55 * (y + 1),
};
const LABELS = Object.keys(SHAPES);

/** Largest grain, in 255ths. */
const GRAIN = 24;
/** A shape is lighter than its ground by so much on the average, in 255ths: a light on a dark day. */
const LIGHTER = 120;

/** A generator of `samples` pictures, as many of each shape. Train and test are independent. */
export function shapesGenerator(seed: number, samples: Readonly<Record<Split, number>> = SHAPES_SAMPLES): Generator {
  const meta: DatasetMeta = {
    kind: 'images',
    name: 'coloured shapes',
    samples: { train: samples.train, test: samples.test },
    features: FEATURES,
    shape: [SIDE, SIDE, CHANNELS],
    classes: LABELS.length,
    labels: LABELS,
    counts: LABELS.map((_, label) => Math.ceil((samples.train - label) / LABELS.length)),
  };
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  return {
    name: 'shapes',
    meta,
    blockSamples,
    block(split: Split, index: number): DenseBlock {
      const count = blockSamples[split][index] ?? 0;
      const x = new Uint8Array(count * FEATURES);
      const y = new Uint32Array(count);
      for (let row = 0; row < count; row++) {
        const sample = index * BLOCK_SAMPLES + row;
        const label = sample % LABELS.length;
        y[row] = label;
        const random = new Random(hash32(seed, SPLIT_SEEDS[split], sample));
        draw(SHAPES[LABELS[label] ?? ''] ?? (() => false), random, x.subarray(row * FEATURES, (row + 1) * FEATURES));
      }
      return { kind: 'dense', count, features: FEATURES, x, y };
    },
  };
}

const colour = (random: Random, darkest: number): number[] =>
  Array.from({ length: CHANNELS }, () => darkest + random.below(256 - LIGHTER));

function draw(shape: Shape, random: Random, pixels: Uint8Array): void {
  const ground = colour(random, 0);
  const ink = colour(random, LIGHTER);
  const radius = SIDE * (0.24 + 0.2 * random.unit());
  const middle = () => SIDE / 2 + (SIDE / 2 - radius) * (2 * random.unit() - 1);
  const [left, top] = [middle(), middle()];
  // Half of a quarter turn to both sides: a square turned by more is a square again.
  const { cos, sin } = rotation(0.2 * (2 * random.unit() - 1));
  const shade = 40 * (2 * random.unit() - 1);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let inside = 0;
      for (let point = 0; point < POINTS * POINTS; point++) {
        const x = (column + (0.5 + (point % POINTS)) / POINTS - left) / radius;
        const y = (row + (0.5 + Math.floor(point / POINTS)) / POINTS - top) / radius;
        if (shape(cos * x + sin * y, cos * y - sin * x)) inside++;
      }
      const share = inside / (POINTS * POINTS);
      const light = shade * (row / SIDE - 0.5);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const paint = share * (ink[channel] ?? 0) + (1 - share) * ((ground[channel] ?? 0) + light);
        const value = paint + GRAIN * (random.unit() - 0.5);
        pixels[(row * SIDE + column) * CHANNELS + channel] = Math.round(Math.min(Math.max(value, 0), 255));
      }
    }
  }
}
