// Facts about when a worker needs nobody's parameters but its own.
import { expect, test } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from './cluster-state.ts';
import { goesOnAlone } from './lone-worker.ts';
import { ASYNC, BSP, mapOf, runPlanOf, sspOf, workerOf } from './testing.ts';
import { AVERAGE, DILOCO } from './updaters/outer.ts';

interface Case {
  consistency?: Parameters<typeof sspOf>[0] | 'bsp' | 'async';
  localSteps?: number;
  workers?: number;
  outer?: typeof AVERAGE | undefined;
}

function roomOf({ consistency = 1, localSteps = 8, workers = 1, outer = AVERAGE }: Case): ClusterState {
  const kinds = { bsp: BSP, async: ASYNC };
  const chosen = typeof consistency === 'number' ? sspOf(consistency) : kinds[consistency];
  return {
    ...emptyCluster(nodeId(1), 1),
    phase: 'running',
    plan: { ...runPlanOf({ outer }), steps: 1_000 },
    map: mapOf({ workers: Array.from({ length: workers }, (_, at) => workerOf(at + 1)) }) as ClusterState['map'],
    schedule: [{ fromClock: 0, consistency: chosen, learningRate: 1, localSteps }],
  };
}

const goesOn = (one: Case) => goesOnAlone(roomOf(one), 20);

test('with a delay that a pull in time could not keep, a lone worker goes on from its own local steps', () => {
  expect(goesOn({})).toBe(true);
  expect(goesOn({ consistency: 'async' })).toBe(true);
});

test('in BSP every round begins with what the servers have', () => {
  expect(goesOn({ consistency: 'bsp' })).toBe(false);
});

test('where others push, too, the servers have more than one of them', () => {
  expect(goesOn({ workers: 2 })).toBe(false);
});

test('where servers do not go just the worker’s way, theirs is another place', () => {
  expect(goesOn({ outer: DILOCO })).toBe(false);
});

test('gradients after every step change the parameters at the servers alone', () => {
  expect(goesOn({ localSteps: 1 })).toBe(false);
});
