// A virtual signaling server: numbers nodes in join order, notices closed sockets, hands out terms. It can be away.
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
    const members = [...this.members];
    this.members.push(node);
    this.electIfNeeded();
    const { term } = this;
    const scheduler = this.scheduler ?? node;
    this.time.after(RELAY_MS, () => this.tell(node, { kind: 'welcome', members, scheduler, term }));
    this.broadcast({ kind: 'joined', node }, node);
  }

  /** The node's socket has closed, with a word (`leave`) or without. */
  leave(node: NodeId, reason: 'leave' | 'closed'): void {
    this.time.after(reason === 'leave' ? RELAY_MS : NOTICE_MS, () => {
      if (!this.isUp) return;
      this.members = this.members.filter((member) => member !== node);
      this.broadcast({ kind: 'left', node, reason });
      this.electIfNeeded();
    });
  }

  stop(): void {
    this.isUp = false;
    this.broadcast({ kind: 'signaling', isUp: false });
  }

  /** Back, with the room's order and terms: those still alive have come back with them. */
  restart(alive: readonly NodeId[]): void {
    this.isUp = true;
    this.broadcast({ kind: 'signaling', isUp: true });
    const gone = this.members.filter((member) => !alive.includes(member));
    this.members = this.members.filter((member) => alive.includes(member));
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
