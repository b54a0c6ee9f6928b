import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import type { Filters, PullSpec, PushSpec } from '../protocol/filters.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { BSP, runPlanOf } from '../ps/testing.ts';
import type { UpdaterSpec } from '../ps/updaters/updater.ts';
import { RunFilters } from './run-filters.ts';

const PUSH: PushSpec = { stages: [], codec: 'f16' };
const PULL: PullSpec = { isDelta: false, codec: 'f16' };
const HALF: Filters = { kind: 'fixed', push: { all: PUSH, tables: [] }, pull: { all: PULL, tables: [] } };
const AUTO: Filters = { kind: 'auto', choice: { push: PUSH, pull: PULL, localSteps: 4, reason: '' } };

/** Half precision both ways, in a run with this updater. */
function choiceFor(updater: UpdaterSpec, filters = HALF): RunFilters {
  const cluster: ClusterState = {
    ...emptyCluster(nodeId(1), 1),
    plan: runPlanOf({ updater }),
    schedule: [{ fromClock: 0, consistency: BSP, learningRate: 1, filters }],
  };
  return new RunFilters(() => cluster);
}

describe('the filters of a run', () => {
  it('are those of the schedule', () => {
    const choice = choiceFor({ kind: 'sgd' });
    expect(choice.push(3)).not.toBeNull();
    expect(choice.pull(3)).not.toBeNull();
  });

  it('keep back what an L1 penalty holds at zero, where the automatic mode chooses', () => {
    const ftrl = (l1: number): UpdaterSpec => ({ kind: 'ftrl', beta: 1, l1, l2: 0 });
    const kkt = [{ kind: 'kkt' }];
    expect(choiceFor(ftrl(0.1), AUTO).push(3)?.all).toEqual({ stages: kkt, codec: 'f16' });
    // Before anything was chosen, too: it rounds nothing.
    expect(choiceFor(ftrl(0.1), { kind: 'auto' }).push(3)?.all).toEqual({ stages: kkt, codec: 'f32' });
    expect(choiceFor(ftrl(0.1), { kind: 'auto' }).pull(3)).toBeNull();
    expect(choiceFor(ftrl(0), AUTO).push(3)?.all).toEqual(PUSH);
    expect(choiceFor(ftrl(0.1)).push(3)?.all).toEqual(PUSH);
    expect(choiceFor(ftrl(0.1), { kind: 'off' }).push(3)).toBeNull();
  });

  it('round nothing where the servers add up counts, whatever the schedule says', () => {
    const choice = choiceFor({ kind: 'add' });
    expect(choice.push(3)).toEqual({ all: { stages: [], codec: 'whole' }, tables: [] });
    expect(choice.pull(3)).toEqual({ all: { isDelta: true, codec: 'whole' }, tables: [] });
    expect(choice.exact(3)).toEqual({ all: { isDelta: false, codec: 'f32' }, tables: [] });
  });
});
