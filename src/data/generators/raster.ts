// Draws curves of a given thickness onto a small grey canvas, anti-aliased, with exact operations only.

/** A pen: half its width at the start and the end of a stroke, and how soft its edge is, in pixels. */
export interface Pen {
  readonly startWidth: number;
  readonly endWidth: number;
  readonly softness: number;
}

/** Straight pieces per span between two control points: at 28 pixels more can't be told apart. */
const PIECES = 5;

/** A square canvas of ink from 0 to 1, row-major. Strokes don't darken each other: each pixel keeps its darkest. */
export class Canvas {
  readonly ink: Float64Array;

  constructor(readonly size: number) {
    this.ink = new Float64Array(size * size);
  }

  clear(): void {
    this.ink.fill(0);
  }

  /** A smooth curve through the control points at `places` of `points` (uniform Catmull–Rom), in pixels. */
  stroke(points: Float64Array, places: readonly number[], pen: Pen): void {
    const spans = places.length - 1;
    const pointAt = (at: number) => 2 * (places[Math.min(Math.max(at, 0), spans)] ?? 0);
    for (let span = 0; span < spans; span++) {
      const [before, from, to, after] = [pointAt(span - 1), pointAt(span), pointAt(span + 1), pointAt(span + 2)];
      const across = catmullRom(points, before, from, to, after);
      const down = catmullRom(points, before + 1, from + 1, to + 1, after + 1);
      let [x, y] = [across.start, down.start];
      for (let piece = 1; piece <= PIECES; piece++) {
        const t = piece / PIECES;
        const [nextX, nextY] = [valueAt(across, t), valueAt(down, t)];
        const along = (span + t) / spans;
        const width = pen.startWidth + (pen.endWidth - pen.startWidth) * along;
        this.segment(x, y, nextX, nextY, width, pen.softness);
        [x, y] = [nextX, nextY];
      }
    }
  }

  /** A straight line: ink is full within `width` of it and falls to nothing over twice `softness`. */
  private segment(x0: number, y0: number, x1: number, y1: number, width: number, softness: number): void {
    const { ink, size } = this;
    const reach = width + softness;
    const square = reach * reach;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(size - 1, Math.ceil(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(size - 1, Math.ceil(Math.max(y0, y1) + reach));
    const dx = x1 - x0;
    const dy = y1 - y0;
    const length = dx * dx + dy * dy;
    for (let y = top; y <= bottom; y++) {
      const fromY = y - y0;
      const alongY = fromY * dy;
      for (let x = left; x <= right; x++) {
        const at = y * size + x;
        const known = ink[at] as number;
        // No ink is darker.
        if (known === 1) continue;
        const fromX = x - x0;
        const along = length === 0 ? 0 : (fromX * dx + alongY) / length;
        const t = along < 0 ? 0 : along > 1 ? 1 : along;
        const offX = fromX - t * dx;
        const offY = fromY - t * dy;
        const far = offX * offX + offY * offY;
        if (far >= square) continue;
        const depth = (reach - Math.sqrt(far)) / (2 * softness);
        if (depth > known) ink[at] = depth < 1 ? depth : 1;
      }
    }
  }
}

/** One coordinate of the curve between the second and third of four control points, as a polynomial of t from 0 to 1. */
interface Cubic {
  readonly start: number;
  readonly linear: number;
  readonly quadratic: number;
  readonly cubic: number;
}

/** @param places of the four points' coordinate in `points` */
function catmullRom(points: Float64Array, before: number, from: number, to: number, after: number): Cubic {
  const [a, b, c, d] = [points[before] ?? 0, points[from] ?? 0, points[to] ?? 0, points[after] ?? 0];
  return { start: b, linear: c - a, quadratic: 2 * a - 5 * b + 4 * c - d, cubic: 3 * (b - c) + d - a };
}

const valueAt = ({ start, linear, quadratic, cubic }: Cubic, t: number): number =>
  start + 0.5 * t * (linear + t * (quadratic + t * cubic));
