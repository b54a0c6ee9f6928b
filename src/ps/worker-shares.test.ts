import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from './cluster-state.ts';
import type { ScheduleEntry } from './consistency.ts';
import { BSP, runPlanOf, sspOf } from './testing.ts';
import type { Pace } from './worker-paces.ts';
import { SharePlanner, sharesBySpeed, type WorkerShare, weightsOf } from './worker-shares.ts';

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)];

/** Clocks per second of node 1, 2 and so on, known to a twentieth. */
const pacesOf = (...means: number[]): Map<ReturnType<typeof nodeId>, Pace | null> =>
  new Map(means.map((mean, at) => [nodeId(at + 1), { mean, least: 0.95 * mean, most: 1.05 * mean }]));

/** A worker's clock takes so long whatever its part of the batch, and so much more for all of it. */
interface Speed {
  readonly fixedMs?: number;
  readonly wholeMs: number;
}

/** What workers of such speeds come to: their shares, how often those changed, and what a clock takes. */
function settle(speeds: readonly Speed[], looks: number) {
  const planner = new SharePlanner();
  const nodes = speeds.map((_, at) => nodeId(at + 1));
  let [shares, changes]: [readonly WorkerShare[], number] = [[], 0];
  const timesNow = () => {
    const weights = weightsOf(shares, nodes);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    return speeds.map(({ fixedMs = 0, wholeMs }, at) => fixedMs + (wholeMs * (weights[at] ?? 0)) / all);
  };
  for (let look = 0; look < looks; look++) {
    const next = planner.next(shares, pacesOf(...timesNow().map((ms) => 1000 / ms)));
    if (next !== shares) changes++;
    shares = next;
  }
  return { shares, changes, clockMs: Math.max(...timesNow()) };
}

describe('shares of unequal workers', () => {
  it('are as their speeds', () => {
    expect(settle([{ wholeMs: 100 }, { wholeMs: 400 }, { wholeMs: 200 }], 1).shares).toEqual([
      { worker: one, weight: 100 },
      { worker: two, weight: 25 },
      { worker: three, weight: 50 },
    ]);
  });

  it('stay as they are once all take as long', () => {
    expect(settle([{ wholeMs: 100 }, { wholeMs: 400 }, { wholeMs: 200 }], 9).changes).toBe(1);
  });

  it('follow a worker that has become fast', () => {
    const planner = new SharePlanner();
    const shares = planner.next([], pacesOf(4, 1));
    // Of a whole batch both would make two a second: one has four fifths of it now, the other one fifth.
    expect(planner.next(shares, pacesOf(2.5, 10))).toEqual([
      { worker: one, weight: 100 },
      { worker: two, weight: 100 },
    ]);
  });

  it.each([
    // The best is where both take as long: 5 + 40 p = 20 + 160 (1 − p), p = 0.875, 40 ms.
    ['a part of what a clock takes does not depend on the samples', { fixedMs: 20, wholeMs: 160 }, 40],
    // Its smallest share is 5 of 105.
    ['all of it takes a slow one longer than the fast one takes for the whole batch', { fixedMs: 60, wholeMs: 80 }, 64],
  ])('come near the best in few changes where %s', (_, slow, bestMs) => {
    const { changes, clockMs } = settle([{ fixedMs: 5, wholeMs: 40 }, slow], 20);
    expect(clockMs).toBeLessThan(1.2 * bestMs);
    expect(changes).toBeLessThanOrEqual(3);
  });

  it('are equal while nobody is surely slower, or somebody isn’t known yet', () => {
    const next = (paces: Map<ReturnType<typeof nodeId>, Pace | null>) => new SharePlanner().next([], paces);
    expect(settle([{ wholeMs: 100 }, { wholeMs: 111 }, { wholeMs: 100 }], 3).shares).toEqual([]);
    expect(next(new Map([...pacesOf(10, 2), [three, null]]))).toEqual([]);
    expect(next(pacesOf(10))).toEqual([]);
    const unsure = new Map([
      [one, { mean: 10, least: 9, most: 11 }],
      [two, { mean: 5, least: 2, most: 10 }],
    ]);
    expect(next(unsure)).toEqual([]);
  });

  it('never leave a worker without any', () => {
    expect(settle([{ wholeMs: 1 }, { wholeMs: 1_000 }], 1).shares).toContainEqual({ worker: two, weight: 5 });
  });

  it('of a newcomer are the mean', () => {
    expect(weightsOf(settle([{ wholeMs: 10 }, { wholeMs: 20 }], 1).shares, [one, two, three])).toEqual([100, 50, 75]);
    expect(weightsOf([], [one, two])).toEqual([1, 1]);
  });
});

describe('shares go by speed', () => {
  const state = (entry: Partial<ScheduleEntry>, plan = {}): ClusterState => ({
    ...emptyCluster(one, 1),
    plan: runPlanOf(plan),
    schedule: [{ fromClock: 0, consistency: BSP, learningRate: 1, filters: { kind: 'auto' }, ...entry }],
  });
  const rounds = { kind: 'auto', choice: { push: null, pull: null, localSteps: 8, reason: '' } } as const;

  it('in the automatic mode, where somebody waits for the slowest', () => {
    expect(sharesBySpeed(state({ consistency: sspOf(2) }), 5)).toBe(true);
    expect(sharesBySpeed(state({ filters: rounds }, { reduce: 'server' }), 5)).toBe(true);
  });

  it('not where the parameters must not hang on speed, where nobody waits, or where it was asked for otherwise', () => {
    expect(sharesBySpeed(state({}), 5)).toBe(false);
    expect(sharesBySpeed(state({ consistency: { kind: 'async' } }), 5)).toBe(false);
    expect(sharesBySpeed(state({ consistency: sspOf(2), filters: { kind: 'off' } }), 5)).toBe(false);
    expect(sharesBySpeed(state({ localSteps: 8, filters: rounds }), 5)).toBe(false);
    expect(sharesBySpeed(state({ consistency: sspOf(2) }, { hasBackups: true }), 5)).toBe(false);
    expect(sharesBySpeed(emptyCluster(one, 1), 5)).toBe(false);
  });
});
