// A shard while maps and workers change.
import { describe, expect, it } from 'vitest';
import type { Frame } from '../protocol/frames.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { MAX_EARLY_BYTES, MAX_EARLY_ROUNDS, MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { ShardCore } from './shard-core.ts';
import { A, acksIn, answersIn, B, BOTH, C, SELF, shardOf } from './shard-testing.ts';
import {
  ASYNC,
  BSP,
  epochOf,
  mapOf,
  pullOf,
  pushOf,
  scheduleOf,
  shardPlanOf,
  TestShard,
  wordsOf,
  workerOf,
} from './testing.ts';

describe('frames that come before their time', () => {
  it('wait for the map that they speak of', () => {
    const shard = shardOf(ASYNC);
    expect(shard.take(pushOf(A, 0, [8, 0, 0, 0], { epoch: epochOf(2), samples: 8 }))).toEqual([]);
    expect(shard.values()).toEqual([0, 0, 0, 0]);
    expect(acksIn(shard.setMap(mapOf({ epoch: epochOf(2), workers: BOTH })))).toEqual(['1@0']);
    expect(shard.values()).toEqual([-8, 0, 0, 0]);
  });

  it('wait for the plan of their run', () => {
    const core = new ShardCore(SELF);
    core.step({ kind: 'schedule', schedule: scheduleOf(ASYNC) });
    core.step({ kind: 'map', map: mapOf({ workers: BOTH }) });
    expect(core.step({ kind: 'frame', from: A.node, frame: pullOf(A) })).toEqual([]);
    expect(core.step({ kind: 'plan', plan: shardPlanOf() }).map(({ frame }) => frame.kind)).toEqual(['answer']);
  });

  it('are judged when their map has come, not before', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(C, 0, [1, 1, 1, 1], { epoch: epochOf(2) }));
    expect(wordsOf(shard.setMap(mapOf({ epoch: epochOf(2), workers: BOTH })))).toEqual(['refuse not-a-worker']);
    expect(shard.values()).toEqual([0, 0, 0, 0]);
  });

  it('are stale when a still newer map has come', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(2) }));
    expect(wordsOf(shard.setMap(mapOf({ epoch: epochOf(3), workers: BOTH })))).toEqual(['refuse stale-epoch']);
  });

  it('are kept in bounded bytes for each sender; of what had no room the client hears when the map is there', () => {
    const shard = shardOf(ASYNC);
    const at = { epoch: epochOf(2) };
    const flood = Math.ceil(MAX_EARLY_BYTES / 100);
    for (let request = 0; request < flood; request++) {
      expect(shard.take(pullOf(A, NO_CLOCK, { ...at, request }))).toEqual([]);
    }
    expect(shard.core.load().earlyBytes).toBeLessThanOrEqual(MAX_EARLY_BYTES);
    expect(shard.core.load().earlyBytes).toBeGreaterThan(MAX_EARLY_BYTES / 2);
    expect(shard.take(pullOf(B, NO_CLOCK, { ...at, request: 7 }))).toEqual([]);
    const frames = shard.setMap(mapOf({ ...at, workers: BOTH }));
    expect(frames.filter(({ kind }) => kind === 'refuse')).toEqual([
      {
        kind: 'refuse',
        ...at,
        table: 0,
        segment: 0,
        worker: A,
        reason: 'early',
        clock: 0,
        request: expect.any(Number),
      },
    ]);
    expect(frames.some((frame) => frame.kind === 'answer' && frame.request === 7)).toBe(true);
    expect(shard.core.load().earlyBytes).toBe(0);
  });

  it('drops a sender of far more early frames than there is room for, and none that is a few maps ahead', () => {
    const shard = shardOf();
    const at = { epoch: { term: 9, counter: 9 } };
    const large = { ...pushOf(A, 0, []), ...at, values: new Float32Array(MAX_EARLY_BYTES / 4) };
    for (let map = 0; map < 4; map++) for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) shard.take(large);
    expect(shard.core.hostileNodes()).toEqual([]);
    for (let times = 0; times < MAX_EARLY_ROUNDS * MAX_UNACKED_CLOCKS * 4; times++) shard.take(large);
    expect(shard.core.hostileNodes()).toEqual([A.node]);
    expect(shard.core.counters.figures().refused).toMatchObject([{ node: A.node, reason: 'early' }]);
  });

  it('of a push that has no room is big enough by its values alone', () => {
    const shard = shardOf(ASYNC);
    const at = { epoch: epochOf(2) };
    expect(shard.take({ ...pushOf(A, 0, []), ...at, values: new Float32Array(MAX_EARLY_BYTES / 4) })).toEqual([]);
    expect(shard.core.load().earlyBytes).toBe(0);
    expect(wordsOf(shard.setMap(mapOf({ ...at, workers: BOTH })))).toEqual(['refuse early']);
  });

  it('in the name of another node are refused at once', () => {
    const shard = shardOf(ASYNC);
    expect(wordsOf(shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(2) }), B.node))).toEqual([
      'refuse not-a-worker',
    ]);
  });
});

describe('when workers come and go', () => {
  it('nobody waits for who left: its part of an open clock goes, pulls are released', () => {
    const shard = shardOf(BSP, [A, B, C]);
    shard.take(pushOf(A, 0, [8, 0, 0, 0]));
    shard.take(pushOf(C, 0, [0, 8, 0, 0]));
    shard.take(pullOf(A, 0));
    const frames = shard.setMap(mapOf({ epoch: epochOf(2), workers: [A, C] }));
    expect(acksIn(frames)).toEqual(['1@0', '3@0']);
    expect(answersIn(frames).map(({ values }) => [...values])).toEqual([[-4, -4, 0, 0]]);
  });

  it('a push of who left does not count, though it was here', () => {
    const shard = shardOf();
    shard.take(pushOf(B, 0, [8, 8, 8, 8]));
    shard.setMap(mapOf({ epoch: epochOf(2), workers: [A] }));
    shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(2) }));
    expect(shard.values()).toEqual([-1, -1, -1, -1]);
  });

  it('nor does that of an earlier incarnation', () => {
    const shard = shardOf();
    const again = workerOf(2, 2);
    shard.take(pushOf(B, 0, [8, 8, 8, 8]));
    shard.setMap(mapOf({ epoch: epochOf(2), workers: [A, again] }));
    expect(shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(2) }))).toEqual([]);
    shard.take(pushOf(again, 0, [3, 3, 3, 3], { epoch: epochOf(2) }));
    expect(shard.values()).toEqual([-2, -2, -2, -2]);
  });

  it('a newcomer starts where the slowest is, and BSP waits for it from there', () => {
    const shard = shardOf(BSP, [A]);
    for (const clock of [0, 1]) shard.take(pushOf(A, clock, [1, 1, 1, 1]));
    shard.setMap(mapOf({ epoch: epochOf(2), workers: [A, C] }));
    const [answer] = answersIn(shard.take(pullOf(C, NO_CLOCK, { epoch: epochOf(2) })));
    expect(answer?.clocks).toEqual({ floor: 1, ahead: [] });
    expect(shard.take(pushOf(A, 2, [1, 1, 1, 1], { epoch: epochOf(2) }))).toEqual([]);
    expect(acksIn(shard.take(pushOf(C, 2, [3, 3, 3, 3], { epoch: epochOf(2) })))).toEqual(['1@2', '3@2']);
    expect(shard.values()).toEqual([-4, -4, -4, -4]);
  });

  it('an older map, or the same, changes nothing', () => {
    const shard = shardOf(BSP, [A]);
    shard.take(pullOf(A, 0));
    expect(shard.setMap(mapOf({ workers: [] }))).toEqual([]);
    expect(shard.setMap(mapOf({ epoch: epochOf(0), workers: [] }))).toEqual([]);
    expect(acksIn(shard.take(pushOf(A, 0, [1, 1, 1, 1])))).toEqual(['1@0']);
  });
});

describe('a replica', () => {
  const update = (version: number): Frame => ({
    kind: 'update',
    ...{ epoch: epochOf(1), table: 0, segment: 0, version, learningRate: 1, weight: 1, hasGradient: true },
    advances: [{ worker: A, clock: version - 1 }],
    keys: null,
    values: Float32Array.of(1, 1, 1, 1),
  });

  it('asks its predecessor where it stands, and applies nothing before it knows', () => {
    const shard = new TestShard(SELF, mapOf({ epoch: epochOf(0), workers: BOTH }));
    expect(shard.setMap(mapOf({ chain: [8, 9], workers: BOTH }))).toMatchObject([{ kind: 'follow', version: 0 }]);
    const before = shard.state();
    expect(shard.take(update(1), 8)).toEqual([]);
    expect(shard.state()).toEqual(before);
  });

  it('asks again where an update is missing', () => {
    const shard = new TestShard(SELF, mapOf({ chain: [8, 9], workers: BOTH }));
    const { segment } = shard.core.segments()[0] ?? {};
    if (segment === undefined) throw new Error('a segment');
    shard.take({ kind: 'snapshot', epoch: epochOf(1), ...segment.toSnapshot(false) }, 8);
    expect(wordsOf(shard.take(update(1), 8))).toEqual(['confirm']);
    expect(shard.take(update(3), 8)).toMatchObject([{ kind: 'follow', version: 1 }]);
    expect(shard.values()).toEqual([-1, -1, -1, -1]);
  });

  it('refuses pushes and pulls: only the owner takes them', () => {
    const shard = new TestShard(SELF, mapOf({ chain: [8, 9], workers: BOTH }));
    const frames = [shard.take(pushOf(A, 0, [1, 1, 1, 1])), shard.take(pullOf(A))].flat();
    expect(wordsOf(frames)).toEqual(['refuse not-owner', 'refuse not-owner']);
  });
});
