// How often everything in a stream occurs, in little memory: a CountMin sketch (Cormode and Muthukrishnan, "An improved data
// stream summary: the count-min sketch and its applications", J. Algorithms 55, 2005). Each of `depth` rows hashes items to
// `width` cells; an occurrence adds 1 to one cell of each row; the estimate is the least of an item's cells. It is never too
// low, and with N occurrences in all it is too high by more than e/width · N with probability e^−depth at most.
import { z } from 'zod';
import type { Block, DatasetMeta, DocumentsMeta, SparseBlock } from '../data/dataset.ts';
import { zipfGenerator } from '../data/generators/zipf-stream.ts';
import type { Picks } from '../data/sampler.ts';
import { countsCsv, sketchJson } from './count-min/export.ts';
import { estimateAll, lookAtSketch, measuredError, totalOf } from './count-min/look.ts';
import { Adder, CellAdder, cellsToJudge, Estimator, errorShare, type SketchShape } from './count-min/sketch.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Evaluation, Gradient, Job, Prediction, ReadRows, TableValues, Trainer } from './job.ts';

/** Cells of one row: 2²⁰ of them are 4 MiB. */
const MAX_SKETCH_WIDTH = 1_048_576;
const MAX_DEPTH = 16;

const options = z.strictObject({
  /** Cells in a row: an estimate is too high by less than e/width of all occurrences … */
  width: z.number().int().min(2).max(MAX_SKETCH_WIDTH).default(2_048),
  /** … with probability 1 − e^−depth. */
  depth: z.number().int().min(1).max(MAX_DEPTH).default(5),
  /** Counts exactly as well, in a second table, so that the error can be measured and shown. */
  exact: z.boolean().default(true),
});

export type CountMinOptions = z.infer<typeof options>;

/** Packets of one clock: some ten thousand items, so that a push stands for many of them. */
const BATCH_PACKETS = 64;

function documents(meta: DatasetMeta): DatasetMeta & DocumentsMeta {
  if (meta.kind !== 'documents') throw new UnsuitableBlock('count-min counts the words of documents, not other data.');
  return meta;
}

function sparse(block: Block): SparseBlock {
  if (block.kind !== 'sparse')
    throw new UnsuitableBlock('count-min counts the words of documents, not images or tables.');
  return block;
}

class CountMinTrainer implements Trainer {
  readonly device = 'JavaScript';
  readonly meta: DatasetMeta & DocumentsMeta;
  readonly shape: SketchShape;
  readonly isExact: boolean;
  private readonly cells: CellAdder;
  private readonly counts: Adder;

  constructor({ width, depth, exact }: CountMinOptions, meta: DatasetMeta) {
    this.meta = documents(meta);
    this.shape = { width, depth };
    this.isExact = exact;
    this.cells = new CellAdder(this.shape);
    this.counts = new Adder(exact ? this.meta.words : 0);
  }

  /** A training batch is only added: nothing need be read. An evaluation reads the cells of its items. */
  keysOf(batch: Block, picks: Picks | null = null): readonly Uint32Array[] {
    const items = picks === null ? this.itemsIn(sparse(batch)) : new Uint32Array(0);
    const cells = picks === null ? cellsToJudge(items, this.shape) : new Uint32Array(0);
    return this.isExact ? [cells, items] : [cells];
  }

  /** Adds the batch up, one entry per cell that its items fall into. The "loss" is how many entries an item costs. */
  async gradient(_parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const { indptr, indices, values, count } = sparse(batch);
    const { words } = this.meta;
    let items = 0;
    for (let row = 0; row < count; row++) {
      const end = indptr[row + 1] as number;
      for (let at = indptr[row] as number; at < end; at++) {
        const item = indices[at] as number;
        // What comes after the items are their numbers in the stream.
        if (item >= words) break;
        const times = values[at] as number;
        this.cells.addItem(item, times);
        if (this.isExact) this.counts.add(item, times);
        items += times;
      }
    }
    const tables = this.isExact ? [this.cells.take(), this.counts.take()] : [this.cells.take()];
    const entries = tables[0]?.values.length ?? 0;
    return { lossSum: (entries / Math.max(1, items)) * count, tables };
  }

  /** Share of the batch's items whose estimate is within the bound. Without exact counts nothing can be measured. */
  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const [cells, exact] = parameters;
    const { count } = sparse(batch);
    if (cells === undefined || exact === undefined) return { samples: 0, lossSum: 0, score: 0 };
    const items = this.itemsIn(sparse(batch));
    const estimator = new Estimator(this.shape, cells);
    const estimates = Float64Array.from(items, (item) => estimator.of(item));
    const { within } = measuredError(estimates, exact.values, errorShare(this.shape) * totalOf(cells, this.shape));
    return { samples: count, lossSum: 0, score: within * count };
  }

  async predict(): Promise<Prediction> {
    throw new UnsuitableBlock('count-min has no classes to predict: ask it for counts instead.');
  }

  look(request: unknown, read: ReadRows): Promise<unknown> {
    return lookAtSketch(this, request, read);
  }

  dispose(): void {}

  /** Different items, ascending. */
  private itemsIn({ indices }: SparseBlock): Uint32Array {
    return Uint32Array.from(new Set(indices.filter((item) => item < this.meta.words))).sort();
  }
}

export const countMin: Job<CountMinOptions> = {
  name: 'count-min',
  title: 'Counting a stream',
  summary: 'A CountMin sketch: how often everything in a stream occurs, in far less memory than a counter for each.',
  dataKind: 'documents',
  isStream: true,
  options,
  measures: {
    loss: { name: 'Entries pushed per item' },
    score: { name: 'Estimates within the bound', format: 'percent', isHigherBetter: true },
  },
  /** Occurrences counted, and how far estimates of all items are from exact counts. */
  figures({ width, depth, exact }, meta, [cells = new Float32Array(), counts = new Float32Array()]) {
    const shape = { width, depth };
    const table = { keys: null, values: cells };
    const counted = totalOf(table, shape);
    if (!exact) return { counted };
    const bound = errorShare(shape) * counted;
    const { within, worst, mean } = measuredError(estimateAll(documents(meta).words, shape, table), counts, bound);
    return { counted, bound, within, worst, mean };
  },
  defaults: (_options, meta) => ({
    batch: Math.min(BATCH_PACKETS, meta.samples.train),
    learningRate: 1,
    updater: { kind: 'add' },
    // Once through the stream.
    steps: Math.ceil(meta.samples.train / Math.min(BATCH_PACKETS, meta.samples.train)),
  }),
  tables({ width, depth, exact }, meta) {
    const { words } = documents(meta);
    const cells = {
      name: 'cells',
      keys: width * depth,
      width: 1,
      init: { kind: 'zeros' as const },
      shape: [depth, width],
    };
    const counts = { name: 'exact', keys: words, width: 1, init: { kind: 'zeros' as const }, shape: [words] };
    return exact ? [cells, counts] : [cells];
  },
  generate: (seed, samples) => zipfGenerator(seed, samples ?? undefined),
  createTrainer: async (options, meta) => new CountMinTrainer(options, meta),
  exports: [
    {
      name: 'Counts (CSV)',
      extension: 'csv',
      make: (options, meta, tables) => countsCsv(documents(meta), options, tables),
    },
    { name: 'Sketch (JSON)', extension: 'json', make: (options, _meta, tables) => sketchJson(options, tables) },
  ],
};
