import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import type { Filters, PullSpec, PushSpec } from '../protocol/filters.ts';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import { filtersFor } from '../ps/client-events.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { BSP, runPlanOf } from '../ps/testing.ts';
import type { UpdaterSpec } from '../ps/updaters/updater.ts';
import { RunFilters } from './run-filters.ts';

const [SELF, NEAR, FAR] = [nodeId(1), nodeId(2), nodeId(3)];
const PUSH: PushSpec = { stages: [], codec: 'f16' };
const PULL: PullSpec = { isDelta: false, codec: 'f16' };
const HALF = { kind: 'fixed', push: { all: PUSH, tables: [] }, pull: { all: PULL, tables: [] } } satisfies Filters;
const AUTO = { kind: 'auto', choice: { push: PUSH, pull: PULL, localSteps: 4, reason: '' } } satisfies Filters;

/** Half precision both ways, in a run with this updater. */
function choiceFor(updater: UpdaterSpec, filters: Filters = HALF): RunFilters {
  const cluster: ClusterState = {
    ...emptyCluster(nodeId(1), 1),
    plan: runPlanOf({ updater }),
    schedule: [{ fromClock: 0, consistency: BSP, learningRate: 1, filters }],
  };
  return new RunFilters(SELF, () => cluster);
}

describe('the filters of a run', () => {
  it('are those of the schedule', () => {
    const choice = choiceFor({ kind: 'sgd' });
    expect(choice.push(3)).toEqual({ filters: HALF.push });
    expect(choice.pull(3)).toEqual({ filters: HALF.pull });
    expect(choiceFor({ kind: 'sgd' }, { kind: 'off' }).push(3)).toEqual({});
    expect(choiceFor({ kind: 'sgd' }, { kind: 'off' }).exact(3)).toEqual({});
  });

  it('round what the automatic mode chose on the way to far tabs only', () => {
    const near = [
      { worker: SELF, servers: [NEAR] },
      { worker: NEAR, servers: [FAR] },
    ];
    const choice = choiceFor({ kind: 'sgd' }, { kind: 'auto', choice: { ...AUTO.choice, near } });
    const pushTo = (owner: NodeId) => filtersFor(choice.push(3), owner)?.all;
    const pullFrom = (owner: NodeId) => filtersFor(choice.pull(3), owner)?.all;
    expect([SELF, NEAR, FAR].map(pushTo)).toEqual([undefined, undefined, PUSH]);
    expect([SELF, NEAR, FAR].map(pullFrom)).toEqual([undefined, undefined, PULL]);
    // Without such a list only this tab is near.
    expect(filtersFor(choiceFor({ kind: 'sgd' }, AUTO).push(3), NEAR)?.all).toEqual(PUSH);
    expect(filtersFor(choiceFor({ kind: 'sgd' }, AUTO).push(3), SELF)).toBeNull();
  });

  it('keep back what an L1 penalty holds at zero, where the automatic mode chooses', () => {
    const ftrl = (l1: number): UpdaterSpec => ({ kind: 'ftrl', beta: 1, l1, l2: 0 });
    const kkt = [{ kind: 'kkt' }];
    const pushTo = (owner: NodeId, ...of: Parameters<typeof choiceFor>) =>
      filtersFor(choiceFor(...of).push(3), owner)?.all;
    expect(pushTo(FAR, ftrl(0.1), AUTO)).toEqual({ stages: kkt, codec: 'f16' });
    // Before anything was chosen, and to near tabs, too: it rounds nothing.
    expect(pushTo(FAR, ftrl(0.1), { kind: 'auto' })).toEqual({ stages: kkt, codec: 'f32' });
    expect(pushTo(SELF, ftrl(0.1), AUTO)).toEqual({ stages: kkt, codec: 'f32' });
    expect(filtersFor(choiceFor(ftrl(0.1), { kind: 'auto' }).pull(3), FAR)).toBeNull();
    expect(pushTo(FAR, ftrl(0), AUTO)).toEqual(PUSH);
    expect(pushTo(FAR, ftrl(0.1))).toEqual(PUSH);
    expect(pushTo(FAR, ftrl(0.1), { kind: 'off' })).toBeUndefined();
  });

  it('round nothing where the servers add up counts, whatever the schedule says', () => {
    const choice = choiceFor({ kind: 'add' });
    expect(choice.push(3)).toEqual({ filters: { all: { stages: [], codec: 'whole' }, tables: [] } });
    expect(choice.pull(3)).toEqual({ filters: { all: { isDelta: true, codec: 'whole' }, tables: [] } });
    expect(choice.exact(3)).toEqual({ filters: { all: { isDelta: false, codec: 'f32' }, tables: [] } });
  });
});
