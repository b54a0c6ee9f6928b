// Inserts per second of one core through the servers: packets are added up, pushed by the worker's client core, encoded,
// decoded, and applied by a shard, all in this one thread. Beside a Map that counts the same items exactly, and nothing else. And
// of real tabs, as many as there are cores, each a worker and a server.
import { cpus } from 'node:os';
import type { Block } from '../../src/data/dataset.ts';
import { PACKET_ITEMS, ZIPF_ITEMS } from '../../src/data/generators/zipf-stream.ts';
import { findJob } from '../../src/jobs/registry.ts';
import { atLeast, type Benchmark, type Comparison, compare, rowOf } from '../harness.ts';
import { LiveRoom } from '../live-room.ts';
import { Batches, OneThread, step } from '../one-thread.ts';
import type { Row } from '../result.ts';

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

/** Packets of a clock of all tabs: a stream's batches are as large as one likes to wait for. */
const TAB_PACKETS = 2_048;
const TAB_TARGET = 2e6;

async function inTabs(isExact: boolean, isQuick: boolean): Promise<Row> {
  const cores = cpus().length;
  const room = await LiveRoom.open(cores);
  const counts = new Map<number, number>();
  const batches = new Batches(findJob('count-min'), { train: 4_000, test: 10 });
  const [ours, reference]: [number[], number[]] = [[], []];
  try {
    const settings = { batch: TAB_PACKETS, consistency: { kind: 'ssp', delay: 1 }, filters: { kind: 'auto' } } as const;
    await room.start(
      { workers: cores, servers: cores },
      { job: 'count-min', options: { exact: isExact }, ...settings },
    );
    await room.rate(3);
    for (let round = 0; round < (isQuick ? 2 : 7); round++) {
      ours.push((PACKET_ITEMS * (await room.rate(isQuick ? 2 : 4))) / cores);
      reference.push(await rate(() => countExactly(counts, batches.next(BATCH).batch, ZIPF_ITEMS), 0.5));
    }
  } finally {
    await room.close();
  }
  const what = `${isExact ? 'sketch and exact counts' : 'sketch'} in ${cores} tabs that work and serve, each core’s share, beside a Map`;
  const note = `real tabs, ${TAB_PACKETS * PACKET_ITEMS} items a clock, ssp:1; the tabs count while the Map does`;
  return rowOf({ what, unit: 'inserts/s', ours, reference, note, target: atLeast(TAB_TARGET, 'ours') });
}

/** Packets that the Map takes at once. */
const BATCH = 64;

export const benchmark: Benchmark = {
  what: 'inserts per second through worker and shard, and through real tabs',
  async run({ isQuick }) {
    const seconds = isQuick ? 0.5 : 2;
    const comparisons = [await comparisonOf(false, seconds), await comparisonOf(true, seconds)];
    const rows = await compare(comparisons, { warmUp: 1, rounds: isQuick ? 3 : 9 });
    const tabs = await inTabs(false, isQuick);
    return isQuick ? [...rows, tabs] : [...rows, tabs, await inTabs(true, isQuick)];
  },
};
