// Several shards together: chains, failover, and segments that move while training goes on.
import { describe, expect, it } from 'vitest';
import type { Frame } from '../protocol/frames.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { A, alone, B, P, Q, R, step, TestCluster } from './replica-testing.ts';
import { BSP, epochOf, pullOf, wordsOf } from './testing.ts';

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

  it('calls a learner settled only when it has all that was acknowledged without it, and then waits for it', () => {
    const cluster = new TestCluster([P, Q], { chain: [P], learners: [Q] });
    cluster.deliverOn(Q, P);
    cluster.take(step(0));
    cluster.take(step(1));
    expect(cluster.acks).toEqual(['1@0', '1@1']);
    // The snapshot of the start, and the word that it is there: the two updates are still on their way.
    cluster.deliverOn(P, Q);
    cluster.deliverOn(Q, P);
    expect([cluster.segment(Q).version, cluster.isSettled()]).toEqual([0, false]);
    cluster.take(step(2));
    expect(cluster.acks).toEqual(['1@0', '1@1']);
    cluster.deliverAll();
    expect(cluster.isSettled()).toBe(true);
    expect(cluster.acks).toEqual(['1@0', '1@1', '1@2']);
    cluster.take(step(3));
    expect(cluster.acks).toHaveLength(3);
  });

  it('goes back behind nothing that it has confirmed, whatever comes late from an earlier connection', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    cluster.take(step(0));
    cluster.deliverAll();
    const place = { epoch: epochOf(1), table: 0, segment: 0 };
    const late: Frame = structuredClone({ kind: 'snapshot', ...place, ...cluster.segment(P).toSnapshot(true) });
    cluster.take(step(1));
    cluster.deliverAll();
    const before = cluster.copy(Q);
    expect(cluster.shards.get(Q)?.step({ kind: 'frame', from: P, frame: late })).toEqual([]);
    expect(cluster.copy(Q)).toEqual(before);
    cluster.take(step(2));
    cluster.shards.get(P)?.step({ kind: 'frame', from: Q, frame: { kind: 'confirm', ...place, version: 1 } });
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0', '1@1', '1@2']);
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

  it('acknowledges in the order of clocks, also what came again meanwhile', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    for (const clock of [0, 1]) cluster.take(step(clock));
    cluster.take(step(0));
    cluster.deliverOn(P, Q);
    cluster.deliverOn(Q, P);
    expect(cluster.acks).toEqual(['1@0']);
    cluster.deliverAll();
    expect(cluster.acks).toEqual(['1@0', '1@1']);
  });

  it('acknowledges anew at once what it has acknowledged, whatever a replica lacks: nothing of it stays open', () => {
    const cluster = new TestCluster([P, Q], { chain: [P, Q] });
    cluster.deliverAll();
    for (const clock of [0, 1]) cluster.take(step(clock));
    cluster.deliverAll();
    for (const clock of [2, 3, 4, 0, 1]) cluster.take(step(clock));
    expect(cluster.acks).toEqual(['1@0', '1@1', '1@0', '1@1']);
    expect(cluster.shards.get(P)?.load().unacknowledged).toBe(3);
    // The most that a client may have open.
    cluster.take(step(5));
    expect(wordsOf(cluster.received)).not.toContain('refuse too-many');
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
