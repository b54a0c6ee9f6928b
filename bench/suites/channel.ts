// Dense f32 from a worker's tab to a server's and back, through client, links worker, data channel, shard and its update, beside
// a raw data channel of the same connection that carries as many bytes. Two tabs of one browser, a process each.
import type { Page } from '@playwright/test';
import { findJob } from '../../src/jobs/registry.ts';
import type { ClusterState, RunPlan } from '../../src/protocol/control.ts';
import { nodeId } from '../../src/protocol/ids.ts';
import { makePlan } from '../../src/runtime/run-plan.ts';
import { splitPlan } from '../../src/runtime/splits.ts';
import { inTabs } from '../browser/site.ts';
import { runningCluster } from '../cluster-state.ts';
import { atLeast, atMost, type Benchmark, compare, median } from '../harness.ts';
import type { Row } from '../result.ts';

/** As in the page (browser/channel-page.ts), which only a browser can load. */
const [WORKER, SERVER] = [nodeId(1), nodeId(2)];
const BATCH = 8;
const RATE = 1e-4;

/** A run of plain SGD, applied on arrival. With `tables` instead of the job's. */
function clusterOf(run: number, tables?: RunPlan['tables']): ClusterState {
  const job = 'digits-mlp';
  const { meta, blockSamples } = findJob(job).generate(1, { train: 512, test: 512 });
  const source = { kind: 'generated', seed: 1, samples: { train: 512, test: 512 } } as const;
  const data = { name: meta.name, train: splitPlan(blockSamples.train), test: splitPlan(blockSamples.test), source };
  const wish = { job, options: {}, batch: BATCH, steps: 0x7fff_ffff, updater: 'sgd', seed: 1, replicas: 0 };
  const made = makePlan(wish, meta, data);
  const plan: RunPlan = { ...made, run, tables: tables ?? made.tables };
  const schedule = [{ fromClock: 0, consistency: { kind: 'async' }, learningRate: RATE }] as const;
  return runningCluster({ plan, workers: [WORKER], servers: [SERVER], schedule });
}

const bytesOf = ({ plan }: ClusterState): number =>
  (plan?.tables ?? []).reduce((sum, { keys, width }) => sum + 4 * keys * width, 0);

/** What the server holds must be what it was sent, or it did no work. */
async function checked<T>(worker: Page, follow: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  await follow();
  const look = () => worker.evaluate(() => window.channelBench.client.look());
  const before = await look();
  const result = await work();
  const after = await look();
  const moved = before.value - after.value;
  const expected = after.pushes * RATE;
  if (!(after.pushes > 0) || Math.abs(moved - expected) > 0.01 * expected)
    throw new Error(`${after.pushes} pushes should have moved the parameters by ${expected}, not ${moved}.`);
  return result;
}

export const benchmark: Benchmark = {
  what: 'push and pull between two tabs beside a raw data channel: goodput, and the round trip of a small push',
  run: ({ isQuick }) =>
    inTabs('channel', 2, ({ pages }) => measure(pages as [Page, Page], isQuick), { isIsolated: true }),
};

async function measure([worker, server]: [Page, Page], isQuick: boolean): Promise<Row[]> {
  await Promise.all([
    server.evaluate(() => window.channelBench.beServer()),
    worker.evaluate(() => window.channelBench.beWorker()),
  ]);
  const follow = (cluster: ClusterState) => async () => {
    for (const page of [server, worker]) await page.evaluate((state) => window.channelBench.follow(state), cluster);
  };
  const model = clusterOf(1);
  const rows = await checked(worker, follow(model), () => goodput(worker, server, bytesOf(model), isQuick));
  const small = clusterOf(2, [{ name: 'w', keys: 16, width: 1, init: { kind: 'zeros' }, shape: [16] }]);
  return [...rows, ...(await checked(worker, follow(small), () => roundTrips(worker, isQuick)))];
}

function goodput(worker: Page, server: Page, modelBytes: number, isQuick: boolean): Promise<Row[]> {
  // Short and often: how fast the machine is changes from second to second, so ours and the reference lie close together.
  const count = 12;
  const bytes = count * modelBytes;
  const speed = (ms: number) => bytes / ms / 1000;
  const blast = async (page: Page) => page.evaluate((bytes) => window.channelBench.raw.blast(bytes), bytes);
  const way = (name: 'push' | 'pull' | 'both') => async () =>
    speed(await worker.evaluate(([name, count]) => window.channelBench.client[name](count), [name, count] as const));
  const size = `${(modelBytes / 1e6).toFixed(2)} MB`;
  const shared = { unit: 'MB/s', target: atLeast(0.9) };
  const note = `${count} times the ${size} of digits-mlp, beside as many raw bytes`;
  return compare(
    [
      { ...shared, what: 'dense push', ours: way('push'), reference: async () => speed(await blast(worker)), note },
      { ...shared, what: 'dense pull', ours: way('pull'), reference: async () => speed(await blast(server)), note },
      {
        ...shared,
        what: 'push and pull at once, each way',
        ours: way('both'),
        reference: async () => speed(Math.max(...(await Promise.all([blast(worker), blast(server)])))),
        note: `${note} in both directions at once`,
      },
    ],
    { warmUp: 2, rounds: isQuick ? 9 : 60 },
  );
}

function roundTrips(worker: Page, isQuick: boolean): Promise<Row[]> {
  const count = 200;
  const ours = async () => median(await worker.evaluate((n) => window.channelBench.client.roundTrips(n), count));
  const reference = async () => median(await worker.evaluate((n) => window.channelBench.raw.ping(n), count));
  const what = 'small push to its acknowledgement, p50';
  const note = `16 floats, through three workers and the update; beside a raw ping, ${count} of each a round`;
  return compare([{ what, unit: 'ms', ours, reference, target: atMost(2), note }], {
    warmUp: 2,
    rounds: isQuick ? 5 : 15,
  });
}
