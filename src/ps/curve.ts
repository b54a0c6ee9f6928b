// One training curve: its points by clock, and which of them nobody has been sent yet.
import type { Point } from '../protocol/control.ts';
import { MAX_CURVE_POINTS } from '../protocol/limits.ts';

export class Curve {
  private points: Point[];
  private unsent: Point[] = [];

  /** @param known points that everybody has already */
  constructor(known: readonly Point[] = []) {
    this.points = [...known];
  }

  get all(): readonly Point[] {
    return this.points;
  }

  /** Adds a point; a second one of the same clock (of a worker that came late) is dropped. */
  add(point: Point): void {
    const later = this.points.findLastIndex(([clock]) => clock <= point[0]);
    if (this.points[later]?.[0] === point[0]) return;
    this.points.splice(later + 1, 0, point);
    if (this.points.length > MAX_CURVE_POINTS) this.points = this.points.filter((_, at) => at % 2 === 0);
    this.unsent.push(point);
  }

  /** Points added since the last call. */
  takeUnsent(): Point[] {
    const points = this.unsent;
    this.unsent = [];
    return points;
  }
}
