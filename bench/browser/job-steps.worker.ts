// A step of a job in a worker of a tab, three ways: through client, frames and shard; in a bare loop of gradient and update;
// and the gradient alone.
import { expose } from 'comlink';
import type { Job, Trainer } from '../../src/jobs/job.ts';
import { findJob } from '../../src/jobs/registry.ts';
import { LoneModel } from '../../src/jobs/train-alone.ts';
import { bareCnnStep } from '../bare-cnn.ts';
import { Batches, OneThread, step } from '../one-thread.ts';
import { msPerStep } from './timing.ts';

interface Prepared {
  readonly job: Job;
  readonly batches: Batches;
  readonly size: number;
  readonly trainer: Trainer;
  readonly cluster: OneThread;
  readonly alone: LoneModel;
}

export class JobSteps {
  private readonly prepared = new Map<string, Prepared>();
  private bareCnn: (() => Promise<number>) | null = null;

  /** Data, kernels and both models. @returns samples of a batch and parameters, for the table */
  async prepare(
    name: string,
    samples: { train: number; test: number },
  ): Promise<{ batch: number; parameters: number }> {
    const job = findJob(name);
    const options = job.options.parse({});
    const batches = new Batches(job, samples);
    const { meta } = batches;
    const trainer = await job.createTrainer(options, meta);
    const size = job.defaults(options, meta).batch;
    const cluster = new OneThread(job, options, meta);
    this.prepared.set(name, {
      job,
      batches,
      size,
      trainer,
      cluster,
      alone: new LoneModel(job, options, meta, trainer),
    });
    const parameters = job.tables(options, meta).reduce((sum, { keys, width }) => sum + keys * width, 0);
    return { batch: size, parameters };
  }

  /** Milliseconds of a step that pulls, computes and pushes. */
  framework(name: string, leastMs: number): Promise<number> {
    const { batches, size, trainer, cluster } = this.of(name);
    return msPerStep(() => step(cluster, trainer, batches.next(size)), leastMs);
  }

  /** Milliseconds of a step that computes and updates, in a loop of its own. */
  bare(name: string, leastMs: number): Promise<number> {
    const { batches, size, alone } = this.of(name);
    return msPerStep(() => {
      const { batch, picks } = batches.next(size);
      return alone.step(batch, picks);
    }, leastMs);
  }

  /** Milliseconds of uploading the parameters, forward, backward, and reading the gradient back. */
  gradient(name: string, leastMs: number): Promise<number> {
    const { batches, size, trainer, cluster } = this.of(name);
    const { batch, picks } = batches.next(size);
    const parameters = cluster.pull(trainer.keysOf(batch, picks));
    return msPerStep(() => trainer.gradient(parameters, batch, picks), leastMs);
  }

  /** Milliseconds of digits-cnn's gradient as one would write it by hand on jax-js, with im2col. */
  async cnnByHand(leastMs: number): Promise<number> {
    this.bareCnn ??= bareCnnStep(this.of('digits-cnn').size);
    return msPerStep(this.bareCnn, leastMs);
  }

  private of(name: string): Prepared {
    const found = this.prepared.get(name);
    if (found === undefined) throw new Error(`${name} is not prepared.`);
    return found;
  }
}

expose(new JobSteps());
