// Pushes that cover several clocks: the server takes their mean off, whatever its updater is.
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from '../protocol/frame-codec.ts';
import type { Frame } from '../protocol/frames.ts';
import { nodeId } from '../protocol/ids.ts';
import { joined } from '../protocol/testing.ts';
import { requiredClock, roundEnd, type ScheduleEntry } from './consistency.ts';
import { ASYNC, BSP, mapOf, pullOf, pushOf, scheduleOf, shardPlanOf, sspOf, TestShard, workerOf } from './testing.ts';
import { AVERAGE, DILOCO } from './updaters/outer.ts';

const [A, B] = [workerOf(1), workerOf(2)];
const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

const shardOf = (consistency = BSP, workers = [A, B], outer = AVERAGE) =>
  new TestShard(
    nodeId(9),
    mapOf({ workers }),
    scheduleOf(consistency),
    shardPlanOf({ updater: ADAM, outer, batch: 8 }),
  );

const kindsIn = (frames: readonly Frame[]) => frames.map(({ kind }) => kind);
const acksIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => (frame.kind === 'ack' ? [`${frame.worker.node}@${frame.clock}`] : []));
const reasonsIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => (frame.kind === 'refuse' ? [frame.reason] : []));

/** Of the four clocks from 0 on. */
const drift = (worker: typeof A, values: number[], samples: number, clock = 3) =>
  pushOf(worker, clock, values, { samples, covers: 4, isDrift: true, settled: clock - 3 });

describe('a drift', () => {
  it('in BSP is the mean by samples, taken off once all are there', () => {
    const shard = shardOf();
    expect(shard.take(drift(A, [8, 0, 0, 4], 8))).toEqual([]);
    // (8·[8, 0, 0, 4] + 24·[0, 4, 0, 4]) / 32 = [2, 3, 0, 4]; Adam would have gone a step of its rate.
    expect(acksIn(shard.take(drift(B, [0, 4, 0, 4], 24)))).toEqual(['1@3', '2@3']);
    expect(shard.values()).toEqual([-2, -3, 0, -4]);
  });

  it('outside BSP weighs as many samples as it stands for, of those that its clocks have', () => {
    const shard = shardOf(ASYNC);
    // 8 of 4 clocks × 8 samples: a quarter.
    shard.take(drift(A, [8, 0, 0, 4], 8));
    expect(shard.values()).toEqual([-2, 0, 0, -1]);
  });

  it('is followed by the next, also while the one before waits', () => {
    const shard = shardOf();
    shard.take(drift(A, [4, 0, 0, 0], 16));
    shard.take(pushOf(A, 7, [4, 0, 0, 0], { samples: 16, covers: 4, isDrift: true, settled: 0 }));
    expect(acksIn(shard.take(drift(B, [4, 0, 0, 0], 16)))).toEqual(['1@3', '2@3']);
    expect(shard.values()[0]).toBe(-4);
    expect(acksIn(shard.take(drift(B, [4, 0, 0, 0], 16, 7)))).toEqual(['1@7', '2@7']);
  });

  it('of who heard of longer rounds first does not hold up who hears of them later', () => {
    const shard = shardOf();
    shard.take(drift(A, [4, 0, 0, 0], 16));
    // B still goes step by step.
    expect(acksIn(shard.take(pushOf(B, 0, [0, 0, 0, 0], { samples: 4 })))).toEqual(['2@0']);
    expect(kindsIn(shard.take(pullOf(B, 0, { request: 1 })))).toEqual(['answer']);
    expect(kindsIn(shard.take(pullOf(A, 3, { request: 2 })))).toEqual([]);
    // Now it has heard.
    const rest = pushOf(B, 3, [0, 8, 0, 0], { samples: 12, covers: 3, isDrift: true, settled: 1 });
    const frames = shard.take(rest);
    expect(acksIn(frames)).toEqual(['1@3', '2@3']);
    expect(kindsIn(frames)).toContain('answer');
  });

  it('is refused where clocks before it are missing, it counts more samples than its clocks have, or lists keys', () => {
    const shard = shardOf();
    expect(reasonsIn(shard.take(pushOf(A, 7, [1, 1, 1, 1], { covers: 4, settled: 0 })))).toEqual(['out-of-order']);
    expect(reasonsIn(shard.take(drift(A, [1, 1, 1, 1], 33)))).toEqual(['bad-samples']);
    expect(reasonsIn(shard.take(pushOf(A, 3, [1, 1, 1, 1], { covers: 5, settled: 0 })))).toEqual(['bad-clock']);
    const keyed = pushOf(A, 3, [1], { covers: 4, isDrift: true, settled: 0, keys: Uint32Array.of(2) });
    expect(reasonsIn(shard.take(keyed))).toEqual(['bad-keys']);
  });

  it('has no mean with a gradient of a worker that heard late of the rounds: each is applied by itself', () => {
    const shard = shardOf();
    shard.take(drift(A, [4, 0, 0, 0], 32));
    for (let clock = 0; clock < 4; clock++) shard.take(pushOf(B, clock, [0, 0, 0, 0], { samples: 8, settled: clock }));
    expect(shard.values()[0]).toBe(-4);
  });

  it('is a step of the outer updater, with a momentum of its own', () => {
    const shard = shardOf(BSP, [A], DILOCO);
    shard.take(drift(A, [10, 0, 0, 0], 32));
    // Nesterov: v = 10, and the step 0.7·(10 + 0.9·10) = 13.3; then v = 0.9·10 = 9, and the step 0.7·0.9·9 = 5.67.
    expect(shard.values()[0]).toBeCloseTo(-13.3, 5);
    shard.take(pushOf(A, 7, [0, 0, 0, 0], { samples: 32, covers: 4, isDrift: true, settled: 4 }));
    expect(shard.values()[0]).toBeCloseTo(-18.97, 5);
  });

  it('of one clock is one, too: something may cut a round short', () => {
    const shard = shardOf(BSP, [A]);
    shard.take(pushOf(A, 0, [2, 0, 0, 0], { samples: 8, isDrift: true }));
    expect(shard.values()[0]).toBe(-2);
  });

  it('is refused where the run has none: sums and FTRL go nowhere by themselves', () => {
    const plan = shardPlanOf({ updater: { kind: 'add' }, batch: 8 });
    const shard = new TestShard(nodeId(9), mapOf({ workers: [A] }), scheduleOf(BSP), plan);
    expect(reasonsIn(shard.take(drift(A, [1, 1, 1, 1], 8)))).toEqual(['malformed']);
  });

  it('differs from the mean gradient of several batches, which the updater takes as many times', () => {
    const shard = new TestShard(nodeId(9), mapOf({ workers: [A, B] }), scheduleOf(BSP, 0.5), shardPlanOf({ batch: 8 }));
    const keyed = { covers: 4, settled: 0, keys: Uint32Array.of(2) };
    shard.take(pushOf(A, 3, [8], { ...keyed, samples: 8 }));
    // (8·8 + 24·4) / 32 = 5 is the mean of four clocks: SGD at 0.5 goes 4·0.5·5.
    expect(acksIn(shard.take(pushOf(B, 3, [4], { ...keyed, samples: 24 })))).toEqual(['1@3', '2@3']);
    expect(shard.values()).toEqual([0, 0, -10, 0]);
  });

  it('so do gradients outside BSP: one of a quarter of the samples counts a quarter of its clocks', () => {
    const shard = new TestShard(
      nodeId(9),
      mapOf({ workers: [A, B] }),
      scheduleOf(ASYNC, 0.5),
      shardPlanOf({ batch: 8 }),
    );
    shard.take(pushOf(A, 3, [8], { covers: 4, settled: 0, keys: Uint32Array.of(2), samples: 8 }));
    expect(shard.values()).toEqual([0, 0, -4, 0]);
  });

  it('travels with the clocks that it covers', () => {
    const push = drift(A, [1, 2, 3, 4], 8);
    expect(decodeFrame(joined(encodeFrame(push)))).toEqual(push);
  });
});

describe('rounds', () => {
  const entry = (fromClock: number, localSteps: number, consistency = BSP): ScheduleEntry => ({
    fromClock,
    consistency,
    learningRate: 1,
    filters: { kind: 'auto', choice: { push: null, pull: null, localSteps, reason: '' } },
  });

  it('are counted from where their entry begins, and cut by the next and by the end', () => {
    const schedule = [entry(0, 1), entry(10, 4), entry(20, 8)];
    expect([9, 10, 12, 13, 14, 17, 18, 19, 20].map((clock) => roundEnd(schedule, clock, 30))).toEqual([
      9, 13, 13, 13, 17, 17, 19, 19, 27,
    ]);
    expect(roundEnd(schedule, 28, 30)).toBe(29);
  });

  it('that were asked for are of that length, whatever the automatic mode says', () => {
    const schedule = [{ ...entry(0, 8), localSteps: 3 }];
    expect([0, 2, 3].map((clock) => roundEnd(schedule, clock, 30))).toEqual([2, 2, 5]);
  });

  it('change nothing about a delay: it counts clocks, and one below their length waits for the round before', () => {
    expect(requiredClock([entry(0, 4)], 8)).toBe(7);
    expect(requiredClock([entry(0, 4, sspOf(1))], 8)).toBe(6);
  });
});
