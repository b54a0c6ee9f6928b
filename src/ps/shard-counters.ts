// What a shard counts: pushes applied and ignored, frames refused, and the staleness of each applied gradient.
import type { Refusal } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';

/** Delays above this are counted as this: bounds the histogram. */
export const MAX_COUNTED_DELAY = 64;

/** What is counted besides the refusals that are answered: bytes that are no frames end a link. */
export type RefusedFor = Refusal | 'no-frame';

export interface ShardFigures {
  readonly applied: number;
  readonly duplicates: number;
  /** Frames that were not taken, by sender and reason. */
  readonly refused: readonly { readonly node: NodeId; readonly reason: RefusedFor; readonly count: number }[];
  /** How many gradients were applied at each delay in clocks. */
  readonly staleness: Readonly<Record<string, number>>;
  /** Per worker: gradients applied, and the sum of their delays. */
  readonly workers: readonly { readonly node: NodeId; readonly applied: number; readonly delaySum: number }[];
}

export class ShardCounters {
  private appliedCount = 0;
  private duplicateCount = 0;
  private readonly refusedCounts = new Map<NodeId, Map<RefusedFor, number>>();
  private readonly delays = new Map<number, number>();
  private readonly workers = new Map<NodeId, { applied: number; delaySum: number }>();

  applied(worker: NodeId, delay: number): void {
    const counted = Math.min(delay, MAX_COUNTED_DELAY);
    this.appliedCount++;
    this.delays.set(counted, (this.delays.get(counted) ?? 0) + 1);
    const entry = this.workers.get(worker) ?? { applied: 0, delaySum: 0 };
    this.workers.set(worker, { applied: entry.applied + 1, delaySum: entry.delaySum + delay });
  }

  duplicate(): void {
    this.duplicateCount++;
  }

  refused(node: NodeId, reason: RefusedFor): void {
    const ofNode = this.refusedCounts.get(node) ?? new Map<RefusedFor, number>();
    this.refusedCounts.set(node, ofNode.set(reason, (ofNode.get(reason) ?? 0) + 1));
  }

  reset(): void {
    this.appliedCount = 0;
    this.duplicateCount = 0;
    this.refusedCounts.clear();
    this.delays.clear();
    this.workers.clear();
  }

  figures(): ShardFigures {
    return {
      applied: this.appliedCount,
      duplicates: this.duplicateCount,
      refused: [...this.refusedCounts].flatMap(([node, reasons]) =>
        [...reasons].map(([reason, count]) => ({ node, reason, count })),
      ),
      staleness: Object.fromEntries(this.delays),
      workers: [...this.workers].map(([node, entry]) => ({ node, ...entry })),
    };
  }
}
