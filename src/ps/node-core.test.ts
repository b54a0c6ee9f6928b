// What one tab makes of connections that come, go and half die. Elections and failovers are the simulator's.
import { describe, expect, it } from 'vitest';
import { changeOf } from '../protocol/cluster-change.ts';
import type { ClusterState, ControlMessage } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { PROTOCOL_VERSION } from '../protocol/limits.ts';
import { clusterOf } from '../protocol/testing.ts';
import { ANSWER_TIMEOUT_MS, GREETING_TIMEOUT_MS, LONG_SLEEP_MS } from './connection-health.ts';
import { RECONNECT_TIMEOUT_MS } from './membership-core.ts';
import { NodeCore, type NodeEffect, type NodeEvent } from './node-core.ts';
import { reportOf } from './testing.ts';

const [scheduler, self, peer] = [nodeId(1), nodeId(2), nodeId(3)];

/** Node 2 in a room of three, connected to both others; node 1 is the scheduler. */
class TestNode {
  readonly core = new NodeCore(self, 'a tab', 'auto');
  now = 0;

  constructor() {
    this.step({ kind: 'welcome', members: [scheduler, peer], scheduler, term: 1 });
    for (const node of [scheduler, peer]) this.meet(node);
  }

  meet(node: typeof self): void {
    this.step({ kind: 'connected', node });
    const message = { kind: 'hello', version: PROTOCOL_VERSION, label: 'another', role: 'auto' } as const;
    this.step({ kind: 'control', from: node, message });
  }

  step(event: NodeEvent): NodeEffect[] {
    return this.core.step(event, this.now);
  }

  report(broken: readonly (typeof self)[] = []): NodeEffect[] {
    this.now += 250;
    return this.step({ kind: 'report', report: reportOf(), broken });
  }

  /** Whom it tells the scheduler that it can't reach. */
  unreachable(): readonly number[] {
    const sent = this.report().flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));
    return sent.flatMap((message) => (message.kind === 'report' ? message.unreachable : []));
  }
}

const kinds = (effects: readonly NodeEffect[]) => effects.map(({ kind }) => kind);

describe('a node that was never met', () => {
  const late = nodeId(4);
  const gone = { kind: 'gone', node: late, reason: 'left' };

  it('is gone as soon as it leaves the room, whatever the reason, and once', () => {
    const node = new TestNode();
    for (const reason of ['leave', 'closed'] as const) {
      node.step({ kind: 'joined', node: late });
      expect(node.step({ kind: 'left', node: late, reason })).toEqual([gone]);
      expect(node.step({ kind: 'left', node: late, reason })).toEqual([]);
    }
  });

  it('is gone when it isn’t there any more after signaling was away', () => {
    const node = new TestNode();
    node.step({ kind: 'joined', node: late });
    expect(node.step({ kind: 'welcome', members: [scheduler, peer], scheduler, term: 1 })).toContainEqual(gone);
  });

  it('once met, may have lost no more than its socket', () => {
    const node = new TestNode();
    node.step({ kind: 'joined', node: late });
    node.meet(late);
    expect(kinds(node.step({ kind: 'left', node: late, reason: 'closed' }))).not.toContain('gone');
  });
});

describe('a connection that is lost', () => {
  it('is reported to the scheduler until it is back', () => {
    const node = new TestNode();
    expect(node.unreachable()).toEqual([]);
    node.step({ kind: 'disconnected', node: peer });
    expect(node.unreachable()).toEqual([peer]);
    node.meet(peer);
    expect(node.unreachable()).toEqual([]);
  });

  it('to a node of the room does not mean that it has gone: it is tried again', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    const effects = Array.from({ length: (3 * RECONNECT_TIMEOUT_MS) / 250 }, () => node.report()).flat();
    expect(effects.filter((effect) => effect.kind === 'gone' && effect.node === peer)).toEqual([]);
    expect(effects).toContainEqual({ kind: 'connect', node: peer });
  });

  it('means so once the signaling server has seen it go', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    node.step({ kind: 'left', node: peer, reason: 'closed' });
    expect([node.report(), node.report()].flat()).toContainEqual({ kind: 'gone', node: peer, reason: 'was closed' });
    expect(node.unreachable()).toEqual([]);
  });

  it('to who is no longer in the room when this tab is back in it means so too', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    node.step({ kind: 'welcome', members: [scheduler], scheduler, term: 1 });
    const effects = Array.from({ length: RECONNECT_TIMEOUT_MS / 250 }, () => node.report()).flat();
    expect(effects).toContainEqual({ kind: 'gone', node: peer, reason: 'was closed' });
  });
});

const silentFor = (node: TestNode, ms: number) =>
  Array.from({ length: ms / 250 }, () => node.report())
    .flat()
    .filter(({ kind }) => kind === 'rebuild');

describe('a connection over which no hello comes', () => {
  it('is made anew, once', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    node.step({ kind: 'connected', node: peer });
    node.step({ kind: 'control', from: peer, message: { kind: 'ping', at: 0 } });
    expect(silentFor(node, GREETING_TIMEOUT_MS - 250)).toEqual([]);
    expect(silentFor(node, 1_000)).toMatchObject([{ node: peer }]);
    expect(silentFor(node, GREETING_TIMEOUT_MS)).toEqual([]);
  });

  it('is left alone once it has come', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    node.meet(peer);
    expect(silentFor(node, 2 * GREETING_TIMEOUT_MS)).toEqual([]);
  });
});

describe('a tab that has slept', () => {
  /** It wakes, both others are asked, and the peer answers a ping of then, or of so much earlier. */
  const woken = (answersEarlierMs?: number): TestNode => {
    const node = new TestNode();
    node.now += LONG_SLEEP_MS;
    const pings = node
      .report()
      .flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'ping' ? [effect] : []));
    expect(new Set(pings.map(({ to }) => to))).toEqual(new Set([scheduler, peer]));
    const at = node.now;
    node.step({ kind: 'control', from: scheduler, message: { kind: 'pong', at } });
    if (answersEarlierMs !== undefined)
      node.step({ kind: 'control', from: peer, message: { kind: 'pong', at: at - answersEarlierMs } });
    return node;
  };

  it('makes a new connection to who doesn’t answer, once', () => {
    const node = woken();
    expect(silentFor(node, ANSWER_TIMEOUT_MS - 250)).toEqual([]);
    expect(silentFor(node, 500)).toMatchObject([{ node: peer }]);
    expect(silentFor(node, ANSWER_TIMEOUT_MS)).toEqual([]);
  });

  it('takes no answer to what it asked before for one', () => {
    expect(silentFor(woken(1), ANSWER_TIMEOUT_MS)).toMatchObject([{ node: peer }]);
  });

  it('makes none to who answers', () => {
    expect(silentFor(woken(0), 2 * ANSWER_TIMEOUT_MS)).toEqual([]);
  });

  it('waits for the signaling server, without which no new one comes about', () => {
    const node = woken();
    node.step({ kind: 'signaling', isUp: false });
    expect(silentFor(node, 2 * ANSWER_TIMEOUT_MS)).toEqual([]);
    node.step({ kind: 'signaling', isUp: true });
    expect(silentFor(node, 250)).toMatchObject([{ node: peer }]);
  });

  it('asks nobody after a short nap', () => {
    const node = new TestNode();
    node.now += LONG_SLEEP_MS - 300;
    node.report();
    expect(silentFor(node, 2 * ANSWER_TIMEOUT_MS)).toEqual([]);
  });
});

describe('a data channel that dies while the connection lives', () => {
  it('makes a new connection when two reports say so', () => {
    const node = new TestNode();
    expect(kinds(node.report([peer]))).not.toContain('rebuild');
    expect(node.report([peer])).toContainEqual({ kind: 'rebuild', node: peer, reason: 'a data channel has died' });
  });

  it('makes none where the connection is new since the first report', () => {
    const node = new TestNode();
    node.report([peer]);
    node.step({ kind: 'disconnected', node: peer });
    node.meet(peer);
    expect(kinds(node.report([peer]))).not.toContain('rebuild');
  });

  it('makes none while there is no connection at all', () => {
    const node = new TestNode();
    node.step({ kind: 'disconnected', node: peer });
    node.report([peer]);
    expect(kinds(node.report([peer]))).not.toContain('rebuild');
  });
});

describe('the state of the room', () => {
  const stateOf = (revision: number, change: Partial<ClusterState> = {}) => clusterOf({ revision, ...change });
  const hear = (node: TestNode, message: ControlMessage, from = scheduler) =>
    node.step({ kind: 'control', from, message });
  const followed = (effects: readonly NodeEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'cluster' ? [effect.cluster] : []));
  const sent = (effects: readonly NodeEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'send' ? [[effect.to, effect.message] as const] : []));

  it('is followed change by change', () => {
    const node = new TestNode();
    const [first, second] = [stateOf(1), stateOf(2, { phase: 'running', holders: [peer] })];
    hear(node, first);
    expect(followed(hear(node, changeOf(first, second)))).toEqual([second]);
    // Late, or twice.
    expect(hear(node, changeOf(first, second))).toEqual([]);
  });

  it('is asked for where a change is of another one', () => {
    const node = new TestNode();
    expect(sent(hear(node, changeOf(stateOf(1), stateOf(2))))).toEqual([[scheduler, { kind: 'behind' }]]);
    hear(node, stateOf(3));
    expect(sent(hear(node, changeOf(stateOf(4), stateOf(5))))).toEqual([[scheduler, { kind: 'behind' }]]);
    expect(node.core.newest).toEqual(stateOf(3));
  });

  it('changes by the scheduler’s word only', () => {
    const node = new TestNode();
    hear(node, stateOf(1));
    expect(hear(node, changeOf(stateOf(1), stateOf(2)), peer)).toEqual([]);
  });

  it('goes to a new scheduler only where that has an older one', () => {
    const node = new TestNode();
    const state = stateOf(7);
    hear(node, state);
    const known = { term: 1, revision: 7 };
    const answer = (has: typeof known) => sent(hear(node, { kind: 'ask', term: 2, known: has }, peer));
    expect(answer(known)).toEqual([[peer, { kind: 'state', term: 2, known, cluster: null }]]);
    expect(answer({ term: 1, revision: 6 })).toEqual([[peer, { kind: 'state', term: 2, known, cluster: state }]]);
  });

  it('is told by a new scheduler as a change to who has it, and whole to who has not', () => {
    const node = new TestNode();
    const third = nodeId(4);
    node.step({ kind: 'joined', node: third });
    node.meet(third);
    const state = stateOf(7);
    hear(node, state);
    node.step({ kind: 'term', scheduler: self, term: 2 });
    hear(node, { kind: 'state', term: 2, known: { term: 1, revision: 7 }, cluster: null }, scheduler);
    hear(node, { kind: 'state', term: 2, known: { term: 1, revision: 5 }, cluster: null }, peer);
    const told = sent(hear(node, { kind: 'state', term: 2, known: null, cluster: null }, third));
    const kindTo = (to: number) => told.flatMap(([node, { kind }]) => (node === to ? [kind] : []))[0];
    expect([scheduler, peer, third].map(kindTo)).toEqual(['change', 'cluster', 'cluster']);
    expect(sent(hear(node, { kind: 'behind' }, scheduler))).toMatchObject([[scheduler, { kind: 'cluster', term: 2 }]]);
  });
});
