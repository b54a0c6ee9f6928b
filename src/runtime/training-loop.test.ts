// How the rounds of a worker that comes in mid-run lie, and what they begin with: the real training loop, client core and shard core.
import { expect, test } from 'vitest';
import type { DatasetMeta } from '../data/dataset.ts';
import type { Trainer } from '../jobs/job.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import type { ScheduleEntry } from '../ps/consistency.ts';
import { ASYNC, BSP, epochOf, mapOf, pushOf, runPlanOf, sspOf, TestShard, workerOf } from '../ps/testing.ts';
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
const OLD = workerOf(1);
const NEWCOMER = workerOf(2, 2);
const ROUND = 4;
const PLAN: RunPlan = { ...runPlanOf({ run: 1, outer: AVERAGE, evaluateEvery: 1_000 }), steps: 40 };

const automatic = { kind: 'auto', choice: { push: null, pull: null, localSteps: ROUND, reason: '' } } as const;

const trainer: Trainer = {
  device: 'test',
  keysOf: () => [null],
  // Copied, as a backend reads its results back: local steps go on changing their parameters.
  gradient: async ([table]) => ({
    lossSum: 1,
    tables: [{ keys: null, values: Float32Array.from(table?.values ?? []) }],
  }),
  evaluate: async () => ({ lossSum: 0, samples: 0, score: 0 }),
  predict: () => Promise.reject(new Error('not here')),
  dispose() {},
};

interface Scene {
  /** What the loop hears of the cluster next, when it waits for that. */
  tell(change: Partial<ClusterState>): void;
  readonly meter: WorkerMeter;
}

interface Setting {
  readonly plan?: RunPlan;
  readonly computes?: (scene: Scene) => Trainer;
}

/** [first clock, last clock] of the newcomer's first `count` rounds, where the other worker has finished `finished` rounds. */
async function roundsOf(
  finished: number,
  count: number,
  change: Partial<ScheduleEntry>,
  { plan = PLAN, computes = () => trainer }: Setting = {},
): Promise<[number, number][]> {
  const schedule = [{ fromClock: 0, consistency: sspOf(16), learningRate: 0.5, ...change }];
  const map = (workers: readonly (typeof OLD)[], counter: number) => mapOf({ workers, epoch: epochOf(counter) });
  const shard = new TestShard(SERVER, map([OLD], 1), schedule, shardPlanOf(plan));
  for (let round = 1; round <= finished; round++) {
    const clock = round * ROUND - 1;
    shard.take(pushOf(OLD, clock, [1, 1, 1, 1], { covers: ROUND, isDrift: true, settled: clock + 1 - ROUND }));
  }
  shard.setMap(map([OLD, NEWCOMER], 2));
  let cluster: ClusterState = {
    ...{ ...emptyCluster(SERVER, 1), phase: 'running', plan, schedule, clockLimit: plan.steps },
    map: map([OLD, NEWCOMER], 2) as ClusterState['map'],
    leases: [{ worker: NEWCOMER.node, runs: [[0, 4, 1]] }],
  };
  let requests = 0;
  const rounds: [number, number][] = [];
  const client = new Client(
    NEWCOMER,
    plan.run,
    plan.tables,
    (_to, frame) => {
      if (frame.kind === 'push') rounds.push([frame.clock + 1 - (frame.covers ?? 1), frame.clock]);
      if (rounds.length === count) cluster = { ...cluster, phase: 'stopped', clockLimit: 0 };
      setImmediate(() => {
        for (const answer of shard.take(frame)) client.receive(SERVER, answer, 0);
      });
      return 0;
    },
    () => ++requests,
  );
  client.setMap(cluster.map);
  client.setLink(SERVER, true);
  const block = async () =>
    ({ kind: 'dense', count: 100, features: 1, x: new Float32Array(100), y: new Uint32Array(100) }) as const;
  const meta = { samples: { train: 400, test: 100 } } as unknown as DatasetMeta;
  const data = { meta, splits: plan.data, isOwn: false, isHere: () => true, block, holdsAll: () => false };
  const filters = new RunFilters(NEWCOMER.node, () => cluster);
  const batches = new Batches(plan, data, NEWCOMER.node);
  const changed = new Signal();
  const tell = (change: Partial<ClusterState>) =>
    setImmediate(() => {
      cluster = { ...cluster, ...change };
      changed.notify();
    });
  const meter = new WorkerMeter({ every: 10, doublesAfter: null }, () => 0);
  await new TrainingLoop({
    ...{
      self: NEWCOMER.node,
      plan,
      client,
      trainer: computes({ tell, meter }),
      data,
      batches,
      filters,
      changed,
      emulate: asItIs,
    },
    ...{ meter, steps: new StepLog(() => 0) },
    ...{ cluster: () => cluster, isOver: () => false },
  }).run();
  return rounds;
}

test("a newcomer's first round is one step where the automatic mode chose longer ones, and its second ends with the others'", async () => {
  const others = [
    [8, 8],
    [9, 11],
    [12, 15],
  ];
  expect(await roundsOf(2, 3, { filters: automatic })).toEqual(others);
  expect(await roundsOf(2, 3, { filters: automatic, consistency: ASYNC })).toEqual(others);
});

test('rounds that were asked for, those of BSP, and those from the start of a run are whole', async () => {
  expect(await roundsOf(2, 1, { localSteps: ROUND })).toEqual([[8, 11]]);
  expect(await roundsOf(2, 1, { filters: automatic, consistency: BSP })).toEqual([[8, 11]]);
  expect(await roundsOf(0, 1, { filters: automatic })).toEqual([[0, 3]]);
});

test('a round that begins before the one before has reached the servers begins where that one ended', async () => {
  const seen: number[] = [];
  const halving: Trainer = {
    ...trainer,
    gradient(parameters, ...rest) {
      seen.push(parameters[0]?.values[0] ?? 0);
      return trainer.gradient(parameters, ...rest);
    },
  };
  await roundsOf(2, 3, { localSteps: ROUND, consistency: ASYNC }, { computes: () => halving });
  // A newcomer's first round overlaps nothing. At a rate of a half each step takes away half of what is there.
  const [first = 0, ...rest] = seen.slice(ROUND);
  expect(first).toBeLessThan(0);
  expect(rest).toHaveLength(2 * ROUND - 1);
  rest.forEach((value, step) => {
    expect((value / first) * 2 ** (step + 1)).toBeCloseTo(1, 5);
  });
});

test('after a loss that was no number a round goes on without it, its momentum, too', async () => {
  const plan: RunPlan = { ...PLAN, updater: { kind: 'momentum', beta: 0.5, nesterov: false } };
  const seen: number[] = [];
  let isBroken = true;
  const breaking = ({ tell }: Scene): Trainer => ({
    ...trainer,
    gradient: async (parameters, ...rest) => {
      const values = parameters[0]?.values ?? new Float32Array();
      if (isBroken) {
        isBroken = false;
        tell({ phase: 'paused' });
        tell({ phase: 'running' });
        return { lossSum: Number.NaN, tables: [{ keys: null, values: values.map(() => Number.NaN) }] };
      }
      seen.push(...values);
      return trainer.gradient(parameters, ...rest);
    },
  });
  await roundsOf(1, 1, { localSteps: ROUND }, { plan, computes: breaking });
  // The rest of the broken round, on values that are no numbers any more, and then a whole one.
  expect(seen.slice(-ROUND * 4).every(Number.isFinite)).toBe(true);
  expect(seen).toHaveLength((ROUND - 1 + ROUND) * 4);
});

test('where a run is being stopped a worker is done at the limit, and goes on if another is already farther', async () => {
  const doneAt: number[] = [];
  const stopping = ({ tell, meter }: Scene): Trainer => {
    tell({ phase: 'finishing', clockLimit: 12 });
    const look = () => {
      if (!meter.isDone) return void setImmediate(look);
      doneAt.push(meter.clock);
      tell({ clockLimit: meter.clock < 15 ? 16 : 0, phase: meter.clock < 15 ? 'finishing' : 'stopped' });
      if (meter.clock < 15) setImmediate(() => setImmediate(look));
    };
    look();
    return trainer;
  };
  expect(await roundsOf(2, 99, { localSteps: ROUND }, { computes: stopping })).toEqual([
    [8, 11],
    [12, 15],
  ]);
  expect(doneAt).toEqual([11, 15]);
});
