// What the page may ask of a live sketch: the most frequent items with their error bars, the error measured, one item.
import { z } from 'zod';
import type { DocumentsMeta } from '../../data/dataset.ts';
import { wordName } from '../../data/documents.ts';
import { MAX_WORD_LENGTH } from '../../data/limits.ts';
import type { ReadRows, TableValues } from '../job.ts';
import { cellsToJudge, Estimator, errorShare, failureShare, type SketchShape } from './sketch.ts';

const requestSchema = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('hitters'), most: z.int().min(1).max(1_000) }),
  z.object({ ask: z.literal('item'), name: z.string().max(2 * MAX_WORD_LENGTH) }),
]);

export interface Hitter {
  readonly name: string;
  /** Never too low … */
  readonly estimate: number;
  /** … and with probability 1 − δ not higher than the truth by more than estimate − least. */
  readonly least: number;
  /** The truth; null where it isn't counted. */
  readonly exact: number | null;
}

/** How estimates of all items differ from the truth. */
export interface MeasuredError {
  /** Share of the items whose estimate is within ε·N of the truth. */
  readonly within: number;
  /** Largest and mean overcount. */
  readonly worst: number;
  readonly mean: number;
}

export interface HittersAnswer {
  readonly hitters: readonly Hitter[];
  /** N: all occurrences that are in. */
  readonly total: number;
  /** ε·N, and δ. */
  readonly bound: number;
  readonly failure: number;
  readonly measured: MeasuredError | null;
  /** Floats of the sketch, and different items that it counts. */
  readonly cells: number;
  readonly items: number;
  /** Occurrences in a packet on the average: turns packets per second into inserts per second. */
  readonly itemsPerPacket: number;
}

export interface ItemAnswer {
  /** Null for an item that isn't in the data's vocabulary. */
  readonly hitter: Hitter | null;
}

/** What an answer needs of the job. */
export interface Sketch {
  readonly meta: DocumentsMeta & { readonly samples: { readonly train: number } };
  readonly shape: SketchShape;
  /** Exact counts are kept in a second table. */
  readonly isExact: boolean;
}

/** @throws ZodError for a request that the page doesn't send */
export async function lookAtSketch(
  sketch: Sketch,
  request: unknown,
  read: ReadRows,
): Promise<HittersAnswer | ItemAnswer> {
  const wanted = requestSchema.parse(request);
  return wanted.ask === 'item' ? lookAtItem(sketch, wanted.name, read) : lookAtHitters(sketch, wanted.most, read);
}

async function lookAtHitters(sketch: Sketch, most: number, read: ReadRows): Promise<HittersAnswer> {
  const { meta, shape, isExact } = sketch;
  const [cells, exact] = await read(isExact ? [null, null] : [null]);
  if (cells === undefined) throw new RangeError('A sketch has a table of cells.');
  const estimates = estimateAll(meta.words, shape, cells);
  const total = totalOf(cells, shape);
  const bound = errorShare(shape) * total;
  const order = Uint32Array.from(estimates, (_, item) => item).sort(
    (a, b) => (estimates[b] ?? 0) - (estimates[a] ?? 0) || a - b,
  );
  return {
    hitters: Array.from(order.subarray(0, most), (item) =>
      hitterOf(meta, item, estimates[item] ?? 0, bound, exact?.values[item] ?? null),
    ).filter(({ estimate }) => estimate > 0),
    total,
    bound,
    failure: failureShare(shape),
    measured: exact === undefined ? null : measuredError(estimates, exact.values, bound),
    cells: shape.width * shape.depth,
    items: meta.words,
    itemsPerPacket: meta.tokens.train / Math.max(1, meta.samples.train),
  };
}

const hitterOf = (
  meta: DocumentsMeta,
  item: number,
  estimate: number,
  bound: number,
  exact: number | null,
): Hitter => ({
  name: wordName(meta, item),
  estimate,
  least: Math.max(0, estimate - bound),
  exact,
});

/** Every row of the sketch has every occurrence once: N is the sum of one. */
export const totalOf = ({ values }: TableValues, { width }: SketchShape): number =>
  values.subarray(0, width).reduce((sum, value) => sum + value, 0);

export function estimateAll(items: number, shape: SketchShape, cells: TableValues): Float64Array {
  const estimator = new Estimator(shape, cells);
  return Float64Array.from({ length: items }, (_, item) => estimator.of(item));
}

/** Compares estimates with exact counts, over the items that occur. */
export function measuredError(estimates: Float64Array, exact: Float32Array, bound: number): MeasuredError {
  let [within, worst, sum, count] = [0, 0, 0, 0];
  estimates.forEach((estimate, item) => {
    const truth = exact[item] ?? 0;
    if (truth === 0) return;
    const over = estimate - truth;
    // Below the truth it is wrong, however little.
    if (over >= 0 && over <= bound) within++;
    worst = Math.max(worst, Math.abs(over));
    sum += over;
    count++;
  });
  return count === 0 ? { within: 1, worst: 0, mean: 0 } : { within: within / count, worst, mean: sum / count };
}

async function lookAtItem(sketch: Sketch, name: string, read: ReadRows): Promise<ItemAnswer> {
  const { meta, shape, isExact } = sketch;
  const item = numberOf(meta, name);
  if (item === null) return { hitter: null };
  const items = Uint32Array.of(item);
  const keys = cellsToJudge(items, shape);
  const [cells, exact] = await read(isExact ? [keys, items] : [keys]);
  if (cells === undefined) throw new RangeError('A sketch has a table of cells.');
  const bound = errorShare(shape) * totalOf(cells, shape);
  return { hitter: hitterOf(meta, item, new Estimator(shape, cells).of(item), bound, exact?.values[0] ?? null) };
}

function numberOf(meta: DocumentsMeta, name: string): number | null {
  const plain = name.trim();
  const known = meta.vocabulary.indexOf(plain);
  if (known >= 0) return known;
  const lower = meta.vocabulary.indexOf(plain.toLowerCase());
  if (lower >= 0) return lower;
  const number = /^(?:item )?(\d{1,9})$/.exec(plain)?.[1];
  return meta.vocabulary.length === 0 && number !== undefined && Number(number) < meta.words ? Number(number) : null;
}
