// One worker and one shard in one thread, whole: client core, frames as bytes and back, shard core with its updater. What is
// left out is the network, so what it costs beside a bare loop is the framework's own work.
import type { Block, DatasetMeta } from '../src/data/dataset.ts';
import { gather } from '../src/data/gather.ts';
import { type Picks, Sampler } from '../src/data/sampler.ts';
import type { Job, TableValues, Trainer } from '../src/jobs/job.ts';
import { blocksOf } from '../src/jobs/train-alone.ts';
import { decodeFrame, encodeFrame } from '../src/protocol/frame-codec.ts';
import type { Frame } from '../src/protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../src/protocol/ids.ts';
import { joined } from '../src/protocol/testing.ts';
import { ClientCore } from '../src/ps/client-core.ts';
import type { ClientEffect } from '../src/ps/client-events.ts';
import type { Rows } from '../src/ps/segment.ts';
import { ShardCore } from '../src/ps/shard-core.ts';
import type { TableSpec } from '../src/ps/table.ts';
import { ASYNC, mapOf, scheduleOf, workerOf } from '../src/ps/testing.ts';

const WORKER = workerOf(1);
const SERVER = nodeId(9);

export class OneThread {
  private readonly client: ClientCore;
  private readonly shard = new ShardCore(SERVER);
  private readonly tables: readonly TableSpec[];
  private isPulled = false;
  private clock = 0;
  acknowledged = 0;
  /** Of all frames, both ways. */
  bytes = 0;

  constructor(job: Job, options: unknown, meta: DatasetMeta) {
    let requests = 0;
    this.tables = job.tables(options, meta);
    const { tables } = this;
    const { updater, batch, learningRate } = job.defaults(options, meta);
    this.client = new ClientCore(WORKER, () => ++requests);
    const map = mapOf({ servers: [SERVER], workers: [WORKER], tables });
    const plan = { run: 1, tables, seed: 1, updater, batch, steps: 0x7fff_ffff, isResumed: false };
    this.shard.step({ kind: 'plan', plan });
    this.shard.step({ kind: 'schedule', schedule: scheduleOf(ASYNC, learningRate) });
    this.shard.step({ kind: 'map', map });
    this.client.step({ kind: 'plan', run: 1, tables });
    this.client.step({ kind: 'map', map });
    this.client.step({ kind: 'link', node: SERVER, isUp: true });
  }

  /** Rows of these keys of each table, null for a whole one. */
  pull(keys: readonly (Uint32Array | null)[]): TableValues[] {
    const into = this.tables.map(({ keys: rows, width }, at) => new Float32Array((keys[at]?.length ?? rows) * width));
    this.isPulled = false;
    const event = { minClock: NO_CLOCK, done: NO_CLOCK, keys, into, everySegment: false } as const;
    this.perform(this.client.step({ kind: 'pull', id: this.clock, ...event }));
    if (!this.isPulled) throw new Error('A pull was not answered.');
    return into.map((values, at) => ({ keys: keys[at] ?? null, values }));
  }

  /** The next clock's gradient. @throws Error where the shard doesn't acknowledge it */
  push(samples: number, tables: readonly Rows[]): void {
    const clock = this.clock++;
    this.perform(this.client.step({ kind: 'push', clock, samples, tables, readFronts: new Map() }));
    if (this.acknowledged !== this.clock) throw new Error(`${this.acknowledged} of ${this.clock} were acknowledged.`);
  }

  private perform(effects: readonly ClientEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'acknowledged') this.acknowledged++;
      if (effect.kind === 'pulled') this.isPulled = true;
      if (effect.kind !== 'send') continue;
      for (const answer of this.shard.step({ kind: 'frame', from: WORKER.node, frame: this.carry(effect.frame) })) {
        this.perform(this.client.step({ kind: 'frame', from: SERVER, frame: this.carry(answer.frame) }));
      }
    }
  }

  /** Through bytes, as on a link; they come aligned from there. */
  private carry(frame: Frame): Frame {
    const bytes = joined(encodeFrame(frame));
    this.bytes += bytes.byteLength;
    return decodeFrame(bytes);
  }
}

/** A job's own data, small, and batch after batch of them. */
export class Batches {
  readonly meta: DatasetMeta;
  private readonly blocks: ReadonlyMap<number, Block>;
  private readonly sampler: Sampler;

  constructor(job: Job, samples: { train: number; test: number } | null) {
    const generator = job.generate(1, samples);
    this.meta = generator.meta;
    const blocks = blocksOf(generator, 'train');
    this.blocks = new Map(blocks.entries());
    const leased = blocks.map(({ count }, index) => ({ index, samples: count }));
    this.sampler = new Sampler(leased, 1, 0);
  }

  next(count: number): { batch: Block; picks: Picks } {
    const picks = this.sampler.next(count);
    return { batch: gather(this.blocks, picks), picks };
  }
}

/** One clock of a worker: pull the batch's keys, compute, push. @returns the loss of the batch, summed */
export async function step(
  cluster: OneThread,
  trainer: Trainer,
  { batch, picks }: { readonly batch: Block; readonly picks: Picks },
): Promise<number> {
  const parameters = cluster.pull(trainer.keysOf(batch, picks));
  const { lossSum, tables } = await trainer.gradient(parameters, batch, picks);
  cluster.push(batch.count, tables);
  return lossSum;
}
