import { expect, test } from 'vitest';
import type { DatasetMeta } from '../data/dataset.ts';
import type { Trainer } from '../jobs/job.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { epochOf, mapOf, runPlanOf, sspOf, workerOf } from '../ps/testing.ts';
import { Client, type PulledTables } from './client.ts';
import { Evaluator } from './evaluator.ts';
import { RunFilters } from './run-filters.ts';
import { WorkerMeter } from './worker-meter.ts';

const SELF = workerOf(1);

const trainer: Trainer = {
  device: 'test',
  keysOf: () => [null],
  gradient: () => Promise.reject(new Error('not here')),
  evaluate: async () => ({ lossSum: 1, samples: 100, score: 50 }),
  predict: () => Promise.reject(new Error('not here')),
  dispose() {},
};

/** The clocks whose parameters are evaluated, where rounds of `clocks` batches begin at 0, `clocks`, … before `end`. */
async function evaluatedClocks(plan: RunPlan, clocks: number, end: number): Promise<number[]> {
  const localSteps = clocks === 1 ? {} : { localSteps: clocks };
  const cluster: ClusterState = {
    ...emptyCluster(SELF.node, 1),
    plan,
    schedule: [{ fromClock: 0, consistency: sspOf(4), learningRate: 0.5, ...localSteps }],
    map: mapOf({ workers: [SELF], epoch: epochOf(1) }) as ClusterState['map'],
  };
  const noClient = () =>
    new Client(
      SELF,
      plan.run,
      plan.tables,
      () => 0,
      () => 1,
    );
  const block = async () =>
    ({ kind: 'dense', count: 100, features: 1, x: new Float32Array(100), y: new Uint32Array(100) }) as const;
  const meta = { samples: { train: 400, test: 100 } } as unknown as DatasetMeta;
  const meter = new WorkerMeter({ every: 10, doublesAfter: null }, () => 0);
  const evaluator = new Evaluator({
    ...{ self: SELF.node, plan, client: noClient(), trainer, meter, cluster: () => cluster },
    ...{ data: { meta, splits: plan.data, isOwn: false, isHere: () => true, block, holdsAll: () => false } },
    filters: new RunFilters(SELF.node, () => cluster),
  });
  const pulled: PulledTables = {
    tables: [new Float32Array(4)],
    readFronts: new Map(),
    ownClocks: new Map(),
    floor: 0,
    isHeldBack: false,
  };
  evaluator.startAt(0);
  for (let clock = 0; clock < end; clock += clocks) await evaluator.onTheWay(clock, pulled);
  return meter.take('').evaluations.map(([clock]) => clock);
}

test('evaluations on the way lie where the plan says, the first at once, and seldomer in a long run', async () => {
  const even = runPlanOf({ run: 1, evaluateEvery: 10 });
  // Before clock 10 comes what clock 9 has made.
  expect(await evaluatedClocks(even, 1, 45)).toEqual([9, 19, 29, 39]);
  expect(await evaluatedClocks({ ...even, evaluationsDoubleAfter: 2 }, 1, 130)).toEqual([9, 19, 39, 79]);
});

test('where rounds are longer than that each evaluates once, and all workers at the same clocks', async () => {
  const often = runPlanOf({ run: 1, evaluateEvery: 3 });
  expect(await evaluatedClocks(often, 16, 60)).toEqual([15, 31, 47]);
  expect(await evaluatedClocks({ ...often, evaluationsDoubleAfter: 2 }, 4, 60)).toEqual([3, 7, 11, 23, 47]);
});
