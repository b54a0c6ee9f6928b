// Looks at parameters from outside a cluster: test accuracy, by a trainer of its own, on the first test blocks.
import type { Block } from '../../src/data/dataset.ts';
import type { Trainer } from '../../src/jobs/job.ts';
import { findJob } from '../../src/jobs/registry.ts';
import type { LoneData } from '../filters/lone-cluster.ts';

export class Examiner {
  private constructor(
    private readonly trainer: Trainer,
    private readonly block: Block,
  ) {}

  static async of(job: string, data: LoneData, options: Record<string, unknown> = {}): Promise<Examiner> {
    const { test, source } = data.plan;
    if (source.kind !== 'generated') throw new Error('Only generated data can be examined.');
    const found = findJob(job);
    const generator = found.generate(source.seed, source.samples);
    if (test.blocks === 0) throw new Error('There are no test data.');
    return new Examiner(await found.createTrainer(found.options.parse(options), data.meta), generator.block('test', 0));
  }

  async accuracy(tables: readonly Float32Array[]): Promise<number> {
    const { samples, score } = await this.trainer.evaluate(
      tables.map((values) => ({ keys: null, values })),
      this.block,
    );
    return score / samples;
  }

  close(): void {
    this.trainer.dispose();
  }
}
