// What one tab makes of connections that come, go and half die. Elections and failovers are the simulator's.
import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { PROTOCOL_VERSION } from '../protocol/limits.ts';
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

describe('a data channel that dies while the connection lives', () => {
  it('makes a new connection when two reports say so', () => {
    const node = new TestNode();
    expect(kinds(node.report([peer]))).not.toContain('rebuild');
    expect(node.report([peer])).toContainEqual({ kind: 'rebuild', node: peer });
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
