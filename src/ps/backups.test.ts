// Facts about backup tasks: who gets a helper, what a shard takes from one, and what a helper sends.
import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { type Backup, nextBackups, whomToHelp } from './backups.ts';
import { ME, mapWith, pushesIn, TABLES, TestClient } from './client-testing.ts';
import { emptyCluster } from './cluster-state.ts';
import { whyNoBackups } from './run-start.ts';
import { A, acksIn, answersIn, B, C, shardOf } from './shard-testing.ts';
import { BSP, pullOf, pushOf, runPlanOf, scheduleOf, sspOf, wordsOf, workerOf } from './testing.ts';
import type { Pace } from './worker-paces.ts';

const [one, two, three, four] = [nodeId(1), nodeId(2), nodeId(3), nodeId(4)];

/** Clocks per second of node 1, 2 and so on, known to a tenth; null: not known. */
const pacesOf = (...means: (number | null)[]) =>
  new Map(means.map((mean, at) => [nodeId(at + 1), mean === null ? null : paceOf(mean)]));
const paceOf = (mean: number): Pace => ({ mean, least: 0.9 * mean, most: 1.1 * mean });

describe('who gets a helper', () => {
  it('is who is surely less than half as fast as most; the fastest helps', () => {
    expect(nextBackups([], pacesOf(10, 2.5, 12, 10))).toEqual([{ worker: two, helper: three }]);
    expect(nextBackups([], pacesOf(10, 5, 12, 10))).toEqual([]);
    // It may be as slow as that by chance.
    expect(nextBackups([], pacesOf(10, 4.8, 12, 10))).toEqual([]);
  });

  it('of two also one', () => {
    expect(nextBackups([], pacesOf(10, 2))).toEqual([{ worker: two, helper: one }]);
    expect(nextBackups([], pacesOf(10))).toEqual([]);
  });

  it('keeps it until it has caught up, or one of the two is gone, or the helper is slow itself', () => {
    const pair: readonly Backup[] = [{ worker: two, helper: three }];
    expect(nextBackups(pair, pacesOf(10, 6, 12, 10))).toBe(pair);
    expect(nextBackups(pair, pacesOf(10, 8, 12, 10))).toEqual([]);
    expect(nextBackups(pair, new Map([...pacesOf(10, 6, 12, 10)].filter(([node]) => node !== two)))).toEqual([]);
    expect(nextBackups(pair, new Map([...pacesOf(10, 3, 12, 11)].filter(([node]) => node !== three)))).toEqual([
      { worker: two, helper: four },
    ]);
    expect(nextBackups(pair, pacesOf(10, 3, 3, 11))).toContainEqual({ worker: two, helper: four });
  });

  it('a new scheduler, who knows no pace yet, changes nothing', () => {
    const pair: readonly Backup[] = [{ worker: two, helper: three }];
    expect(nextBackups(pair, pacesOf(null, null, null, null))).toBe(pair);
  });

  it('nobody helps two', () => {
    expect(nextBackups([], pacesOf(10, 2, 10, 3, 10))).toHaveLength(2);
    const helpers = nextBackups([], pacesOf(10, 2, 3, 10)).map(({ helper }) => helper);
    expect(new Set(helpers).size).toBe(helpers.length);
  });
});

describe('a run can’t have backups', () => {
  const why = (change: Partial<RunPlan>) => whyNoBackups(runPlanOf({ hasBackups: true, ...change }))?.[0] ?? null;

  it('where nobody else could, or should, speak for a worker', () => {
    expect(why({ updater: { kind: 'add' } })).toMatch(/counts/);
    expect(why({ reduce: 'ring' })).toMatch(/ring/);
    expect(why({ aggregator: { kind: 'median' } })).toMatch(/speak for others/);
    expect(why({})).toBeNull();
    expect(why({ reduce: 'ring', hasBackups: false })).toBeNull();
  });
});

describe('whom a worker helps', () => {
  const cluster = (consistency = BSP, hasBackups = true) => ({
    ...emptyCluster(one, 1),
    plan: runPlanOf({ hasBackups }),
    schedule: [...scheduleOf(consistency)],
    map: { ...emptyCluster(one, 1).map, workers: [workerOf(1), workerOf(2, 5)] },
    backups: [{ worker: two, helper: one }],
  });

  it('is the one it was given, as the worker that this is now; in BSP alone', () => {
    expect(whomToHelp(cluster(), one, 3)).toEqual(workerOf(2, 5));
    expect(whomToHelp(cluster(), two, 3)).toBeNull();
    expect(whomToHelp(cluster(sspOf(2)), one, 3)).toBeNull();
    expect(whomToHelp(cluster(BSP, false), one, 3)).toBeNull();
  });
});

describe('a shard', () => {
  const helped = (hasBackups = true) => shardOf(BSP, [A, B], { hasBackups });

  it('takes the first of two gradients in one name, and acknowledges both to the worker whose name it is', () => {
    const shard = helped();
    shard.take(pushOf(A, 0, [8, 0, 0, 0], { samples: 4 }));
    const frames = shard.take(pushOf(B, 0, [0, 8, 0, 0], { samples: 4 }), A.node);
    expect(acksIn(frames).toSorted()).toEqual(['1@0', '2@0']);
    expect(shard.values()).toEqual([-4, -4, 0, 0]);
    expect(acksIn(shard.take(pushOf(B, 0, [0, 0, 0, 9], { samples: 4 })))).toEqual(['2@0']);
    expect(shard.values()).toEqual([-4, -4, 0, 0]);
  });

  it('lets the one that is behind go on where the others are', () => {
    const shard = helped();
    for (const clock of [0, 1, 2]) {
      shard.take(pushOf(A, clock, [1, 1, 1, 1], { settled: clock }));
      shard.take(pushOf(B, clock, [1, 1, 1, 1]), A.node);
    }
    expect(answersIn(shard.take(pullOf(B, 0)))).toMatchObject([{ clocks: { floor: 2 } }]);
    expect(wordsOf(shard.take(pushOf(B, 3, [1, 1, 1, 1], { settled: 3 })))).toEqual([]);
    expect(acksIn(shard.take(pushOf(A, 3, [1, 1, 1, 1], { settled: 3 }))).toSorted()).toEqual(['1@3', '2@3']);
  });

  it('ignores what does not come next in that name, and asks nobody to send it again', () => {
    const shard = helped();
    expect(shard.take(pushOf(B, 2, [1, 1, 1, 1]), A.node)).toEqual([]);
    expect(shard.values()).toEqual([0, 0, 0, 0]);
  });

  it('takes nobody for another where the run has no backups, who does not work, or who asks for rows', () => {
    const push = pushOf(B, 0, [1, 1, 1, 1]);
    expect(wordsOf(helped(false).take(push, A.node))).toEqual(['refuse not-a-worker']);
    expect(wordsOf(helped().take(push, C.node))).toEqual(['refuse not-a-worker']);
    expect(wordsOf(helped().take(pullOf(B), A.node))).toEqual(['refuse not-a-worker']);
  });
});

describe('a helper', () => {
  const other = workerOf(2, 7);
  const gradient = {
    ...{ worker: other, clock: 3, covers: 1, isDrift: false, samples: 4, filters: null, parameters: [] },
    tables: TABLES.map(({ keys, width }) => ({ keys: null, values: new Float32Array(keys * width) })),
    readFronts: new Map(),
  };
  const map = { ...mapWith(1), workers: [ME, other] };

  it('sends in the name of the other, each segment to its owner, and waits for nothing', () => {
    const client = new TestClient(TABLES, map);
    const pushes = pushesIn(client.core.step({ kind: 'backup', ...gradient }));
    expect(pushes).toHaveLength(3);
    for (const push of pushes) expect(push).toMatchObject({ worker: other, clock: 3, settled: 0, samples: 4 });
    expect(client.core.openPushes).toBe(0);
    expect(client.core.step({ kind: 'map', map: { ...map, epoch: { term: 1, counter: 2 } } })).toEqual([]);
  });

  it('sends nothing for who works no more', () => {
    expect(new TestClient().core.step({ kind: 'backup', ...gradient })).toEqual([]);
  });
});
