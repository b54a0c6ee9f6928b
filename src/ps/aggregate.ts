// Sums the gradients of one clock, in the order given, weighted by samples: the gradient of the whole batch's mean loss.
import type { Contribution, Rows } from './segment.ts';

/** A contribution with the factor it enters with. */
type Scaled = Contribution & { readonly scale: number };

/** Work space of one shard, grown to its largest segment and reused: nothing is allocated per clock but the result. */
export class Aggregator {
  private ranges = new Float32Array(0);
  /** Zero between calls, as `touched` is. */
  private work = new Float32Array(0);
  private touched = new Uint8Array(0);

  /**
   * Weighted mean of the contributions over one segment: Σ samplesᵢ·gᵢ / Σ samplesᵢ. All of them are whole ranges or
   * all are key lists. The result's arrays are valid until the next call.
   * @param start first key of the segment
   * @param rowCount keys in the segment
   */
  mean(contributions: readonly Contribution[], start: number, rowCount: number, width: number): Rows {
    const total = contributions.reduce((sum, { samples }) => sum + samples, 0);
    const scaled = contributions.map((part) => ({ ...part, scale: part.samples / total }));
    return this.combine(scaled, start, rowCount, width);
  }

  /** Σ gᵢ, whatever the samples: for counts. Otherwise like `mean`. */
  sum(contributions: readonly Contribution[], start: number, rowCount: number, width: number): Rows {
    return this.combine(
      contributions.map((part) => ({ ...part, scale: 1 })),
      start,
      rowCount,
      width,
    );
  }

  private combine(contributions: readonly Scaled[], start: number, rowCount: number, width: number): Rows {
    const filled = contributions.filter(({ samples, values }) => samples > 0 && values.length > 0);
    const isWhole = filled.every(({ keys }) => keys === null);
    return isWhole ? this.combineRanges(filled) : this.combineKeys(filled, start, rowCount, width);
  }

  private combineRanges(contributions: readonly Scaled[]): Rows {
    const [first, ...others] = contributions;
    if (first === undefined) return { keys: null, values: new Float32Array(0) };
    if (this.ranges.length < first.values.length) this.ranges = new Float32Array(first.values.length);
    const sum = this.ranges.subarray(0, first.values.length);
    setScaled(sum, first.values, first.scale);
    for (const { values, scale } of others) addScaled(sum, values, scale);
    return { keys: null, values: sum };
  }

  private combineKeys(contributions: readonly Scaled[], start: number, rowCount: number, width: number): Rows {
    this.reserve(rowCount * width, rowCount);
    let rows = 0;
    for (const { keys, values, scale } of contributions) {
      const count = keys?.length ?? rowCount;
      for (let row = 0; row < count; row++) {
        const index = keys === null ? row : (keys[row] ?? 0) - start;
        rows += 1 - (this.touched[index] ?? 0);
        this.touched[index] = 1;
        for (let column = 0; column < width; column++) {
          const at = index * width + column;
          this.work[at] = (this.work[at] ?? 0) + (values[row * width + column] ?? 0) * scale;
        }
      }
    }
    return this.collect(rows, start, rowCount, width);
  }

  /** Takes the touched rows out, ascending, and leaves the work space empty. */
  private collect(rows: number, start: number, rowCount: number, width: number): Rows {
    const keys = new Uint32Array(rows);
    const values = new Float32Array(rows * width);
    let row = 0;
    for (let index = 0; index < rowCount; index++) {
      if (this.touched[index] !== 1) continue;
      this.touched[index] = 0;
      const sum = this.work.subarray(index * width, (index + 1) * width);
      keys[row] = start + index;
      values.set(sum, row * width);
      sum.fill(0);
      row++;
    }
    return { keys, values };
  }

  private reserve(floats: number, rows: number): void {
    if (this.work.length < floats) this.work = new Float32Array(floats);
    if (this.touched.length < rows) this.touched = new Uint8Array(rows);
  }
}

function setScaled(sum: Float32Array, values: Float32Array, scale: number): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (values[at] ?? 0) * scale;
}

function addScaled(sum: Float32Array, values: Float32Array, scale: number): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (values[at] ?? 0) * scale;
}
