// Who is alive, as a state machine: closed sockets, closed connections, words of farewell and silence in; who came and
// who is gone out. Whichever sign is first counts, but only farewell and silence are proof. Pure: time comes in.
import type { RoleChoice } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

/** A live page answers a probe in a few milliseconds, a busy one in a few frames; a crashed one never. A quarter of the
 * 0.8 s that a failover may take. */
export const PROBE_TIMEOUT_MS = 200;

/** Who is suspected and heard of, but has not answered yet, gets so much longer: twice the time between two reports. What was
 * on its way when a tab crashed is no sign of life. */
export const HEARD_TIMEOUT_MS = 500;

/** A connection that broke is rebuilt within a second or two; who isn't back by then is gone. */
export const RECONNECT_TIMEOUT_MS = 3_000;

/** Silence of a node that nothing else speaks against. Pages answer pings also when hidden; slow is not dead. */
export const SILENCE_TIMEOUT_MS = 6_000;

/** A server that leaves hands its segments over; past this it goes all the same. */
export const LEAVE_TIMEOUT_MS = 5_000;

/** Between two events of a tab that is awake lies a report's interval, a quarter of a second. After a longer gap it was
 * this tab that slept (frozen, its laptop closed), and nobody else's silence in that time means anything. */
export const SLEEP_MS = 1_000;

export type MembershipEvent =
  | { readonly kind: 'hello'; readonly node: NodeId; readonly label: string; readonly role: RoleChoice }
  /** The node should be there, as somebody else says: if it stays silent it is gone. */
  | { readonly kind: 'expected'; readonly node: NodeId }
  /** Anything arrived from the node. `answers`: when the ping was sent that it answers, if that is what it is. */
  | { readonly kind: 'heard'; readonly node: NodeId; readonly answers?: number | undefined }
  /** The signaling server says so: `leave` is a farewell, `closed` a reason to ask. */
  | { readonly kind: 'left'; readonly node: NodeId; readonly reason: 'leave' | 'closed' }
  | { readonly kind: 'disconnected'; readonly node: NodeId }
  /** `watched`: whose silence means something; where absent everybody's. */
  | { readonly kind: 'tick'; readonly watched?: NodeId | null | undefined };

export type MembershipEffect =
  | { readonly kind: 'up'; readonly node: NodeId; readonly label: string; readonly role: RoleChoice }
  /** Reason in words that follow the node's name: "was closed". */
  | { readonly kind: 'gone'; readonly node: NodeId; readonly reason: string }
  /** Ask the node for a sign of life, now. */
  | { readonly kind: 'probe'; readonly node: NodeId };

interface Member {
  heardAt: number;
  /** When something first spoke against it; an answer to what was sent since then speaks for it. */
  suspectedAt: number;
  /** When it will be taken for gone if nothing is heard of it; infinite while nothing speaks against it. */
  deadline: number;
}

const UNSUSPECTED = { suspectedAt: Number.POSITIVE_INFINITY, deadline: Number.POSITIVE_INFINITY };

export class MembershipCore {
  private readonly members = new Map<NodeId, Member>();
  private awakeAt = Number.POSITIVE_INFINITY;

  step(event: MembershipEvent, now: number): MembershipEffect[] {
    this.wake(now);
    switch (event.kind) {
      case 'hello':
        this.members.set(event.node, { heardAt: now, ...UNSUSPECTED });
        return [{ kind: 'up', node: event.node, label: event.label, role: event.role }];
      case 'expected':
        return this.expect(event.node, now);
      case 'heard':
        return this.hear(event.node, event.answers ?? Number.NEGATIVE_INFINITY, now);
      case 'left':
        return event.reason === 'leave'
          ? this.remove(event.node, 'left')
          : this.suspect(event.node, now + PROBE_TIMEOUT_MS, now);
      case 'disconnected':
        return this.suspect(event.node, now + RECONNECT_TIMEOUT_MS, now);
      case 'tick':
        return this.checkAll(now, event.watched);
      default:
        return event satisfies never;
    }
  }

  /** Time that this tab has slept through counts against nobody. */
  private wake(now: number): void {
    const slept = now - this.awakeAt;
    this.awakeAt = now;
    if (slept <= SLEEP_MS) return;
    for (const member of this.members.values()) {
      member.heardAt += slept;
      member.suspectedAt += slept;
      member.deadline += slept;
    }
  }

  private hear(node: NodeId, answers: number, now: number): MembershipEffect[] {
    const member = this.members.get(node);
    if (member === undefined) return [];
    member.heardAt = now;
    if (answers >= member.suspectedAt) Object.assign(member, UNSUSPECTED);
    else if (member.deadline < Number.POSITIVE_INFINITY)
      member.deadline = Math.max(member.deadline, now + HEARD_TIMEOUT_MS);
    return [];
  }

  private suspect(node: NodeId, deadline: number, now: number): MembershipEffect[] {
    const member = this.members.get(node);
    if (member === undefined) return [];
    member.suspectedAt = Math.min(member.suspectedAt, now);
    member.deadline = Math.min(member.deadline, deadline);
    return [{ kind: 'probe', node }];
  }

  /** Its silence counts from now on. */
  private expect(node: NodeId, now: number): MembershipEffect[] {
    this.members.set(node, { ...UNSUSPECTED, ...this.members.get(node), heardAt: now });
    return [];
  }

  private checkAll(now: number, watched?: NodeId | null): MembershipEffect[] {
    const gone: MembershipEffect[] = [];
    for (const [node, { deadline, heardAt }] of this.members) {
      if (now >= deadline) gone.push(...this.remove(node, 'was closed'));
      else if (now - heardAt >= SILENCE_TIMEOUT_MS && (watched === undefined || watched === node))
        gone.push(...this.remove(node, 'fell silent'));
    }
    return gone;
  }

  private remove(node: NodeId, reason: string): MembershipEffect[] {
    return this.members.delete(node) ? [{ kind: 'gone', node, reason }] : [];
  }
}
