// How many pushes of each worker are in a segment's history: counted wherever an update is applied, and handed over with
// the state, so that whoever owns the segment at the end knows them all, whatever became of those who applied them.
import type { PushCount } from '../protocol/frames.ts';
import { NO_NODE, type NodeId } from '../protocol/ids.ts';
import { MAX_COUNTED_WORKERS } from '../protocol/limits.ts';

export class PushCounts {
  private readonly counts = new Map<NodeId, number>();

  constructor(counts: readonly PushCount[] = []) {
    for (const { node, count } of counts) this.add(node, count);
  }

  add(node: NodeId, count = 1): void {
    const known = this.counts.get(node);
    const place = known === undefined && this.counts.size >= MAX_COUNTED_WORKERS ? NO_NODE : node;
    this.counts.set(place, (this.counts.get(place) ?? 0) + count);
  }

  list(): PushCount[] {
    return [...this.counts].map(([node, count]) => ({ node, count }));
  }
}
