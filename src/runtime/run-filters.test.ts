import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { BSP, runPlanOf } from '../ps/testing.ts';
import type { UpdaterSpec } from '../ps/updaters/updater.ts';
import { RunFilters } from './run-filters.ts';

/** Half precision both ways, in a run with this updater. */
function choiceFor(updater: UpdaterSpec): RunFilters {
  const half = { isDelta: false, codec: 'f16' } as const;
  const push = { all: { keep: null, codec: 'f16' }, tables: [] };
  const filters = { kind: 'fixed', push, pull: { all: half, tables: [] } };
  const cluster = {
    ...emptyCluster(nodeId(1), 1),
    plan: runPlanOf({ updater }),
    schedule: [{ fromClock: 0, consistency: BSP, learningRate: 1, filters }],
  } as unknown as ClusterState;
  return new RunFilters(() => cluster);
}

describe('the filters of a run', () => {
  it('are those of the schedule', () => {
    const choice = choiceFor({ kind: 'sgd' });
    expect(choice.push(3)).not.toBeNull();
    expect(choice.pull(3)).not.toBeNull();
  });

  it('round nothing where the servers add up counts, whatever the schedule says', () => {
    const choice = choiceFor({ kind: 'add' });
    expect(choice.push(3)).toEqual({ all: { stages: [], codec: 'whole' }, tables: [] });
    expect(choice.pull(3)).toEqual({ all: { isDelta: true, codec: 'whole' }, tables: [] });
    expect(choice.exact(3)).toEqual({ all: { isDelta: false, codec: 'f32' }, tables: [] });
  });
});
