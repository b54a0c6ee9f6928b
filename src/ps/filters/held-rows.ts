// What a worker holds of a segment of whole numbers, as worker and owner both know it: an answer is then what has changed of the
// rows asked for. Both begin with zeros, so rows that were never asked for need no list of their own.
import type { SegmentRange } from '../table.ts';

export class HeldRows {
  private readonly values: Float32Array;
  private readonly width: number;

  constructor(private readonly range: SegmentRange) {
    this.values = new Float32Array(range.floats);
    this.width = range.floats / (range.end - range.start);
  }

  /** As at the beginning. */
  clear(): void {
    this.values.fill(0);
  }

  /**
   * Holds these rows from now on.
   * @param keys of the rows; null for all of the segment
   * @returns how they differ from what was held; null where floats are too short to tell, beyond 2²⁴
   */
  change(keys: Uint32Array | null, rows: Float32Array): Float32Array | null {
    const { values: held, width } = this;
    const change = new Float32Array(rows.length);
    let isExact = true;
    for (let start = 0; start < rows.length; start += width) {
      const from = this.placeOf(keys, start / width) - start;
      for (let at = start; at < start + width; at++) {
        const [before, now] = [held[from + at] as number, rows[at] as number];
        const by = Math.fround(now - before);
        if (Math.fround(before + by) !== now) isExact = false;
        change[at] = by;
        held[from + at] = now;
      }
    }
    return isExact ? change : null;
  }

  /** Adds what has changed. @param change becomes the rows */
  add(keys: Uint32Array | null, change: Float32Array): void {
    const { values: held, width } = this;
    for (let start = 0; start < change.length; start += width) {
      const from = this.placeOf(keys, start / width) - start;
      for (let at = start; at < start + width; at++) {
        const now = (held[from + at] as number) + (change[at] as number);
        change[at] = now;
        held[from + at] = now;
      }
    }
  }

  /** Where the row that was asked for at this place begins. */
  private placeOf(keys: Uint32Array | null, row: number): number {
    return (keys === null ? row : (keys[row] as number) - this.range.start) * this.width;
  }
}
