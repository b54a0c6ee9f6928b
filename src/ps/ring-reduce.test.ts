import { describe, expect, it } from 'vitest';
import type { Frame } from '../protocol/frames.ts';
import { type NodeId, nodeId, segmentKey } from '../protocol/ids.ts';
import { RING_PATIENCE_MS } from '../protocol/limits.ts';
import type { RingAnswer, RingFrame, RingPush } from '../protocol/ring-frames.ts';
import type { ClusterMap } from './cluster-map.ts';
import { RingInbox } from './ring-inbox.ts';
import type { OwnPart, RingRule } from './ring-push.ts';
import { RingReduce } from './ring-reduce.ts';
import { cutSegments } from './table.ts';
import {
  BSP,
  epochOf,
  mapOf,
  pushOf,
  scheduleOf,
  shardPlanOf,
  TestShard,
  tableOf,
  wordsOf,
  workerOf,
} from './testing.ts';

const RULE: RingRule = { combine: 'mean', batch: 64, steps: 100 };
const KEY = segmentKey(0, 0);
const OWNER = nodeId(9);
const ownOf = (node: number, samples: number, values: readonly number[], clock = 0): OwnPart => ({
  worker: workerOf(node),
  ...{ clock, settled: clock, samples, values: Float32Array.from(values) },
});

/** Workers 1 to n, each with its part of a ring whose owner is node 9; frames arrive at once, in the order they were sent. */
class TestRing {
  readonly rings = new Map<number, RingReduce>();
  readonly delivered: RingPush[] = [];
  readonly passed: string[] = [];
  /** "1" went alone, "1?" asked alone, "1!" heard what came round. */
  readonly words: string[] = [];
  private readonly queue: { from: NodeId; to: NodeId; frame: RingFrame }[] = [];

  constructor(
    count: number,
    readonly map: ClusterMap = mapOf({
      workers: Array.from({ length: count }, (_, at) => workerOf(at + 1)),
      servers: [9],
      chain: [9],
    }),
  ) {
    const nodes = map.workers.map(({ node }) => node);
    for (const worker of map.workers) {
      const ring = new RingReduce(worker, RULE, cutSegments([tableOf(4)]), new RingInbox(), {
        pass: (to, frame) => {
          this.passed.push(`${worker.node}>${to}`);
          this.queue.push({ from: worker.node, to, frame: structuredClone(frame) });
        },
        deliver: (_, frame) => this.delivered.push(structuredClone(frame)) > 0,
        sendAlone: () => this.words.push(`${worker.node}`),
        askAlone: () => this.words.push(`${worker.node}?`),
        arrived: () => this.words.push(`${worker.node}!`),
      });
      for (const node of nodes) if (node !== worker.node) ring.setPeer(node, true);
      ring.setMap(map);
      this.rings.set(worker.node, ring);
    }
  }

  of(node: number): RingReduce {
    return this.rings.get(node) ?? expect.fail(`no worker ${node}`);
  }

  push(own: OwnPart): boolean {
    const isRound = this.of(own.worker.node).push(own, KEY, true);
    this.deliverAll();
    return isRound;
  }

  deliverAll(): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      this.rings.get(next.to)?.receive(next.from, next.frame);
    }
  }
}

/** Every order in which workers may be done. */
const ordersOf = (nodes: readonly number[]): number[][] =>
  nodes.length === 0
    ? [[]]
    : nodes.flatMap((node) => ordersOf(nodes.filter((other) => other !== node)).map((rest) => [node, ...rest]));

const answerOf = (floor: number, epoch = epochOf(1)): RingAnswer => ({
  ...({ kind: 'ringAnswer', epoch, table: 0, segment: 0, version: floor + 1, isHeldBack: false } as const),
  ...{ clocks: { floor, ahead: [] }, values: new Float32Array(4) },
});

describe('gradients of all workers', () => {
  it.each([2, 3, 4, 5])('come to the owner as one, the mean by samples, whoever is done first: %i workers', (count) => {
    const nodes = Array.from({ length: count }, (_, at) => at + 1);
    const total = (count * (count + 1)) / 2;
    for (const order of ordersOf(nodes)) {
      const room = new TestRing(count);
      // Worker i has i samples and the gradient (i, 1, -i, 0).
      for (const i of order) expect(room.push(ownOf(i, i, [i, 1, -i, 0]))).toBe(true);
      expect(room.delivered.length).toBe(1);
      const [{ parts, values }] = room.delivered as [RingPush];
      expect(parts.map(({ worker }) => worker.node).sort()).toEqual(nodes);
      // Sum of i² over sum of i: (2n + 1) / 3.
      const mean = (2 * count + 1) / 3;
      for (const [at, exact] of [mean, 1, -mean, 0].entries()) expect(values[at]).toBeCloseTo(exact, 5);
      expect(parts.reduce((sum, { samples }) => sum + samples, 0)).toBe(total);
      // Each link but the last one's carries it once.
      expect(room.passed.length).toBe(count - 1);
      expect(room.words).toEqual([]);
    }
  });

  it('carry those that have no samples, too: their clocks move', () => {
    const room = new TestRing(3);
    for (const [node, samples] of [
      [1, 0],
      [2, 8],
      [3, 0],
    ] as const) {
      room.push(ownOf(node, samples, samples === 0 ? [] : [1, 2, 3, 4]));
    }
    expect(room.delivered.map(({ parts, values }) => [parts.length, [...values]])).toEqual([[3, [1, 2, 3, 4]]]);
  });
});

describe('an answer', () => {
  it('that one worker fetched reaches all others, once each', () => {
    const room = new TestRing(4);
    // The ring of segment 0 ends at worker 1: it asks, and the others wait.
    const waits = [1, 2, 3, 4].map((node) => room.of(node).await(KEY, node, 0));
    expect(waits).toEqual([false, true, true, true]);
    room.of(1).passOn(answerOf(0));
    room.deliverAll();
    expect(room.passed).toEqual(['1>2', '2>3', '3>4']);
    expect(room.words).toEqual(['2!', '3!', '4!']);
  });

  it('that came before it was asked for is there at once; one that is too old is not', () => {
    const room = new TestRing(2);
    room.of(1).passOn(answerOf(3));
    room.deliverAll();
    expect(room.of(2).await(KEY, 1, 3)).toBe(true);
    expect(room.words).toEqual(['2!']);
    room.of(1).passOn(answerOf(4));
    room.deliverAll();
    expect(room.of(2).await(KEY, 2, 5)).toBe(true);
    expect(room.words).toEqual(['2!']);
  });

  it('of an older map goes no further', () => {
    const room = new TestRing(2);
    room.of(1).passOn(answerOf(0, epochOf(0)));
    expect(room.passed).toEqual([]);
  });
});

describe('where the ring is broken', () => {
  it('who waits for a neighbour that is gone sends and asks alone', () => {
    const room = new TestRing(3);
    // 2 begins, 3 and then 1 add. 3 waits for 2.
    expect(room.push(ownOf(3, 4, [1, 1, 1, 1]))).toBe(true);
    room.of(3).await(KEY, 7, 0);
    room.of(3).setPeer(nodeId(2), false);
    expect(room.words).toEqual(['3', '3?']);
    expect(room.of(3).push(ownOf(3, 4, [1, 1, 1, 1], 1), KEY, true)).toBe(false);
  });

  it('who can not pass on hands what it has to the owner', () => {
    const room = new TestRing(3);
    room.of(2).setPeer(nodeId(3), false);
    room.push(ownOf(2, 4, [1, 2, 3, 4]));
    expect(room.delivered.map(({ parts }) => parts.map(({ worker }) => worker.node))).toEqual([[2]]);
  });

  it('patience ends, but not before it is due', () => {
    const room = new TestRing(3);
    room.of(3).tick(1_000);
    room.push(ownOf(3, 4, [1, 1, 1, 1]));
    room.of(3).await(KEY, 7, 0);
    room.of(3).tick(1_000 + RING_PATIENCE_MS);
    expect(room.words).toEqual([]);
    room.of(3).tick(1_001 + RING_PATIENCE_MS);
    expect(room.words).toEqual(['3', '3?']);
  });

  it('whom the owner calls is no longer in what goes round; the others are', () => {
    const room = new TestRing(3);
    room.push(ownOf(3, 4, [1, 1, 1, 1]));
    room.of(3).call(KEY, 0);
    room.push(ownOf(2, 4, [3, 3, 3, 3]));
    room.push(ownOf(1, 4, [5, 5, 5, 5]));
    const [sum] = room.delivered;
    expect(sum?.parts.map(({ worker }) => worker.node)).toEqual([2, 1]);
    expect(sum?.values[0]).toBeCloseTo(4, 6);
  });

  it('a worker that joins behind a clock lets that clock pass', () => {
    const room = new TestRing(3);
    room.push(ownOf(2, 4, [2, 2, 2, 2]));
    room.of(3).skipTo(0);
    room.deliverAll();
    room.push(ownOf(1, 4, [4, 4, 4, 4]));
    expect(room.delivered.map(({ parts }) => parts.map(({ worker }) => worker.node))).toEqual([[2, 1]]);
  });

  it('what does not come from the worker before is dropped, and what has this worker in it', () => {
    const room = new TestRing(3);
    room.push(ownOf(3, 4, [1, 1, 1, 1]));
    const sum = (node: number): RingPush => ({
      ...({ kind: 'ringPush', epoch: epochOf(1), table: 0, segment: 0, clock: 0 } as const),
      ...{ parts: [{ worker: workerOf(node), settled: 0, samples: 4 }], values: new Float32Array(4) },
    });
    room.of(3).receive(nodeId(1), sum(2));
    room.of(3).receive(nodeId(2), sum(3));
    room.of(3).receive(nodeId(2), { ...sum(2), values: new Float32Array(3) });
    expect([room.passed, room.delivered]).toEqual([[], []]);
    room.of(3).receive(nodeId(2), sum(2));
    expect(room.passed).toEqual(['3>1']);
  });

  it('what speaks of a map that has not come yet is added when it has', () => {
    const room = new TestRing(3);
    const map = { ...room.map, epoch: epochOf(2) };
    room.of(2).setMap(map);
    room.push(ownOf(2, 4, [2, 2, 2, 2]));
    expect(room.delivered).toEqual([]);
    for (const node of [1, 3]) room.of(node).setMap(map);
    for (const node of [1, 3]) room.push(ownOf(node, 4, [5, 5, 5, 5]));
    expect(room.delivered.map(({ values }) => [...values])).toEqual([[4, 4, 4, 4]]);
  });

  it('a new map forgets what was under way', () => {
    const room = new TestRing(3);
    room.push(ownOf(3, 4, [1, 1, 1, 1]));
    room.of(3).setMap({ ...room.map, epoch: epochOf(2) });
    room.of(3).tick(100_000);
    expect([room.words, room.of(3).load]).toEqual([[], 0]);
  });
});

describe('a push of several at its owner', () => {
  const workers = [workerOf(1), workerOf(2), workerOf(3)];
  const map = mapOf({ workers, servers: [9], chain: [9] });
  const shard = () =>
    new TestShard(OWNER, map, scheduleOf(BSP), shardPlanOf({ reduce: 'ring', batch: 64, updater: { kind: 'sgd' } }));
  const of = (parts: readonly (readonly [node: number, samples: number])[], value: number): RingPush => ({
    ...({ kind: 'ringPush', epoch: epochOf(1), table: 0, segment: 0, clock: 0 } as const),
    parts: parts.map(([node, samples]) => ({ worker: workerOf(node), settled: 0, samples })),
    values: new Float32Array(4).fill(value),
  });
  const callsIn = (frames: readonly Frame[]) =>
    frames.flatMap((frame) => (frame.kind === 'refuse' ? [frame.worker.node] : []));

  it('is one step of the mean, and an ack for each', () => {
    const owner = shard();
    expect(
      wordsOf(
        owner.take(
          of(
            [
              [2, 8],
              [3, 8],
              [1, 16],
            ],
            3,
          ),
          1,
        ),
      ),
    ).toEqual(['ack', 'ack', 'ack']);
    expect(owner.values()).toEqual([-3, -3, -3, -3]);
  });

  it('is refused whole where one of them is in already; those that are not are called for', () => {
    const owner = shard();
    // It has not gone round: the owner calls the other two.
    expect(callsIn(owner.take(pushOf(workerOf(2), 0, [6, 6, 6, 6], { samples: 8 })))).toEqual([1, 3]);
    expect(
      callsIn(
        owner.take(
          of(
            [
              [2, 8],
              [3, 8],
              [1, 16],
            ],
            3,
          ),
          1,
        ),
      ),
    ).toEqual([3, 1]);
    expect(owner.values()).toEqual([0, 0, 0, 0]);
    owner.take(pushOf(workerOf(3), 0, [2, 2, 2, 2], { samples: 8 }));
    owner.take(pushOf(workerOf(1), 0, [2, 2, 2, 2], { samples: 16 }));
    // (8·6 + 8·2 + 16·2) / 32.
    expect(owner.values()).toEqual([-3, -3, -3, -3]);
  });

  it('that comes twice acts once, and is acknowledged twice', () => {
    const owner = shard();
    const all = of(
      [
        [2, 8],
        [3, 8],
        [1, 16],
      ],
      3,
    );
    owner.take(all, 1);
    expect(wordsOf(owner.take(all, 1))).toEqual(['ack', 'ack', 'ack']);
    expect(owner.values()).toEqual([-3, -3, -3, -3]);
  });

  it('of some waits for the others, and is weighted by its samples', () => {
    const owner = shard();
    expect(
      callsIn(
        owner.take(
          of(
            [
              [2, 8],
              [3, 8],
            ],
            4,
          ),
          3,
        ),
      ),
    ).toEqual([1]);
    owner.take(pushOf(workerOf(1), 0, [1, 1, 1, 1], { samples: 16 }));
    expect(owner.values()).toEqual([-2.5, -2.5, -2.5, -2.5]);
  });

  it('is gone with any of its workers: the others send theirs again', () => {
    const owner = shard();
    owner.take(
      of(
        [
          [2, 8],
          [3, 8],
        ],
        4,
      ),
      3,
    );
    owner.setMap(mapOf({ epoch: epochOf(2), workers: [workerOf(1), workerOf(2)], servers: [9], chain: [9] }));
    for (const node of [1, 2]) {
      owner.take(pushOf(workerOf(node), 0, [node, node, node, node], { samples: 8, epoch: epochOf(2) }));
    }
    expect(owner.values()).toEqual([-1.5, -1.5, -1.5, -1.5]);
  });

  it('has no place in a run that reduces at the servers, nor from one that is no worker', () => {
    const plain = new TestShard(OWNER, map, scheduleOf(BSP), shardPlanOf({ batch: 64 }));
    plain.take(
      of(
        [
          [2, 8],
          [3, 8],
          [1, 16],
        ],
        3,
      ),
      1,
    );
    const owner = shard();
    owner.take(
      of(
        [
          [2, 8],
          [3, 8],
          [1, 16],
        ],
        3,
      ),
      5,
    );
    expect([plain.values(), owner.values()]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});
