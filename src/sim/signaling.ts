// A virtual signaling server: numbers nodes in join order, notices closed sockets, hands out terms. It can be away,
// for all or for one.
import type { NodeId } from '../protocol/ids.ts';
import { nodeId } from '../protocol/ids.ts';
import type { NodeEvent } from '../ps/node-core.ts';
import type { VirtualTime } from './virtual-time.ts';

/** From a crash to the server's word of it, and a message's way through the server. */
const NOTICE_MS = 60;
const RELAY_MS = 2;

export class VirtualSignaling {
  isUp = true;
  private members: NodeId[] = [];
  private joined = 0;
  private term = 0;
  private scheduler: NodeId | null = null;
  /** Nodes that can't reach the server for a while, though others do. */
  private readonly cutOff = new Set<NodeId>();

  constructor(
    private readonly time: VirtualTime,
    private readonly tell: (node: NodeId, event: NodeEvent) => void,
  ) {}

  /** The id of the next node; `join` makes it a member. */
  nextId(): NodeId {
    return nodeId(++this.joined);
  }

  join(node: NodeId): void {
    if (!this.isUp) {
      this.time.after(500, () => this.join(node));
      return;
    }
    const members = this.members.filter((member) => member !== node);
    const isNew = members.length === this.members.length;
    this.members = [...members, node];
    this.electIfNeeded();
    const { term } = this;
    const scheduler = this.scheduler ?? node;
    this.time.after(RELAY_MS, () => this.tell(node, { kind: 'welcome', members, scheduler, term }));
    if (isNew) this.broadcast({ kind: 'joined', node }, node);
  }

  /** The node's socket has closed, with a word (`leave`) or without. */
  leave(node: NodeId, reason: 'leave' | 'closed'): void {
    this.time.after(reason === 'leave' ? RELAY_MS : NOTICE_MS, () => this.remove(node, reason));
  }

  private remove(node: NodeId, reason: 'leave' | 'closed'): void {
    if (!this.isUp) return;
    this.members = this.members.filter((member) => member !== node);
    this.broadcast({ kind: 'left', node, reason });
    this.electIfNeeded();
  }

  reaches(node: NodeId): boolean {
    return this.isUp && !this.cutOff.has(node);
  }

  /** One node loses its way to the server; `restore` brings it back as who it was. */
  cut(node: NodeId): void {
    if (this.cutOff.has(node)) return;
    this.cutOff.add(node);
    this.time.after(NOTICE_MS, () => {
      // Who is back on a new socket before the old one is closed was never away.
      if (!this.cutOff.has(node)) return;
      this.remove(node, 'closed');
      this.tell(node, { kind: 'signaling', isUp: false });
    });
  }

  restore(node: NodeId): void {
    if (this.cutOff.delete(node)) this.join(node);
  }

  stop(): void {
    this.isUp = false;
    this.broadcast({ kind: 'signaling', isUp: false });
  }

  /** Back, with the room's order and terms: those still alive have come back with them. */
  restart(alive: readonly NodeId[]): void {
    this.isUp = true;
    const isBack = (member: NodeId) => alive.includes(member) && !this.cutOff.has(member);
    const gone = this.members.filter((member) => !isBack(member));
    this.members = this.members.filter(isBack);
    this.broadcast({ kind: 'signaling', isUp: true });
    for (const node of gone) this.broadcast({ kind: 'left', node, reason: 'closed' });
    this.electIfNeeded();
  }

  private electIfNeeded(): void {
    const oldest = [...this.members].sort((a, b) => a - b)[0] ?? null;
    if (oldest === null || (this.scheduler !== null && this.members.includes(this.scheduler))) return;
    this.scheduler = oldest;
    this.term++;
    this.broadcast({ kind: 'term', scheduler: oldest, term: this.term });
  }

  private broadcast(event: NodeEvent, except?: NodeId): void {
    for (const member of this.members) {
      if (member !== except) this.time.after(RELAY_MS, () => this.tell(member, event));
    }
  }
}
