// A lone worker's local steps: the real training loop, client core and shard core. Going on from its own parameters it asks for
// none, and the server ends with the same bits as where every round begins with a pull.
import { expect, test } from 'vitest';
import type { Block, DatasetMeta } from '../data/dataset.ts';
import type { Trainer } from '../jobs/job.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import type { Frame } from '../protocol/frames.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import type { Consistency } from '../ps/consistency.ts';
import { ShardCore } from '../ps/shard-core.ts';
import { BSP, epochOf, mapOf, runPlanOf, sspOf, workerOf } from '../ps/testing.ts';
import { AVERAGE } from '../ps/updaters/outer.ts';
import { Batches } from './batches.ts';
import { Client } from './client.ts';
import { Signal } from './deferred.ts';
import { asItIs } from './emulation.ts';
import { RunFilters } from './run-filters.ts';
import { shardPlanOf } from './shard-host.ts';
import { StepLog } from './step-log.ts';
import { TrainingLoop } from './training-loop.ts';
import { WorkerMeter } from './worker-meter.ts';

const SERVER = nodeId(9);
const WORKER = workerOf(1);
const plan: RunPlan = { ...runPlanOf({ run: 1, outer: AVERAGE, evaluateEvery: 1_000 }), steps: 40 };
const LOCAL_STEPS = 4;

/** Rows whose values depend on where they are. */
const block = async (_split: string, index: number): Promise<Block> => ({
  kind: 'dense',
  count: 100,
  features: 1,
  x: Float32Array.from({ length: 100 }, (_, row) => Math.sin(index * 100 + row)),
  y: new Uint32Array(100),
});

/** The gradient is where one is, minus the mean of the batch, less and less from value to value. */
const trainer: Trainer = {
  device: 'test',
  keysOf: () => [null],
  async gradient([table], batch) {
    const mean = batch.kind === 'dense' ? Array.from(batch.x).reduce((sum, value) => sum + value, 0) / batch.count : 0;
    return {
      lossSum: 1,
      tables: [{ keys: null, values: (table?.values ?? new Float32Array()).map((v, at) => (v - mean) / (at + 2)) }],
    };
  },
  evaluate: async () => ({ lossSum: 0, samples: 0, score: 0 }),
  predict: () => Promise.reject(new Error('not here')),
  dispose() {},
};

async function train(
  consistency: Consistency,
  onPush: (clock: number, change: (cluster: Partial<ClusterState>) => void) => void = () => undefined,
) {
  const shard = new ShardCore(SERVER);
  const entry = { fromClock: 0, consistency, learningRate: 0.5, localSteps: LOCAL_STEPS };
  let cluster: ClusterState = {
    ...emptyCluster(SERVER, 1),
    phase: 'running',
    plan,
    schedule: [entry],
    clockLimit: plan.steps,
    map: mapOf({ workers: [WORKER] }) as ClusterState['map'],
    leases: [{ worker: WORKER.node, runs: [[0, 4, 1]] }],
  };
  shard.step({ kind: 'plan', plan: shardPlanOf(plan) });
  shard.step({ kind: 'schedule', schedule: [entry] });
  shard.step({ kind: 'map', map: cluster.map });
  let [requests, pulls] = [0, 0];
  const way: Frame[] = [];
  const client = new Client(
    WORKER,
    plan.run,
    plan.tables,
    (_to, frame) => way.push(frame),
    () => ++requests,
  );
  client.setMap(cluster.map);
  client.setLink(SERVER, true);
  const change = (part: Partial<ClusterState>) => {
    cluster = { ...cluster, ...part };
    shard.step({ kind: 'map', map: cluster.map });
    client.setMap(cluster.map);
  };
  const meta = { samples: { train: 400, test: 100 } } as unknown as DatasetMeta;
  const data = { meta, splits: plan.data, isOwn: false, isHere: () => true, block, holdsAll: () => false };
  const loop = new TrainingLoop({
    ...{ self: WORKER.node, plan, client, trainer, data, changed: new Signal(), emulate: asItIs },
    ...{
      batches: new Batches(plan, data, WORKER.node),
      meter: new WorkerMeter({ every: 10, doublesAfter: null }, () => 0),
      steps: new StepLog(() => 0),
    },
    ...{ filters: new RunFilters(WORKER.node, () => cluster), cluster: () => cluster, isOver: () => false },
  });
  let isDone = false;
  const run = loop.run().finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    for (let frame = way.shift(); frame !== undefined; frame = way.shift()) {
      if (frame.kind === 'pull' && (frame.keys === null || frame.keys.length > 0)) pulls++;
      if (frame.kind === 'push') onPush(frame.clock, change);
      for (const answer of shard.step({ kind: 'frame', from: WORKER.node, frame }))
        client.receive(SERVER, answer.frame, 0);
    }
  }
  await run;
  const tables = plan.tables.map(() => null);
  const read = client.pull({ minClock: plan.steps - 1, keys: tables });
  for (const frame of way.splice(0))
    for (const answer of shard.step({ kind: 'frame', from: WORKER.node, frame }))
      client.receive(SERVER, answer.frame, 0);
  return { pulls, parameters: (await read.done).tables };
}

test('it trains as with a pull before every round, bit by bit, and asks for parameters at its beginning only', async () => {
  const bsp = await train(BSP);
  const ssp = await train(sspOf(1));
  expect(ssp.parameters).toEqual(bsp.parameters);
  expect(bsp.parameters[0]?.every((value) => value === 0)).toBe(false);
  expect(bsp.pulls).toBeGreaterThanOrEqual(plan.steps / LOCAL_STEPS);
  expect(ssp.pulls).toBeLessThan(4);
});

test('under another map it begins with a pull again', async () => {
  const alone = await train(sspOf(1));
  const moved = await train(sspOf(1), (clock, change) => {
    if (clock === 19) change({ map: mapOf({ workers: [WORKER], epoch: epochOf(2) }) as ClusterState['map'] });
  });
  expect(moved.pulls).toBeGreaterThan(alone.pulls);
  expect(moved.parameters).toEqual(alone.parameters);
});
