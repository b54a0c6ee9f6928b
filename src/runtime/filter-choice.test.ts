import { expect, it } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import { BSP, runPlanOf } from '../ps/testing.ts';
import type { UpdaterSpec } from '../ps/updaters/updater.ts';
import { FilterChoice } from './filter-choice.ts';

const nothing = { raw: 0, wire: 0, kept: 0, values: 0, places: 0, keys: 0, milliseconds: 0 };
const traffic = () => ({ push: nothing, pull: nothing });
const totals = () => ({ compute: 0, wait: 0, communicate: 0 });

const choiceOf = (updater: UpdaterSpec) => {
  const filters = {
    kind: 'fixed' as const,
    push: { all: { stages: [], codec: 'int8' as const }, tables: [] },
    pull: { all: { isDelta: false, codec: 'f16' as const }, tables: [] },
  };
  const schedule = [{ fromClock: 0, consistency: BSP, learningRate: 1, filters }];
  const state = { schedule, plan: runPlanOf({ updater }) } as Partial<ClusterState> as ClusterState;
  return new FilterChoice(() => state, traffic, totals);
};

it('the schedule’s filters are used', () => {
  const choice = choiceOf({ kind: 'sgd' });
  expect([choice.push(3)?.all, choice.pull(3)?.all]).toMatchObject([{ codec: 'int8' }, { codec: 'f16' }]);
});

it('counts are never filtered: a rounded one is another count', () => {
  const choice = choiceOf({ kind: 'add' });
  expect([choice.push(3), choice.pull(3)]).toEqual([null, null]);
});
