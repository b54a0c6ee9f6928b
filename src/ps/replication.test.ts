// Several shards together: chains, failover, and segments that move while training goes on.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Push } from '../protocol/frames.ts';
import { type NodeId, nodeId, type WorkerId } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import type { ClusterMap, Placement } from './cluster-map.ts';
import type { Consistency } from './consistency.ts';
import { nextPlacement } from './placement.ts';
import type { Segment } from './segment.ts';
import { ShardCore, type ShardEffect } from './shard-core.ts';
import { ASYNC, BSP, epochOf, mapOf, pullOf, pushOf, scheduleOf, shardPlanOf, wordsOf, workerOf } from './testing.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

const [A, B] = [workerOf(1), workerOf(2)];
const [P, Q, R] = [nodeId(7), nodeId(8), nodeId(9)];
const ADAM: UpdaterSpec = { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-6 };

/** Shards with one segment, and the frames between them: in order on each link, else as the test lets them go. */
class TestCluster {
  readonly shards = new Map<NodeId, ShardCore>();
  /** What the trainers got. */
  readonly received: Frame[] = [];
  private links: { readonly from: NodeId; readonly to: NodeId; readonly frames: Frame[] }[] = [];
  private map: ClusterMap;

  constructor(
    nodes: readonly NodeId[],
    placement: Partial<Placement>,
    readonly workers: readonly WorkerId[] = [A],
    consistency: Consistency = ASYNC,
  ) {
    this.map = mapOf({ workers, ...placement });
    for (const node of nodes) {
      const core = new ShardCore(node);
      this.shards.set(node, core);
      this.send(node, core.step({ kind: 'plan', plan: shardPlanOf({ updater: ADAM }) }));
      this.send(node, core.step({ kind: 'schedule', schedule: scheduleOf(consistency, 0.1) }));
    }
    for (const node of nodes) this.tell(node);
  }

  /** A new map: everybody hears of it now, unless it is told one by one. */
  place(placement: Partial<Placement>, isTold = true): void {
    const counter = this.map.epoch.counter + 1;
    this.map = mapOf({ epoch: epochOf(counter), workers: this.workers, ...placement });
    if (isTold) for (const node of this.shards.keys()) this.tell(node);
  }

  tell(node: NodeId): void {
    const core = this.shards.get(node);
    if (core !== undefined) this.send(node, core.step({ kind: 'map', map: this.map }));
  }

  /** A shard dies, with what is on its way from and to it. */
  kill(node: NodeId): void {
    this.shards.delete(node);
    this.links = this.links.filter(({ from, to }) => from !== node && to !== node);
  }

  /** A link breaks and is there again: what was on its way is lost, both ends know. */
  breakLink(a: NodeId, b: NodeId): void {
    this.links = this.links.filter(({ from, to }) => !(from === a && to === b) && !(from === b && to === a));
    for (const [self, node] of [
      [a, b],
      [b, a],
    ] as const) {
      this.send(self, this.shards.get(self)?.step({ kind: 'link', node }) ?? []);
    }
  }

  /** A worker's frame to the owner, under the newest epoch. */
  take(frame: Frame, from = A.node): void {
    const owner = this.placement.chain[0] ?? 0;
    this.send(
      nodeId(owner),
      this.shards.get(nodeId(owner))?.step({ kind: 'frame', from, frame: this.stamped(frame) }) ?? [],
    );
  }

  /** Delivers one frame, of the link that `choice` names. @returns false where nothing is on its way */
  deliverOne(choice = 0): boolean {
    const open = this.links.filter(({ frames }) => frames.length > 0);
    const link = open[choice % Math.max(open.length, 1)];
    if (link !== undefined) this.deliverOn(link.from, link.to);
    return link !== undefined;
  }

  /** Delivers the next frame of one link. */
  deliverOn(from: NodeId, to: NodeId): void {
    const frame = this.link(from, to).shift();
    if (frame === undefined) throw new Error(`nothing is on its way from ${from} to ${to}`);
    this.send(to, this.shards.get(to)?.step({ kind: 'frame', from, frame }) ?? []);
  }

  deliverAll(): void {
    let count = 0;
    while (this.deliverOne()) if (++count > 10_000) throw new Error('frames without end');
  }

  get placement(): Placement {
    const [placement] = this.map.placements;
    if (placement === undefined) throw new Error('one segment');
    return placement;
  }

  segment(node: NodeId): Segment {
    const [hosted] = this.shards.get(node)?.segments() ?? [];
    if (hosted === undefined) throw new Error(`nothing on ${node}`);
    return hosted.segment;
  }

  /** Rows, optimiser state, version and clocks of a copy. */
  copy(node: NodeId): unknown {
    const segment = this.segment(node);
    return structuredClone({ ...segment.state(), version: segment.version, clocks: segment.clocks.list() });
  }

  isSettled(): boolean {
    const owner = this.placement.chain[0];
    return owner !== undefined && (this.shards.get(owner)?.settledSegments().includes(0) ?? false);
  }

  get acks(): string[] {
    return this.received.flatMap((frame) => (frame.kind === 'ack' ? [`${frame.worker.node}@${frame.clock}`] : []));
  }

  private stamped(frame: Frame): Frame {
    return { ...frame, epoch: this.map.epoch };
  }

  private send(from: NodeId, effects: readonly ShardEffect[]): void {
    for (const { to, role, frame } of effects) {
      if (role === 'trainer') this.received.push(frame);
      else if (this.shards.has(to)) this.link(from, to).push(frame);
    }
  }

  private link(from: NodeId, to: NodeId): Frame[] {
    const known = this.links.find((link) => link.from === from && link.to === to);
    if (known !== undefined) return known.frames;
    const link = { from, to, frames: [] };
    this.links.push(link);
    return link.frames;
  }
}

const gradient = (clock: number) => [1 + clock, -2, 0.5 * clock, 3];
const step = (clock: number, worker = A): Push => pushOf(worker, clock, gradient(clock), { settled: 0 });

/** What one shard alone has after these clocks of one worker. */
function alone(clocks: number): unknown {
  const cluster = new TestCluster([P], { chain: [P] });
  for (let clock = 0; clock < clocks; clock++) cluster.take(step(clock));
  return cluster.copy(P);
}

describe('a chain', () => {
  it('acknowledges a push when its last replica has applied it, not before', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    expect(cluster.acks).toEqual([]);
    cluster.deliverOn(P, Q);
    cluster.deliverOn(Q, P);
    expect([cluster.segment(Q).version, cluster.segment(R).version, cluster.acks]).toEqual([1, 0, []]);
    cluster.deliverOn(Q, R);
    cluster.deliverOn(R, P);
    expect([cluster.segment(R).version, cluster.acks]).toEqual([1, ['1@0']]);
  });

  it('acknowledges each push for itself: what a replica has not confirmed waits', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    for (const clock of [0, 1]) cluster.take(step(clock));
    cluster.deliverOn(P, Q);
    cluster.deliverOn(Q, P);
    expect(cluster.acks).toEqual(['1@0']);
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0', '1@1']);
  });

  it('takes no more of a worker than a client may have open, where its replica is behind', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS + 3; clock++) cluster.take(step(clock));
    expect(cluster.segment(P).version).toBe(MAX_UNACKED_CLOCKS);
    expect(wordsOf(cluster.received)).toContain('refuse too-many');
    expect(cluster.shards.get(P)?.load().unacknowledged).toBe(MAX_UNACKED_CLOCKS);
    cluster.deliverAll();
    expect(cluster.shards.get(P)?.load().unacknowledged).toBe(0);
  });

  it('keeps nothing open that its worker has heard acknowledged by an earlier owner', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    for (let clock = 0; clock < MAX_UNACKED_CLOCKS; clock++) cluster.take(step(clock));
    cluster.take({ ...step(MAX_UNACKED_CLOCKS), settled: MAX_UNACKED_CLOCKS });
    expect(cluster.received).toEqual([]);
    expect(cluster.shards.get(P)?.load().unacknowledged).toBe(1);
    cluster.deliverAll();
    expect(cluster.acks).toEqual([`1@${MAX_UNACKED_CLOCKS}`]);
  });

  it('begins every epoch anew: a confirmation of the epoch before counts for nothing', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    cluster.place({ chain: [P, Q] });
    cluster.take(step(0));
    expect(cluster.isSettled()).toBe(false);
    cluster.deliverAll();
    expect([cluster.isSettled(), cluster.acks]).toEqual([true, ['1@0']]);
  });

  it('sends its updates as they were, though the work space of the owner is used again', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] }, [A, B], BSP);
    cluster.deliverAll();
    for (const clock of [0, 1, 2]) for (const worker of [A, B]) cluster.take(step(clock, worker), worker.node);
    cluster.deliverAll();
    expect(cluster.copy(Q)).toEqual(cluster.copy(P));
  });

  it('hands on what came after a replica caught up, to those behind it', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.breakLink(P, Q);
    cluster.deliverAll();
    expect(cluster.copy(R)).toEqual(alone(1));
  });

  it('holds the same bytes on every copy: rows, optimiser state and clocks', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] }, [A, B], BSP);
    for (let clock = 0; clock < 4; clock++) {
      cluster.take(step(clock));
      cluster.take(step(clock, B), B.node);
      cluster.deliverAll();
    }
    expect(cluster.acks).toHaveLength(8);
    expect(cluster.copy(Q)).toEqual(cluster.copy(P));
    expect(cluster.copy(R)).toEqual(cluster.copy(P));
  });

  it('sends one gradient per aggregation, not one per worker', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] }, [A, B], BSP);
    cluster.deliverAll();
    cluster.take(step(0));
    expect(cluster.deliverOne()).toBe(false);
    cluster.take(step(0, B), B.node);
    expect([cluster.deliverOne(), cluster.segment(Q).version]).toEqual([true, 1]);
  });

  it('answers pulls from the owner at once: what is not yet safe can be read', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.take(step(0));
    cluster.take(pullOf(A, 0));
    expect(cluster.received.map(({ kind }) => kind)).toEqual(['answer']);
  });

  it('acknowledges a push that came again only when the first one is safe', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.take(step(0));
    cluster.take(step(0));
    expect(cluster.acks).toEqual([]);
    cluster.deliverAll();
    expect(new Set(cluster.acks)).toEqual(new Set(['1@0']));
    expect(cluster.copy(Q)).toEqual(alone(1));
  });

  it('catches up after a broken link: nothing is lost, nothing applied twice', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.breakLink(P, Q);
    cluster.take(step(1));
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0', '1@1']);
    for (const node of [P, Q, R]) expect(cluster.copy(node)).toEqual(alone(2));
  });

  it('catches up where a confirmation was lost', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverOne();
    cluster.breakLink(P, Q);
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0']);
  });

  it('catches up where a confirmation was lost that did not come from the next in the chain', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    for (const [from, to] of [
      [P, Q],
      [Q, R],
      [Q, P],
    ] as const)
      cluster.deliverOn(from, to);
    expect([cluster.segment(R).version, cluster.acks]).toEqual([1, []]);
    cluster.breakLink(R, P);
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0']);
  });
});

describe('when an owner dies', () => {
  it('the next in the chain goes on: what was acknowledged is there, what comes again counts once', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverAll();
    cluster.take(step(1));
    cluster.kill(P);
    cluster.place({ chain: [Q] });
    for (const clock of [0, 1, 2]) cluster.take(step(clock));
    expect(cluster.acks).toEqual(['1@0', '1@0', '1@1', '1@2']);
    expect(cluster.copy(Q)).toEqual(alone(3));
  });

  it('an update that is still on its way from it is not applied', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    cluster.take(step(0));
    // Not killed: only out of the map, as where it is cut off.
    cluster.place({ chain: [Q] });
    cluster.deliverAll();
    expect(cluster.segment(Q).version).toBe(0);
    cluster.take(step(0));
    expect(cluster.copy(Q)).toEqual(alone(1));
  });

  it('the middle of a chain can go: its neighbours join hands', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverOne();
    cluster.kill(Q);
    cluster.place({ chain: [P, R] });
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0']);
    expect(cluster.copy(R)).toEqual(cluster.copy(P));
  });

  it('replicas that were apart become alike: the new owner is right', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverOne();
    cluster.kill(P);
    // Q has the push, R not yet.
    expect([cluster.segment(Q).version, cluster.segment(R).version]).toEqual([1, 0]);
    cluster.place({ chain: [Q, R] });
    cluster.deliverAll();
    expect(cluster.copy(R)).toEqual(cluster.copy(Q));
  });

  it('a version that only the dead had is not mistaken for the one that takes its place', () => {
    const cluster = new TestCluster([P, Q, R], { chain: [P, Q, R] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverOne();
    // Q has a version 1 that R never had; R becomes the owner and makes another version 1.
    cluster.place({ chain: [R] });
    cluster.deliverAll();
    cluster.take(pushOf(A, 0, [9, 9, 9, 9]));
    cluster.place({ chain: [R], learners: [Q] });
    cluster.deliverAll();
    expect(cluster.copy(Q)).toEqual(cluster.copy(R));
  });
});

describe('a segment that moves', () => {
  it('fills its next home while the owner goes on, and only then is settled', () => {
    const cluster = new TestCluster([P, Q], { chain: [P] });
    cluster.take(step(0));
    cluster.place({ chain: [P], learners: [Q] });
    expect(cluster.isSettled()).toBe(false);
    cluster.take(step(1));
    cluster.deliverAll();
    cluster.take(step(2));
    expect(cluster.isSettled()).toBe(true);
    cluster.deliverAll();
    expect(cluster.copy(Q)).toEqual(alone(3));
  });

  it('does not wait for a learner with its acknowledgements', () => {
    const cluster = new TestCluster([P, Q], { chain: [P], learners: [Q] });
    cluster.take(step(0));
    expect(cluster.acks).toEqual(['1@0']);
  });

  it('is refused by who held it before, once that knows', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.place({ chain: [Q] });
    expect(cluster.shards.get(P)?.segments()).toEqual([]);
  });

  it('can go back before it arrived', () => {
    const cluster = new TestCluster([P, Q], { chain: [P] });
    cluster.take(step(0));
    cluster.place({ chain: [P], learners: [Q] });
    cluster.place({ chain: [P] });
    cluster.deliverAll();
    cluster.take(step(1));
    expect(cluster.copy(P)).toEqual(alone(2));
    expect(cluster.shards.get(Q)?.segments()).toEqual([]);
  });

  it('waits for a shard that hears of the map late', () => {
    const cluster = new TestCluster([P, Q], { chain: [P] });
    cluster.take(step(0));
    cluster.place({ chain: [P], learners: [Q] }, false);
    cluster.tell(Q);
    cluster.deliverAll();
    expect(cluster.segment(Q).version).toBe(0);
    cluster.tell(P);
    cluster.deliverAll();
    expect(cluster.isSettled()).toBe(true);
    expect(cluster.copy(Q)).toEqual(alone(1));
  });

  it('arrives, whatever the order of pushes, deliveries, broken links and steps, with every push once', () => {
    const actions = fc.array(fc.tuple(fc.constantFrom('push', 'deliver', 'deliver', 'place', 'break'), fc.nat(7)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(actions, (list) => {
        const cluster = new TestCluster([P, Q, R], { chain: [P, Q] });
        const wanted = [R, P];
        let clock = 0;
        for (const [action, choice] of list) {
          if (action === 'push') cluster.take(step(clock++));
          else if (action === 'deliver') cluster.deliverOne(choice);
          else if (action === 'break') cluster.breakLink([P, Q, R][choice % 3] ?? P, [Q, R, P][choice % 3] ?? Q);
          else move(cluster, wanted);
          resend(cluster, clock);
        }
        for (let round = 0; round < 4; round++) {
          cluster.deliverAll();
          move(cluster, wanted);
          resend(cluster, clock);
        }
        cluster.deliverAll();
        expect(cluster.placement).toEqual({ chain: wanted, learners: [] });
        expect(new Set(cluster.acks).size).toBe(clock);
        for (const node of wanted) expect(cluster.copy(node)).toEqual(alone(clock));
      }),
      { numRuns: 150 },
    );
  });
});

/** The scheduler's next step, where it may take one. */
function move(cluster: TestCluster, wanted: readonly NodeId[]): void {
  const next = nextPlacement(cluster.placement, wanted, () => true, cluster.isSettled());
  if (next !== null && next !== cluster.placement) cluster.place(next);
}

/** What a client does after every change: sends again, in order, what is not acknowledged. */
function resend(cluster: TestCluster, clocks: number): void {
  const acked = new Set(cluster.acks);
  for (let clock = 0; clock < clocks; clock++) if (!acked.has(`1@${clock}`)) cluster.take(step(clock));
}

describe('a parked pull', () => {
  it('is answered by the new owner when it is sent there again', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] }, [A, B], BSP);
    cluster.take(pullOf(A, 0));
    cluster.kill(P);
    cluster.place({ chain: [Q] });
    cluster.take(pullOf(A, 0));
    cluster.take(step(0));
    cluster.take(step(0, B), B.node);
    const answers = cluster.received.filter(({ kind }) => kind === 'answer');
    expect(answers).toMatchObject([{ request: 1, clocks: { floor: 0 } }]);
  });
});
