// Owners that die, segments that move, and pulls that wait meanwhile.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../protocol/ids.ts';
import { nextPlacement } from './placement.ts';
import { A, alone, B, P, Q, R, step, TestCluster } from './replica-testing.ts';
import { BSP, pullOf, pushOf } from './testing.ts';

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
