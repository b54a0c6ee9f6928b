// How a shard aggregates and applies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Push } from '../protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import type { ShardPlan } from './shard-core.ts';
import { A, acksIn, B, BOTH, C, SELF, shardOf } from './shard-testing.ts';
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
  tableOf,
  wordsOf,
  workerOf,
} from './testing.ts';

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
