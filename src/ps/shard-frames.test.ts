// How a shard judges single pulls and pushes.
import { describe, expect, it } from 'vitest';
import type { Push } from '../protocol/frames.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { MAX_PARKED_PULLS, MAX_UNACKED_CLOCKS, MAX_VIOLATIONS } from '../protocol/limits.ts';
import { A, acksIn, answersIn, B, BOTH, SELF, shardOf } from './shard-testing.ts';
import { ASYNC, BSP, epochOf, mapOf, pullOf, pushOf, sspOf, TestShard, wordsOf, workerOf } from './testing.ts';

describe('a pull', () => {
  it('is answered at once where its clock is there, with what the segment is', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [8, 0, 0, 4], { samples: 8 }));
    const [answer, ...others] = answersIn(shard.take(pullOf(B, NO_CLOCK, { request: 77 })));
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ request: 77, version: 1, isHeldBack: false, epoch: epochOf(1) });
    expect(answer?.clocks).toEqual({ floor: NO_CLOCK, ahead: [{ node: 1, clock: 0 }] });
    expect([...(answer?.values ?? [])]).toEqual([-8, 0, 0, -4]);
  });

  it('of some keys gets their rows', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [1, 2, 3, 4], { samples: 8 }));
    const frames = shard.take(pullOf(B, NO_CLOCK, { keys: Uint32Array.of(1, 3) }));
    expect(answersIn(frames).map(({ values }) => [...values])).toEqual([[-2, -4]]);
  });

  it('parks until every worker has reached its clock, and says that it was held back', () => {
    const shard = shardOf(sspOf(2));
    expect(shard.take(pullOf(A, 0))).toEqual([]);
    shard.take(pushOf(A, 0, [1, 1, 1, 1]));
    const frames = shard.take(pushOf(B, 0, [1, 1, 1, 1]));
    expect(answersIn(frames)).toMatchObject([{ isHeldBack: true, clocks: { floor: 0 } }]);
  });

  it('was not held back by others where its own push was the last', () => {
    const shard = shardOf();
    shard.take(pushOf(B, 0, [1, 1, 1, 1]));
    expect(shard.take(pullOf(A, 0))).toEqual([]);
    expect(answersIn(shard.take(pushOf(A, 0, [1, 1, 1, 1])))).toMatchObject([{ isHeldBack: false }]);
  });

  it('sent again while it waits is answered once', () => {
    const shard = shardOf();
    shard.take(pullOf(A, 0));
    expect(shard.take(pullOf(A, 0))).toEqual([]);
    for (const worker of BOTH) shard.take(pushOf(worker, 0, [1, 1, 1, 1]));
    expect(answersIn(shard.take(pullOf(A, 0, { request: 2 })))).toHaveLength(1);
    expect(shard.core.counters.figures().duplicates).toBe(1);
  });

  it('of a reader that is no worker is answered too, and waits like any other', () => {
    const shard = shardOf();
    const reader = workerOf(7, 0);
    expect(answersIn(shard.take(pullOf(reader)))).toHaveLength(1);
    expect(shard.take(pullOf(reader, 0))).toEqual([]);
  });

  it('can say that its worker is past some clocks: nobody waits for it there', () => {
    const shard = shardOf();
    shard.take(pushOf(A, 0, [1, 1, 1, 1]));
    const frames = shard.take(pullOf(B, NO_CLOCK, { done: 0 }));
    expect(wordsOf(frames).toSorted()).toEqual(['ack', 'answer']);
    expect(shard.values()).toEqual([-1, -1, -1, -1]);
  });

  it('is refused where too many of its node wait, and then moves no clock; others have room of their own', () => {
    const shard = shardOf();
    for (let request = 0; request < MAX_PARKED_PULLS; request++) {
      expect(shard.take(pullOf(B, 5, { request }))).toEqual([]);
    }
    const before = shard.state();
    expect(wordsOf(shard.take(pullOf(B, 5, { done: 3, request: 9_999 })))).toEqual(['refuse too-many']);
    expect(shard.state()).toEqual(before);
    expect(shard.take(pullOf(A, 5))).toEqual([]);
  });

  it('of an incarnation that has left is forgotten, and takes no room from the next', () => {
    const shard = shardOf();
    for (let request = 0; request < MAX_PARKED_PULLS; request++) shard.take(pullOf(B, 5, { request }));
    const next = workerOf(B.node, 2);
    const at = { epoch: epochOf(2) };
    expect(shard.setMap(mapOf({ ...at, workers: [A, next] }))).toEqual([]);
    expect(shard.take(pullOf(next, 5, { ...at, request: 50 }))).toEqual([]);
    expect(shard.core.load().parkedPulls).toBe(1);
  });

  it.each([
    ['a clock that the run does not have', { minClock: 40 }],
    ['word of such a clock', { done: 40 }],
  ])('for %s is refused as a violation', (_, change) => {
    const shard = shardOf(BSP, BOTH, { steps: 40 });
    const before = shard.state();
    expect(wordsOf(shard.take(pullOf(A, 0, change)))).toEqual(['refuse bad-clock']);
    expect(shard.state()).toEqual(before);
  });
});

describe('a push', () => {
  it('that was applied is acknowledged again, and not applied again', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [8, 8, 8, 8]));
    const before = shard.state();
    expect(acksIn(shard.take(pushOf(A, 0, [8, 8, 8, 8])))).toEqual(['1@0']);
    expect(shard.state()).toEqual(before);
    expect(shard.core.counters.figures()).toMatchObject({ applied: 1, duplicates: 1 });
  });

  it('that waits for others is not counted twice', () => {
    const shard = shardOf();
    shard.take(pushOf(A, 0, [8, 8, 8, 8]));
    expect(shard.take(pushOf(A, 0, [8, 8, 8, 8]))).toEqual([]);
    shard.take(pushOf(B, 0, [0, 0, 0, 0]));
    expect(shard.values()).toEqual([-4, -4, -4, -4]);
  });

  it('that leaves a gap is refused, and changes nothing', () => {
    const shard = shardOf(ASYNC);
    const before = shard.state();
    expect(shard.take(pushOf(A, 2, [1, 1, 1, 1], { settled: 0 }))).toMatchObject([
      { kind: 'refuse', reason: 'out-of-order', clock: 2, request: 0 },
    ]);
    expect(wordsOf(shard.take(pushOf(A, 9, [1, 1, 1, 1], { settled: 5 })))).toEqual(['refuse out-of-order']);
    expect(shard.state()).toEqual(before);
  });

  it.each([
    ['more samples than a whole batch has', 'bad-samples', { samples: 9 }],
    ['a clock that the run does not have', 'bad-clock', { clock: 40, settled: 40 }],
    ['a clock before the first', 'bad-clock', { clock: -1, settled: -1 }],
    ['word that later ones are settled', 'bad-clock', { settled: 1 }],
  ])('that has %s is refused as a violation', (_, reason, change) => {
    for (const consistency of [ASYNC, BSP]) {
      const shard = shardOf(consistency, BOTH, { steps: 40, batch: 8 });
      const before = shard.state();
      for (let times = 0; times < MAX_VIOLATIONS; times++) {
        expect(shard.core.isHostile(A.node)).toBe(false);
        expect(wordsOf(shard.take(pushOf(A, 0, [1, 1, 1, 1], change)))).toEqual([`refuse ${reason}`]);
      }
      expect(shard.core.isHostile(A.node)).toBe(true);
      expect(shard.state()).toEqual(before);
    }
  });

  it('of a worker that comes later is in order from where it says that it is settled', () => {
    const shard = shardOf(ASYNC);
    expect(acksIn(shard.take(pushOf(A, 5, [1, 1, 1, 1])))).toEqual(['1@5']);
    expect(acksIn(shard.take(pushOf(A, 6, [1, 1, 1, 1], { settled: 5 })))).toEqual(['1@6']);
  });

  it('waits for others only in bounded number', () => {
    const shard = shardOf();
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) {
      expect(shard.take(pushOf(A, clock, [1, 1, 1, 1], { settled: 0 }))).toEqual([]);
    }
    const frames = shard.take(pushOf(A, MAX_UNACKED_CLOCKS, [1, 1, 1, 1], { settled: 0 }));
    expect(wordsOf(frames)).toEqual(['refuse out-of-order']);
  });

  it.each<[string, Partial<Push>, string]>([
    ['of a key outside', { keys: Uint32Array.of(4), values: Float32Array.of(1) }, 'bad-keys'],
    ['of keys that do not ascend', { keys: Uint32Array.of(1, 0), values: Float32Array.of(1, 1) }, 'bad-keys'],
    ['of too few values', { values: Float32Array.of(1) }, 'bad-keys'],
    ['with a NaN', { values: Float32Array.of(1, Number.NaN, 1, 1) }, 'not-finite'],
    ['with an infinity', { values: Float32Array.of(1, 1, 1, -1 / 0) }, 'not-finite'],
    ['of an incarnation that is over', { worker: workerOf(1, 0) }, 'not-a-worker'],
    ['of an incarnation to come', { worker: workerOf(1, 2) }, 'not-a-worker'],
    ['of a node that does not work', { worker: workerOf(5) }, 'not-a-worker'],
    ['of an older epoch', { epoch: epochOf(0) }, 'stale-epoch'],
    ['of an older term', { epoch: epochOf(99, 0) }, 'stale-epoch'],
    ['for a segment that is not here', { segment: 1 }, 'not-owner'],
    ['for a table that does not exist', { table: 3 }, 'not-owner'],
  ])('%s is refused, and changes nothing', (_, change, reason) => {
    const shard = shardOf(ASYNC);
    const before = shard.state();
    expect(wordsOf(shard.take(pushOf(A, 0, [1, 1, 1, 1], change)))).toEqual([`refuse ${reason}`]);
    expect(shard.state()).toEqual(before);
    expect(shard.core.counters.figures().refused).toMatchObject([{ reason, count: 1 }]);
  });

  it('in the name of another node is refused', () => {
    const shard = shardOf(ASYNC);
    const before = shard.state();
    expect(wordsOf(shard.take(pushOf(A, 0, [1, 1, 1, 1]), B.node))).toEqual(['refuse not-a-worker']);
    expect(wordsOf(shard.take(pullOf(A, NO_CLOCK, { done: 7 }), B.node))).toEqual(['refuse not-a-worker']);
    expect(shard.state()).toEqual(before);
  });

  it('is answered with the epoch of the shard', () => {
    const shard = new TestShard(SELF, mapOf({ epoch: epochOf(4), workers: BOTH }));
    expect(shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(3) }))).toMatchObject([{ epoch: epochOf(4) }]);
  });
});
