// Shards that go on from a cut hold, bit for bit, what shards hold that were never interrupted: parameters, optimiser state,
// versions. And what a shard does while the state that it goes on from hasn't come.
import { describe, expect, it } from 'vitest';
import type { Cut, Frame, Push, Restore } from '../protocol/frames.ts';
import { NO_CLOCK, type NodeId, nodeId } from '../protocol/ids.ts';
import { hashUnit } from '../random.ts';
import type { ShardPlan } from './shard-core.ts';
import { ASYNC, BSP, epochOf, mapOf, pullOf, pushOf, scheduleOf, shardPlanOf, TestShard, workerOf } from './testing.ts';

const SERVER = nodeId(9);
const WORKERS = [workerOf(1), workerOf(2)];
const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const FTRL = { kind: 'ftrl', beta: 1, l1: 0.01, l2: 0.1 } as const;

const gradient = (worker: number, clock: number) =>
  Array.from({ length: 4 }, (_, at) => hashUnit(3, worker, clock, at) - 0.5);

/** A shard alone with both workers, in BSP. */
const shardOf = (plan: Partial<ShardPlan>, self: NodeId = SERVER) =>
  new TestShard(self, mapOf({ servers: [self], workers: WORKERS }), scheduleOf(BSP, 0.1), shardPlanOf(plan));

/** Pushes of both workers for some clocks. @returns everything that the shard sent */
const train = (shard: TestShard, from: number, to: number): Frame[] =>
  Array.from({ length: to - from }, (_, at) => from + at).flatMap((clock) =>
    WORKERS.flatMap((worker) => shard.take(pushOf(worker, clock, gradient(worker.node, clock)))),
  );

const isCut = (frame: Frame): frame is Cut => frame.kind === 'cut';
const isRestore = (frame: Frame): frame is Restore => frame.kind === 'restore';

/** What a shard keeps when its clocks pass `clock`, in the middle of training. */
function cutOf(plan: Partial<ShardPlan>, clock: number): Cut {
  const shard = shardOf(plan);
  shard.core.step({ kind: 'cut', clock });
  const cuts = train(shard, 0, 12).filter(isCut);
  expect(cuts.map((cut) => cut.clock)).toEqual([clock]);
  const [cut] = cuts;
  if (cut === undefined) throw new Error('no cut');
  return cut;
}

describe('a cut', () => {
  it('is taken between the clock and the next one, once', () => {
    const cut = cutOf({ updater: { kind: 'add' } }, 4);
    expect(cut).toMatchObject({ run: 1, clock: 4, floor: 4, version: 5 });
    expect(cut.clocks.map(({ clock }) => clock)).toEqual([4, 4]);
  });

  it('is taken at once where the clock has passed, and says how far the segment is', () => {
    const shard = shardOf({});
    train(shard, 0, 7);
    const [late] = shard.core.step({ kind: 'cut', clock: 4 });
    expect(late).toMatchObject({ to: SERVER, role: 'trainer', frame: { kind: 'cut', clock: 4, floor: 6 } });
    expect(shard.core.step({ kind: 'cut', clock: 4 })).toEqual([]);
  });

  it('is a copy: what comes later does not change it', () => {
    const shard = shardOf({ updater: ADAM });
    shard.core.step({ kind: 'cut', clock: 1 });
    const [cut] = train(shard, 0, 2).filter(isCut);
    const before = structuredClone(cut);
    train(shard, 2, 5);
    expect(cut).toEqual(before);
  });

  it('is taken in async when the slowest has passed the clock, with what the faster ones had done', () => {
    const map = mapOf({ servers: [SERVER], workers: WORKERS });
    const shard = new TestShard(SERVER, map, scheduleOf(ASYNC), shardPlanOf());
    shard.core.step({ kind: 'cut', clock: 0 });
    const [fast, slow] = WORKERS.map((worker) => (clock: number) => shard.take(pushOf(worker, clock, [1, 1, 1, 1])));
    expect(
      [fast?.(0), fast?.(1)]
        .flat()
        .flatMap((frame) => frame ?? [])
        .filter(isCut),
    ).toEqual([]);
    expect(slow?.(0).filter(isCut)).toMatchObject([{ floor: 0, clocks: [{ clock: 1 }, { clock: 0 }] }]);
  });
});

describe('a resumed run', () => {
  it.each([
    ['adam', ADAM],
    ['ftrl', FTRL],
    ['momentum', { kind: 'momentum', beta: 0.9, nesterov: true }],
  ] as const)('with %s goes on with the same bytes, on any server', (_, updater) => {
    const whole = shardOf({ updater });
    train(whole, 0, 12);
    const cut = cutOf({ updater }, 4);
    const resumed = shardOf({ updater, run: 1, isResumed: true }, nodeId(5));
    resumed.take(cut, 5);
    train(resumed, 5, 12);
    const keep = ({ core }: TestShard) =>
      core.segments().map(({ segment }) => ({ ...structuredClone(segment.state()), version: segment.version }));
    // Both are read, so that lazily computed values are up to date in both.
    for (const shard of [whole, resumed]) shard.take(pullOf(workerOf(1)));
    expect(keep(resumed)).toEqual(keep(whole));
  });

  it('asks its own trainer for each segment, and serves nobody before it has come', () => {
    const shard = new TestShard(SERVER, mapOf({ servers: [SERVER] }), scheduleOf(BSP), shardPlanOf());
    const map = mapOf({ epoch: epochOf(2), run: 2, servers: [SERVER], workers: WORKERS });
    shard.core.step({ kind: 'plan', plan: shardPlanOf({ run: 2, isResumed: true }) });
    const asked = shard.core.step({ kind: 'map', map });
    expect(asked).toMatchObject([{ to: SERVER, role: 'trainer', frame: { kind: 'restore', run: 2, table: 0 } }]);
    expect(asked.map(({ frame }) => frame).filter(isRestore)).toHaveLength(1);
    const at = { epoch: epochOf(2) };
    expect(shard.take(pullOf(workerOf(1), NO_CLOCK, at))).toMatchObject([{ kind: 'refuse', reason: 'not-owner' }]);
    const push: Push = pushOf(workerOf(1), 0, [1, 1, 1, 1], at);
    expect(shard.take(push)).toMatchObject([{ kind: 'refuse', reason: 'not-owner' }]);
    expect(shard.core.settledSegments()).toEqual([]);
    shard.take({ ...cutOf({}, 4), run: 2 }, SERVER);
    expect(shard.core.settledSegments()).toEqual([0]);
    expect(shard.take(pullOf(workerOf(1), 4, at))).toMatchObject([{ kind: 'answer', clocks: { floor: 4, ahead: [] } }]);
  });

  it('begins at the checkpoint’s clock everywhere, also where a segment was further', () => {
    const shard = shardOf({ isResumed: true });
    shard.take({ ...cutOf({}, 4), floor: 6 }, SERVER);
    expect(shard.take(pullOf(workerOf(1)))).toMatchObject([{ clocks: { floor: 4, ahead: [] } }]);
  });

  it('takes its state from its own trainer only, of its own run only, and once', () => {
    const cut = cutOf({ updater: { kind: 'add' } }, 4);
    const shard = shardOf({ updater: { kind: 'add' }, isResumed: true });
    shard.take(cut, 1);
    shard.take({ ...cut, run: 7 }, SERVER);
    shard.take({ ...cut, values: new Float32Array(3) }, SERVER);
    expect(shard.core.settledSegments()).toEqual([]);
    shard.take(cut, SERVER);
    const values = shard.values();
    shard.take({ ...cut, values: new Float32Array(4).fill(9) }, SERVER);
    expect(shard.values()).toEqual(values);
  });

  it('is settled where owner and replica have it, whichever comes first', () => {
    const cut = cutOf({ updater: ADAM }, 4);
    const [owner, replica] = [nodeId(8), nodeId(9)];
    const map = mapOf({ chain: [owner, replica], workers: WORKERS });
    for (const first of [owner, replica]) {
      const plan = shardPlanOf({ updater: ADAM, isResumed: true });
      const shards = new Map([owner, replica].map((node) => [node, new TestShard(node, map, scheduleOf(BSP), plan)]));
      /** Carries frames between the two until there are none. */
      const pump = (node: NodeId, frame: Frame, from: NodeId): void => {
        const effects = shards.get(node)?.core.step({ kind: 'frame', from, frame }) ?? [];
        for (const effect of effects) if (effect.role === 'shard') pump(effect.to, effect.frame, node);
      };
      const follow = {
        kind: 'follow',
        epoch: epochOf(1),
        table: 0,
        segment: 0,
        version: 0,
        stamp: epochOf(0, 0),
      } as const;
      pump(owner, follow, replica);
      const second = first === owner ? replica : owner;
      pump(first, cut, first);
      pump(second, cut, second);
      expect(shards.get(owner)?.core.settledSegments()).toEqual([0]);
      expect(shards.get(replica)?.state()).toEqual(shards.get(owner)?.state());
    }
  });
});
