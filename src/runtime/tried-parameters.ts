// A model out of a dropped file, answering by itself: without a run, without servers, and without data.
import type { Block, DatasetMeta } from '../data/dataset.ts';
import type { TableValues, Trainer } from '../jobs/job.ts';
import { findJob } from '../jobs/registry.ts';
import { gatherRows } from './gather-rows.ts';
import { readParameters, UnfitParameters, valuesFor } from './start-parameters.ts';
import { CannotLook } from './trainer-run.ts';

/** Asked for samples of data that nobody has. */
class NoData extends Error {
  override name = 'NoData';
  constructor() {
    super('There are no data beside these parameters: fill in or draw something yourself.');
  }
}

export class TriedParameters {
  private constructor(
    private readonly job: string,
    readonly meta: DatasetMeta,
    private readonly trainer: Trainer,
    private readonly tables: readonly { readonly values: Float32Array; readonly width: number }[],
  ) {}

  /** @throws UnfitParameters where the file doesn't say enough, or not what its model needs */
  static async open(name: string, bytes: Uint8Array): Promise<TriedParameters> {
    const file = readParameters(name, bytes);
    if (file === null) throw new UnfitParameters(`${name} is a checkpoint: drop it to go on from it.`);
    const { data: meta } = file;
    if (meta === null) {
      throw new UnfitParameters(`${name} doesn’t say what data it was trained on: train on such data to use it.`);
    }
    const job = findJob(file.job);
    const options = job.options.parse(file.options);
    const tables = job.tables(options, meta).map((table) => {
      return { values: valuesFor(name, file, table), width: table.width };
    });
    return new TriedParameters(file.job, meta, await job.createTrainer(options, meta), tables);
  }

  async predict(sample: Block): Promise<Float32Array> {
    return (await this.trainer.predict(this.read(this.trainer.keysOf(sample)), sample)).probabilities;
  }

  /** @throws CannotLook, NoData */
  async look(request: unknown): Promise<unknown> {
    if (this.trainer.look === undefined) throw new CannotLook(this.job);
    return this.trainer.look(
      request,
      async (keys) => this.read(keys),
      () => Promise.reject(new NoData()),
    );
  }

  dispose(): void {
    this.trainer.dispose();
  }

  private read(keys: readonly (Uint32Array | null)[]): TableValues[] {
    return this.tables.map(({ values, width }, table) => {
      const list = keys[table] ?? null;
      return { keys: list, values: list === null ? values : gatherRows(values, list, width) };
    });
  }
}
