// Aggregation rules for rooms where a worker may lie: a few bad gradients of one clock can't move the result far. They
// count workers, not samples: a sample count is a worker's own word. Exact operations only (+ − × ÷ √ and sorting).
import type { Contribution, Rows } from './segment.ts';

/** How the pushes of one BSP clock become one gradient. */
export type AggregatorSpec =
  /** Weighted by samples: right where everybody is honest, and at the mercy of any one who isn't. */
  | { readonly kind: 'mean' }
  /** Yin, Chen, Ramchandran, Bartlett 2018, "Byzantine-robust distributed learning", definition 1. */
  | { readonly kind: 'median' }
  /** The same, definition 2: of each coordinate the `share` smallest and largest values are dropped. */
  | { readonly kind: 'trimmed-mean'; readonly share: number }
  /** Karimireddy, He, Jaggi 2021, "Learning from history for Byzantine robust optimization", algorithm 2; see `clip`. */
  | { readonly kind: 'centred-clipping'; readonly iterations: number };

export type RobustSpec = Exclude<AggregatorSpec, { kind: 'mean' }>;

/** A contribution, and where each key of the segment stands in it: row, or −1. */
interface Part extends Contribution {
  readonly rowOf: Int32Array;
}

/**
 * One gradient of the contributions over one segment, row by row: a row counts those workers that sent it. A lone worker's
 * row is taken as it is, and of two no rule can tell who lies. The result is the caller's.
 * @param start first key of the segment
 * @param rowCount keys in the segment
 */
export function aggregateRobustly(
  spec: RobustSpec,
  contributions: readonly Contribution[],
  start: number,
  rowCount: number,
  width: number,
): Rows {
  const filled = contributions.filter(({ samples, values }) => samples > 0 && values.length > 0);
  const parts = filled.map((part) => ({ ...part, rowOf: rowsOf(part, start, rowCount) }));
  if (parts.length === 0) return { keys: null, values: new Float32Array(0) };
  const dense = new Float32Array(rowCount * width);
  const trim = spec.kind === 'trimmed-mean' ? spec.share : 0.5;
  coordinatewise(parts, dense, rowCount, width, trim);
  if (spec.kind === 'centred-clipping') {
    for (let iteration = 0; iteration < spec.iterations; iteration++) clip(parts, dense, rowCount, width);
  }
  return parts.every(({ keys }) => keys === null)
    ? { keys: null, values: dense }
    : touchedRows(parts, dense, start, rowCount, width);
}

function rowsOf({ keys }: Contribution, start: number, rowCount: number): Int32Array {
  if (keys === null) return Int32Array.from({ length: rowCount }, (_, row) => row);
  const rows = new Int32Array(rowCount).fill(-1);
  for (let row = 0; row < keys.length; row++) rows[(keys[row] as number) - start] = row;
  return rows;
}

/** The mean of what is left of each coordinate's sorted values without `share` at either end; at a half, the median. */
function coordinatewise(
  parts: readonly Part[],
  into: Float32Array,
  rowCount: number,
  width: number,
  share: number,
): void {
  const sorted = new Float32Array(parts.length);
  for (let index = 0; index < rowCount; index++) {
    for (let column = 0; column < width; column++) {
      let count = 0;
      for (const { rowOf, values } of parts) {
        const row = rowOf[index] as number;
        if (row >= 0) insert(sorted, count++, values[row * width + column] as number);
      }
      if (count > 0) into[index * width + column] = trimmedMean(sorted, count, share);
    }
  }
}

/** Puts a value where it belongs among the first `count`, which ascend. Few workers: no need of anything cleverer. */
function insert(sorted: Float32Array, count: number, value: number): void {
  let at = count;
  for (; at > 0 && (sorted[at - 1] as number) > value; at--) sorted[at] = sorted[at - 1] as number;
  sorted[at] = value;
}

function trimmedMean(sorted: Float32Array, count: number, share: number): number {
  // One or two in the middle always stay.
  const drop = Math.min(Math.ceil(share * count), Math.floor((count - 1) / 2));
  let sum = 0;
  for (let at = drop; at < count - drop; at++) sum += sorted[at] as number;
  return sum / (count - 2 * drop);
}

/**
 * One iteration: centre ← centre + mean of (g − centre) · min(1, radius / ‖g − centre‖). The paper starts at the last
 * clock's result and has a radius to choose; here the start is the median and the radius the median distance, so that
 * nothing is kept between clocks and nothing is to be tuned. Distances are root mean squares over a worker's own rows,
 * because workers send different rows of a sparse table.
 */
function clip(parts: readonly Part[], centre: Float32Array, rowCount: number, width: number): void {
  const distances = parts.map((part) => distanceOf(part, centre, rowCount, width));
  const radius = trimmedMean(Float32Array.from(distances).sort(), distances.length, 0.5);
  const factors = distances.map((distance) => (distance > radius ? radius / distance : 1));
  for (let index = 0; index < rowCount; index++) {
    const senders = parts.reduce((count, { rowOf }) => count + ((rowOf[index] as number) >= 0 ? 1 : 0), 0);
    for (let column = 0; column < width; column++) {
      const at = index * width + column;
      const old = centre[at] as number;
      let sum = 0;
      for (const [place, { rowOf, values }] of parts.entries()) {
        const row = rowOf[index] as number;
        if (row >= 0) sum += ((values[row * width + column] as number) - old) * (factors[place] as number);
      }
      if (senders > 0) centre[at] = old + sum / senders;
    }
  }
}

function distanceOf({ rowOf, values }: Part, centre: Float32Array, rowCount: number, width: number): number {
  let squares = 0;
  for (let index = 0; index < rowCount; index++) {
    const row = rowOf[index] as number;
    if (row < 0) continue;
    for (let column = 0; column < width; column++) {
      const difference = (values[row * width + column] as number) - (centre[index * width + column] as number);
      squares += difference * difference;
    }
  }
  return Math.sqrt(squares / values.length);
}

function touchedRows(
  parts: readonly Part[],
  dense: Float32Array,
  start: number,
  rowCount: number,
  width: number,
): Rows {
  const touched = Array.from({ length: rowCount }, (_, index) => index).filter((index) =>
    parts.some(({ rowOf }) => (rowOf[index] as number) >= 0),
  );
  const values = new Float32Array(touched.length * width);
  for (const [row, index] of touched.entries()) {
    values.set(dense.subarray(index * width, (index + 1) * width), row * width);
  }
  return { keys: Uint32Array.from(touched, (index) => start + index), values };
}
