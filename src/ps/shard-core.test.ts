import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Push } from '../protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import {
  MAX_EARLY_BYTES,
  MAX_EARLY_ROUNDS,
  MAX_PARKED_PULLS,
  MAX_UNACKED_CLOCKS,
  MAX_VIOLATIONS,
} from '../protocol/limits.ts';
import { ShardCore, type ShardPlan } from './shard-core.ts';
import {
  ASYNC,
  BSP,
  epochOf,
  mapOf,
  pullOf,
  pushOf,
  scheduleOf,
  shardPlanOf,
  sspOf,
  TestShard,
  tableOf,
  wordsOf,
  workerOf,
} from './testing.ts';

const SELF = nodeId(9);
const [A, B, C] = [workerOf(1), workerOf(2), workerOf(3)];
const BOTH = [A, B];

/** The only shard, with these workers. */
const shardOf = (consistency = BSP, workers = BOTH, plan: Partial<ShardPlan> = {}) =>
  new TestShard(SELF, mapOf({ workers }), scheduleOf(consistency), shardPlanOf(plan));

const answersIn = (frames: readonly Frame[]) => frames.flatMap((frame) => (frame.kind === 'answer' ? [frame] : []));
const acksIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => (frame.kind === 'ack' ? [`${frame.worker.node}@${frame.clock}`] : []));

describe('a rate that is aware of staleness', () => {
  const aware = (consistency = ASYNC) =>
    new TestShard(SELF, mapOf({ workers: BOTH }), [
      { fromClock: 0, consistency, learningRate: 1, isStalenessAware: true },
    ]);
  /** Worker A is five clocks ahead of what B has read: gradients of all zeros, then B's. */
  const afterFive = (shard: TestShard, readFront: number) => {
    for (let clock = 0; clock < 5; clock++) shard.take(pushOf(A, clock, [0, 0, 0, 0]));
    shard.take(pushOf(B, 0, [8, 0, 0, 0], { samples: 8, readFront }));
    return shard.values()[0];
  };

  it('is divided by the clocks that a gradient comes late', () => {
    expect(afterFive(aware(), 0)).toBe(-2);
    expect(afterFive(aware(), 2)).toBe(-4);
  });

  it('is whole for what is fresh, and without it', () => {
    expect(afterFive(aware(), 3)).toBe(-8);
    expect(afterFive(aware(), 4)).toBe(-8);
    expect(afterFive(shardOf(ASYNC), 0)).toBe(-8);
  });

  it('changes nothing in BSP, whatever a push says that it has read', () => {
    const shard = aware(BSP);
    shard.take(pushOf(A, 0, [8, 0, 0, 0], { readFront: -1 }));
    shard.take(pushOf(B, 0, [8, 0, 0, 0], { readFront: -1 }));
    expect(shard.values()[0]).toBe(-8);
  });
});

describe('under BSP a shard', () => {
  it('waits for every worker, applies once and acknowledges all', () => {
    const shard = shardOf();
    expect(shard.take(pushOf(A, 0, [8, 0, 0, 4], { samples: 2 }))).toEqual([]);
    expect(shard.values()).toEqual([0, 0, 0, 0]);
    // (2·[8, 0, 0, 4] + 6·[0, 4, 0, 4]) / 8 = [2, 3, 0, 4], at a rate of 1.
    expect(acksIn(shard.take(pushOf(B, 0, [0, 4, 0, 4], { samples: 6 })))).toEqual(['1@0', '2@0']);
    expect(shard.values()).toEqual([-2, -3, 0, -4]);
    expect(shard.core.segments()[0]?.segment.version).toBe(1);
  });

  it('is not moved by the one of five who lies, where its plan has a rule against that', () => {
    const workers = [1, 2, 3, 4, 5].map((node) => workerOf(node));
    const gradients = [1, 2, 3, 4, -1e6].map((value) => [value, 0, 0, 0]);
    const valueUnder = (aggregator: ShardPlan['aggregator']) => {
      const shard = new TestShard(
        nodeId(9),
        mapOf({ workers }),
        scheduleOf(BSP),
        shardPlanOf({ batch: 20, aggregator }),
      );
      for (const [at, worker] of workers.entries()) shard.take(pushOf(worker, 0, gradients[at] ?? []));
      return shard.values()[0];
    };
    expect(valueUnder(undefined)).toBeCloseTo(199_998, -1);
    expect(valueUnder({ kind: 'median' })).toBe(-2);
    expect(valueUnder({ kind: 'trimmed-mean', share: 0.2 })).toBe(-2);
    expect(valueUnder({ kind: 'centred-clipping', iterations: 3 })).toBeCloseTo(-2, 4);
  });

  it('takes the clocks one after the other, however far one worker is ahead', () => {
    const shard = shardOf();
    for (let clock = 0; clock < 3; clock++) shard.take(pushOf(A, clock, [1, 0, 0, 0]));
    expect(acksIn(shard.take(pushOf(B, 0, [1, 0, 0, 0])))).toEqual(['1@0', '2@0']);
    expect(shard.values()[0]).toBe(-1);
    expect(acksIn(shard.take(pushOf(B, 1, [1, 0, 0, 0])))).toEqual(['1@1', '2@1']);
  });

  it('does not wait for a worker without samples, nor let it change the mean', () => {
    const shard = shardOf();
    shard.take(pushOf(A, 0, [1, 2, 3, 4]));
    shard.take(pushOf(B, 0, [], { samples: 0, keys: new Uint32Array(0) }));
    expect(shard.values()).toEqual([-1, -2, -3, -4]);
  });

  it('moves only clocks where nobody had a sample', () => {
    const shard = shardOf();
    for (const worker of BOTH) shard.take(pushOf(worker, 0, [], { samples: 0, keys: new Uint32Array(0) }));
    expect(shard.values()).toEqual([0, 0, 0, 0]);
    expect(shard.core.segments()[0]?.segment.clocks.floor()).toBe(0);
  });

  it('records no staleness: all of a clock were computed on the clock before', () => {
    const shard = shardOf();
    for (const clock of [0, 1]) for (const worker of BOTH) shard.take(pushOf(worker, clock, [1, 1, 1, 1]));
    expect(shard.core.counters.figures()).toMatchObject({ applied: 4, staleness: { 0: 4 } });
    expect(shard.core.pushes()).toEqual(BOTH.map(({ node }) => ({ node, count: 2 })));
  });

  it('has the rate of each clock from the schedule', () => {
    const shard = shardOf(BSP, [A]);
    shard.setSchedule([...scheduleOf(BSP, 1), { fromClock: 1, consistency: BSP, learningRate: 0.25 }]);
    shard.take(pushOf(A, 0, [1, 1, 1, 1]));
    shard.take(pushOf(A, 1, [1, 1, 1, 1]));
    expect(shard.values()).toEqual([-1.25, -1.25, -1.25, -1.25]);
  });

  it('ends the same whatever the order of arrival, bit for bit, and as one process with the whole batch', () => {
    const workers = [A, B, C];
    const gradient = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 });
    const share = fc.record({ gradient, samples: fc.integer({ min: 0, max: 64 }) });
    const plan = { batch: 192 };
    const clocks = fc.array(fc.tuple(share, share, share), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(clocks, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (list, order) => {
        const shard = shardOf(BSP, workers, plan);
        for (const push of interleaved(list, workers, order)) shard.take(push);
        expect(shard.values().map((value) => value + 0)).toEqual(alone(list));
      }),
    );
  });
});

interface Share {
  readonly gradient: readonly number[];
  readonly samples: number;
}

/** Every worker's pushes in the order of its clocks, the workers mixed as `order` says. */
function interleaved(clocks: readonly (readonly Share[])[], workers: readonly (typeof A)[], order: number[]): Push[] {
  const queues = workers.map((worker, rank) =>
    clocks.map((shares, clock) =>
      pushOf(worker, clock, shares[rank]?.gradient ?? [], { samples: shares[rank]?.samples ?? 0 }),
    ),
  );
  const pushes: Push[] = [];
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const open = queues.filter((queue) => queue.length > 0);
    const push = open[(order[turn % order.length] ?? 0) % open.length]?.shift();
    if (push !== undefined) pushes.push(push);
  }
  return pushes;
}

/** Plain SGD with a rate of 1 on the mean gradient of each clock's batch, summed by rank, in f32. */
function alone(clocks: readonly (readonly Share[])[]): number[] {
  const parameters = [0, 0, 0, 0];
  for (const shares of clocks) {
    const total = shares.reduce((sum, { samples }) => sum + samples, 0);
    if (total === 0) continue;
    for (const at of parameters.keys()) {
      const mean = shares.reduce(
        (sum, { gradient, samples }) =>
          samples === 0 ? sum : Math.fround(sum + Math.fround(gradient[at] ?? 0) * (samples / total)),
        0,
      );
      parameters[at] = Math.fround((parameters[at] ?? 0) - mean);
    }
  }
  return parameters.map((value) => value + 0);
}

describe('under SSP and async a shard', () => {
  it('applies on arrival, weighing by the share of the batch', () => {
    const shard = shardOf(ASYNC);
    expect(acksIn(shard.take(pushOf(A, 0, [8, 0, 0, 0], { samples: 2 })))).toEqual(['1@0']);
    // 2 of a batch of 8 samples, at a rate of 1.
    expect(shard.values()).toEqual([-2, 0, 0, 0]);
    expect(acksIn(shard.take(pushOf(A, 1, [8, 0, 0, 0], { samples: 2 })))).toEqual(['1@1']);
    expect(shard.values()).toEqual([-4, 0, 0, 0]);
  });

  it('records how old the parameters were that each gradient was computed on', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [1, 1, 1, 1]));
    shard.take(pushOf(A, 1, [1, 1, 1, 1]));
    // B computed on nothing (clock −1), and the newest here is 1.
    shard.take(pushOf(B, 0, [1, 1, 1, 1], { readFront: NO_CLOCK }));
    expect(shard.core.counters.figures()).toMatchObject({ staleness: { 0: 2, 2: 1 } });
  });

  it('moves only the clock where there was no sample', () => {
    const shard = shardOf(ASYNC);
    expect(acksIn(shard.take(pushOf(A, 0, [], { samples: 0 })))).toEqual(['1@0']);
    expect([shard.values(), shard.core.segments()[0]?.segment.version]).toEqual([[0, 0, 0, 0], 1]);
  });

  it('keeps the clocks of a worker in order where the consistency changes', () => {
    const shard = shardOf();
    shard.setSchedule([...scheduleOf(BSP), { fromClock: 1, consistency: ASYNC, learningRate: 1 }]);
    expect(shard.take(pushOf(A, 0, [8, 0, 0, 0]))).toEqual([]);
    expect(shard.take(pushOf(A, 1, [8, 0, 0, 0]))).toEqual([]);
    const frames = [pushOf(B, 0, [8, 0, 0, 0]), pushOf(B, 1, [8, 0, 0, 0])].flatMap((push) => shard.take(push));
    expect(acksIn(frames).filter((ack) => ack.startsWith('1'))).toEqual(['1@0', '1@1']);
    expect(acksIn(shard.take(pushOf(B, 2, [8, 0, 0, 0])))).toEqual(['2@2']);
  });

  it('weighs a push by its samples from the clock on from which it is async, also one that BSP held back', () => {
    const shard = shardOf();
    shard.setSchedule([...scheduleOf(BSP), { fromClock: 1, consistency: ASYNC, learningRate: 1 }]);
    for (const worker of BOTH) for (const clock of [0, 1]) shard.take(pushOf(worker, clock, [8, 0, 0, 0]));
    // Clock 0: the mean, 8. Clock 1: twice 4 of 8 samples, so 4 and 4.
    expect(shard.values()).toEqual([-16, 0, 0, 0]);
  });
});

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

describe('what a shard holds', () => {
  const tables = [tableOf(40_000)];

  it('is what the map places on it, in the first rows of the plan', () => {
    const plan = shardPlanOf({ tables });
    const map = mapOf({ tables, servers: [8, 9] });
    const own = map.placements.filter(({ chain }) => chain[0] === 9).length;
    const shard = new TestShard(SELF, map, scheduleOf(BSP), plan);
    expect(own).toBeGreaterThan(0);
    expect(shard.core.segments().map(({ isOwner }) => isOwner)).toEqual(Array<boolean>(own).fill(true));
  });

  it('goes when the map places it elsewhere', () => {
    const shard = shardOf(ASYNC);
    shard.setMap(mapOf({ epoch: epochOf(2), chain: [8], workers: BOTH }));
    expect(shard.core.segments()).toEqual([]);
    expect(wordsOf(shard.take(pullOf(A, NO_CLOCK, { epoch: epochOf(2) })))).toEqual(['refuse not-owner']);
  });

  it('is new with a new run', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [8, 8, 8, 8]));
    shard.core.step({ kind: 'plan', plan: shardPlanOf({ run: 2 }) });
    shard.setMap(mapOf({ epoch: epochOf(2), run: 2, workers: BOTH }));
    expect(shard.values()).toEqual([0, 0, 0, 0]);
    expect(shard.core.counters.figures().applied).toBe(0);
    expect(acksIn(shard.take(pushOf(A, 0, [1, 1, 1, 1], { epoch: epochOf(2) })))).toEqual(['1@0']);
  });

  it('stays when the plan of the same run is told again', () => {
    const shard = shardOf(ASYNC);
    shard.take(pushOf(A, 0, [8, 8, 8, 8], { samples: 8 }));
    shard.core.step({ kind: 'plan', plan: shardPlanOf() });
    expect(shard.values()).toEqual([-8, -8, -8, -8]);
  });
});
