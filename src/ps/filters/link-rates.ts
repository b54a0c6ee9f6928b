// How fast links between tabs drain, as both ends report it: what the scheduler knows of the network. A figure holds until there
// is a newer one: once what goes over a link is coded less waits in it, and what doesn't wait isn't measured.
import type { Report } from '../../protocol/control.ts';
import type { NodeId } from '../../protocol/ids.ts';

/** Bytes per millisecond: whoever says that nothing at all goes through a link says nothing of the others. */
const LEAST_RATE = 0.001;

export class LinkRates {
  /** Bytes per millisecond that a node has drained to others. */
  private readonly seen = new Map<NodeId, Map<NodeId, number>>();
  /** Bytes per millisecond that a tab is allowed each way. */
  private readonly caps = new Map<NodeId, number>();

  take(node: NodeId, { bandwidth, drains = [] }: Pick<Report, 'bandwidth' | 'drains'>): void {
    if (bandwidth === undefined) this.caps.delete(node);
    else this.caps.set(node, bandwidth / 1000);
    const links = this.seen.get(node) ?? new Map<NodeId, number>();
    this.seen.set(node, links);
    for (const [to, bytesPerSecond] of drains) links.set(to, Math.max(bytesPerSecond / 1000, LEAST_RATE));
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
    return this.seen.get(from)?.get(to);
  }
}
