// Inserts per second of one core through the servers: packets are added up, pushed by the worker's client core, encoded,
// decoded, and applied by a shard, all in this one thread. Beside a Map that counts the same items exactly, and nothing else.
import type { Block } from '../../src/data/dataset.ts';
import { PACKET_ITEMS, ZIPF_ITEMS } from '../../src/data/generators/zipf-stream.ts';
import { findJob } from '../../src/jobs/registry.ts';
import { atLeast, type Benchmark, type Comparison, compare } from '../harness.ts';
import { Batches, OneThread, step } from '../one-thread.ts';

/** OSDI'14, section 5.3: 1.1 billion inserts per second on 15 machines of 64 cores. */
const PAPER_INSERTS_PER_CORE = 1.1e9 / 960;

/** Per second of the processor's time, over about `seconds` of it. */
async function rate(work: () => number | Promise<number>, seconds: number): Promise<number> {
  const start = process.cpuUsage();
  for (let items = 0; ; ) {
    items += await work();
    const { user, system } = process.cpuUsage(start);
    if (user + system > seconds * 1e6) return (items * 1e6) / (user + system);
  }
}

const itemsOf = (batch: Block): number => batch.count * PACKET_ITEMS;

/** What a server without a network, a wire and a second worker would be: one table in memory. Keys from `words` on are no items. */
function countExactly(counts: Map<number, number>, batch: Block, words: number): number {
  if (batch.kind !== 'sparse') throw new TypeError('Packets are sparse.');
  for (let at = 0; at < batch.indices.length; at++) {
    const key = batch.indices[at] ?? 0;
    if (key < words) counts.set(key, (counts.get(key) ?? 0) + (batch.values[at] ?? 0));
  }
  return itemsOf(batch);
}

async function comparisonOf(isExact: boolean, seconds: number): Promise<Comparison> {
  const job = findJob('count-min');
  const options = job.options.parse({ exact: isExact });
  const batches = new Batches(job, { train: 4_000, test: 10 });
  const { batch: size } = job.defaults(options, batches.meta);
  const trainer = await job.createTrainer(options, batches.meta);
  const cluster = new OneThread(job, options, batches.meta);
  const counts = new Map<number, number>();
  return {
    what: `${isExact ? 'sketch and exact counts' : 'sketch'} through client, frames and shard, beside a Map`,
    unit: 'inserts/s',
    ours: () =>
      rate(async () => {
        const next = batches.next(size);
        await step(cluster, trainer, next);
        return itemsOf(next.batch);
      }, seconds),
    reference: () => rate(() => countExactly(counts, batches.next(size).batch, ZIPF_ITEMS), seconds),
    ...(isExact ? {} : { target: atLeast(PAPER_INSERTS_PER_CORE, 'ours') }),
    note: 'one core, no network; the target is what OSDI’14 reports for a core',
  };
}

export const benchmark: Benchmark = {
  what: 'inserts per second through worker and shard',
  async run({ isQuick }) {
    const seconds = isQuick ? 0.5 : 2;
    const comparisons = [await comparisonOf(false, seconds), await comparisonOf(true, seconds)];
    return compare(comparisons, { warmUp: 1, rounds: isQuick ? 3 : 9 });
  },
};
