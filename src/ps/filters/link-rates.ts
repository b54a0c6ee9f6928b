// How fast links between tabs drain, as both ends report it: what the scheduler knows of the network.
import type { Report } from '../../protocol/control.ts';
import type { NodeId } from '../../protocol/ids.ts';

/** Nothing has waited for so long: who knows how fast it is now. */
const FORGET_MS = 60_000;

/** Whoever says that nothing at all goes through a link says nothing of the others. */
const LEAST_BYTES_PER_MS = 0.001;

interface Seen {
  readonly bytesPerMs: number;
  readonly at: number;
}

export class LinkRates {
  /** What a node has drained to others. */
  private readonly seen = new Map<NodeId, Map<NodeId, Seen>>();
  /** Bytes per millisecond that a tab is allowed each way. */
  private readonly caps = new Map<NodeId, number>();

  take(node: NodeId, { bandwidth, drains = [] }: Pick<Report, 'bandwidth' | 'drains'>, now: number): void {
    if (bandwidth === undefined) this.caps.delete(node);
    else this.caps.set(node, bandwidth / 1000);
    const links = this.seen.get(node) ?? new Map<NodeId, Seen>();
    this.seen.set(node, links);
    for (const [to, { at }] of links) if (now - at > FORGET_MS) links.delete(to);
    for (const [to, bytesPerSecond] of drains) {
      links.set(to, { bytesPerMs: Math.max(bytesPerSecond / 1000, LEAST_BYTES_PER_MS), at: now });
    }
  }

  /** It has gone. */
  forget(node: NodeId): void {
    this.caps.delete(node);
    this.seen.delete(node);
    for (const links of this.seen.values()) links.delete(node);
  }

  /** Bytes per millisecond that a tab lets through each way; absent where it is not capped. */
  cap(node: NodeId): number | undefined {
    return this.caps.get(node);
  }

  /** Of the link between two nodes, the slower way; null where nobody knows. */
  between(a: NodeId, b: NodeId): number | null {
    const known = [this.cap(a), this.cap(b), this.drained(a, b), this.drained(b, a)].filter(
      (rate) => rate !== undefined,
    );
    return known.length === 0 ? null : Math.min(...known);
  }

  private drained(from: NodeId, to: NodeId): number | undefined {
    return this.seen.get(from)?.get(to)?.bytesPerMs;
  }
}
