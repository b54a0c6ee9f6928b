// For the tests of jobs: a model trained by one loop, with no server, link or clock.
import type { Block, DatasetMeta, Split } from '../data/dataset.ts';
import type { Picks } from '../data/sampler.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import type { Updater } from '../ps/updaters/updater.ts';
import { hashUnit } from '../random.ts';
import type { Job, JobDefaults, TableValues, Trainer } from './job.ts';

interface Table {
  readonly values: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly scalars: Float64Array;
  readonly width: number;
}

/** A job's model in this thread. */
export class LoneModel {
  readonly tables: readonly Table[];
  private readonly updater: Updater;

  constructor(
    job: Job,
    options: unknown,
    meta: DatasetMeta,
    private readonly trainer: Trainer,
    private readonly defaults: JobDefaults = job.defaults(options, meta),
  ) {
    this.updater = createUpdater(defaults.updater);
    this.tables = job.tables(options, meta).map(({ keys, width, init }, table) => {
      const scale = init.kind === 'uniform' ? init.scale : 0;
      const values = Float32Array.from({ length: keys * width }, (_, i) => scale * (2 * hashUnit(1, table, i) - 1));
      const slots = Array.from({ length: this.updater.slots }, () => new Float32Array(values.length));
      return { values, slots, scalars: Float64Array.from(this.updater.scalars), width };
    });
  }

  /** All parameters, up to date. */
  all() {
    for (const { values, slots, scalars } of this.tables) {
      this.updater.refresh?.(values, slots, 0, values.length, scalars);
    }
    return this.tables.map(({ values }) => ({ keys: null, values }));
  }

  /** One clock: pull the batch's keys, compute, update. Returns the mean loss. */
  async step(batch: Block, picks: Picks | null = null): Promise<number> {
    const gradient = await this.trainer.gradient(this.pull(this.trainer.keysOf(batch, picks)), batch, picks);
    for (const [table, { keys, values }] of gradient.tables.entries()) this.update(this.tables[table], keys, values);
    return gradient.lossSum / batch.count;
  }

  /** Rows of these keys of each table. */
  pull(keys: readonly (Uint32Array | null)[]): TableValues[] {
    return this.all().map(({ values }, table) => {
      const list = keys[table] ?? null;
      const width = this.tables[table]?.width ?? 1;
      if (list === null) return { keys: null, values };
      const rows = new Float32Array(list.length * width);
      list.forEach((key, row) => {
        rows.set(values.subarray(key * width, (key + 1) * width), row * width);
      });
      return { keys: list, values: rows };
    });
  }

  private update(table: Table | undefined, keys: Uint32Array | null, push: Float32Array): void {
    if (table === undefined) throw new RangeError('more gradients than tables');
    const { values, slots, scalars, width } = table;
    const context = { learningRate: this.defaults.learningRate, weight: 1, scalars };
    this.updater.advance(context);
    if (keys === null) this.updater.apply(values, slots, 0, push, 0, push.length, context);
    else
      for (const [row, key] of keys.entries()) {
        this.updater.apply(values, slots, key * width, push, row * width, width, context);
      }
  }

  evaluate(batch: Block) {
    return this.trainer.evaluate(this.pull(this.trainer.keysOf(batch)), batch);
  }
}

/** A whole split of a generator, block by block. */
export const blocksOf = (generator: ReturnType<Job['generate']>, split: Split): Block[] =>
  generator.blockSamples[split].map((_, index) => generator.block(split, index));
