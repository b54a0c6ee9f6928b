// Which connections must be made anew though nobody said that they broke: a channel of theirs has died, no hello came, or
// the other end doesn't answer after this tab has slept. Pure: time comes in.
import type { NodeId } from '../protocol/ids.ts';

/** Both ends of a new connection say hello at once; a page that is busy for longer is soon taken for gone anyway. */
export const GREETING_TIMEOUT_MS = 4_000;

/** After a gap of so long between two events of this tab, it asks everybody whether they still get through. */
export const LONG_SLEEP_MS = 2_500;

/** A page answers a ping in some milliseconds, one of eight on two cores in some hundreds. SCTP, which waited twice as long
 * before each new try to reach a tab that slept, may say nothing for as long again as that slept. */
export const ANSWER_TIMEOUT_MS = 1_500;

export interface Failing {
  readonly node: NodeId;
  /** In words that follow "was lost". */
  readonly reason: string;
}

export class ConnectionHealth {
  /** Whom there is a connection to. */
  private readonly linked = new Set<NodeId>();
  /** Connected since then, and no hello has come yet. */
  private readonly ungreeted = new Map<NodeId, number>();
  /** Asked then, after this tab slept, and not answered yet. */
  private readonly unanswered = new Map<NodeId, number>();
  /** Whose channel was dead when the workers reported last. */
  private broken: readonly NodeId[] = [];

  connected(node: NodeId, now: number): void {
    this.linked.add(node);
    this.ungreeted.set(node, now);
    this.unanswered.delete(node);
    this.broken = this.broken.filter((other) => other !== node);
  }

  lost(node: NodeId): void {
    this.linked.delete(node);
    this.ungreeted.delete(node);
    this.unanswered.delete(node);
  }

  greeted(node: NodeId): void {
    this.ungreeted.delete(node);
  }

  isConnected(node: NodeId): boolean {
    return this.linked.has(node);
  }

  /** @returns whom to ping now: what was on its way while this tab slept says nothing */
  woke(now: number): NodeId[] {
    for (const node of this.linked) this.unanswered.set(node, now);
    return [...this.linked];
  }

  /** @param askedAt when the ping was sent that the node answers */
  answered(node: NodeId, askedAt: number): void {
    if (askedAt >= (this.unanswered.get(node) ?? 0)) this.unanswered.delete(node);
  }

  /**
   * Names each once. A channel counts as dead when two reports say so, for the first may be older than the newest connection.
   * @param broken to whom a channel of this tab's workers is dead, by their report of now
   * @param canRebuild without the signaling server no connection comes about: a slow one is better than none
   */
  failing(broken: readonly NodeId[], canRebuild: boolean, now: number): Failing[] {
    const failing: Failing[] = broken
      .filter((node) => this.broken.includes(node) && this.linked.has(node))
      .map((node) => ({ node, reason: 'a data channel has died' }));
    this.broken = broken;
    const take = (waiting: Map<NodeId, number>, timeoutMs: number, reason: string): void => {
      for (const [node, since] of waiting) {
        if (now - since < timeoutMs) continue;
        waiting.delete(node);
        failing.push({ node, reason });
      }
    };
    take(this.ungreeted, GREETING_TIMEOUT_MS, 'no hello came over the connection');
    if (canRebuild) take(this.unanswered, ANSWER_TIMEOUT_MS, 'no answer came over it after a tab had slept');
    return failing;
  }
}
