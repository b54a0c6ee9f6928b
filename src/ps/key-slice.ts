// The part of a table's key list that one segment has.
import type { SegmentRange } from './table.ts';

/** Rows of one segment in a table's list: its keys, and where they lie, in rows. */
export interface KeySlice {
  readonly keys: Uint32Array | null;
  readonly from: number;
  readonly rows: number;
}

/** The keys of one segment out of a table's, ascending; null for all. */
export function sliceKeys(range: SegmentRange, keys: Uint32Array | null): KeySlice {
  if (keys === null) return { keys: null, from: range.start, rows: range.end - range.start };
  const from = lowerBound(keys, range.start);
  const to = lowerBound(keys, range.end);
  return { keys: keys.subarray(from, to), from, rows: to - from };
}

/** Index of the first key ≥ bound, in an ascending list. */
function lowerBound(keys: Uint32Array, bound: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
