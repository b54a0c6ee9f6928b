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
    for (let span = 0; span < spans; span++) {
      const around = [span - 1, span, span + 1, span + 2].map((at) => places[Math.min(Math.max(at, 0), spans)] ?? 0);
      let [x, y] = [0, 1].map((axis) => catmullRom(points, around, axis, 0));
      for (let piece = 1; piece <= PIECES; piece++) {
        const t = piece / PIECES;
        const nextX = catmullRom(points, around, 0, t);
        const nextY = catmullRom(points, around, 1, t);
        const along = (span + t) / spans;
        const width = pen.startWidth + (pen.endWidth - pen.startWidth) * along;
        this.segment(x ?? 0, y ?? 0, nextX, nextY, width, pen.softness);
        x = nextX;
        y = nextY;
      }
    }
  }

  /** A straight line: ink is full within `width` of it and falls to nothing over twice `softness`. */
  private segment(x0: number, y0: number, x1: number, y1: number, width: number, softness: number): void {
    const reach = width + softness;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(this.size - 1, Math.ceil(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(this.size - 1, Math.ceil(Math.max(y0, y1) + reach));
    const dx = x1 - x0;
    const dy = y1 - y0;
    const square = dx * dx + dy * dy;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const along = square === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / square;
        const t = Math.min(Math.max(along, 0), 1);
        const offX = x - x0 - t * dx;
        const offY = y - y0 - t * dy;
        const far = offX * offX + offY * offY;
        if (far >= reach * reach) continue;
        const depth = (reach - Math.sqrt(far)) / (2 * softness);
        const ink = Math.min(depth, 1);
        const at = y * this.size + x;
        if (ink > (this.ink[at] ?? 0)) this.ink[at] = ink;
      }
    }
  }
}

/** One coordinate of the curve between the second and third of four control points, t from 0 to 1. */
function catmullRom(points: Float64Array, around: readonly number[], axis: number, t: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = around.map((place) => points[2 * place + axis] ?? 0);
  const linear = c - a;
  const quadratic = 2 * a - 5 * b + 4 * c - d;
  const cubic = 3 * (b - c) + d - a;
  return b + 0.5 * t * (linear + t * (quadratic + t * cubic));
}
