// What a shard counts: pushes applied, acknowledged, ignored and refused, and the staleness of each applied gradient.
import type { Refusal } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';

/** Delays above this are counted as this: bounds the histogram. */
export const MAX_COUNTED_DELAY = 64;

export interface ShardFigures {
  readonly applied: number;
  readonly acknowledged: number;
  readonly duplicates: number;
  readonly refused: Readonly<Record<string, number>>;
  /** How many gradients were applied at each delay in clocks. */
  readonly staleness: Readonly<Record<string, number>>;
  /** Per worker: gradients applied, and the sum of their delays. */
  readonly workers: readonly { readonly node: NodeId; readonly applied: number; readonly delaySum: number }[];
}

export class ShardCounters {
  private appliedCount = 0;
  private acknowledgedCount = 0;
  private duplicateCount = 0;
  private readonly refusedCounts = new Map<Refusal, number>();
  private readonly delays = new Map<number, number>();
  private readonly workers = new Map<NodeId, { applied: number; delaySum: number }>();

  applied(worker: NodeId, delay: number): void {
    const counted = Math.min(delay, MAX_COUNTED_DELAY);
    this.appliedCount++;
    this.delays.set(counted, (this.delays.get(counted) ?? 0) + 1);
    const entry = this.workers.get(worker) ?? { applied: 0, delaySum: 0 };
    this.workers.set(worker, { applied: entry.applied + 1, delaySum: entry.delaySum + delay });
  }

  acknowledged(): void {
    this.acknowledgedCount++;
  }

  duplicate(): void {
    this.duplicateCount++;
  }

  refused(reason: Refusal): void {
    this.refusedCounts.set(reason, (this.refusedCounts.get(reason) ?? 0) + 1);
  }

  reset(): void {
    this.appliedCount = 0;
    this.acknowledgedCount = 0;
    this.duplicateCount = 0;
    this.refusedCounts.clear();
    this.delays.clear();
    this.workers.clear();
  }

  figures(): ShardFigures {
    return {
      applied: this.appliedCount,
      acknowledged: this.acknowledgedCount,
      duplicates: this.duplicateCount,
      refused: Object.fromEntries(this.refusedCounts),
      staleness: Object.fromEntries(this.delays),
      workers: [...this.workers].map(([node, entry]) => ({ node, ...entry })),
    };
  }
}
