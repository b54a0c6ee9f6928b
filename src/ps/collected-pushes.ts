// Pushes that wait at a segment's owner until all workers have sent theirs of the same clock.
import type { Push } from '../protocol/frames.ts';
import type { NodeId, WorkerId } from '../protocol/ids.ts';
import type { CollectedPush } from './ring-push.ts';

export class CollectedPushes {
  /** By clock, then by worker. */
  private readonly byClock = new Map<number, Map<NodeId, CollectedPush>>();

  clear(): void {
    this.byClock.clear();
  }

  add(push: CollectedPush): void {
    const ofClock = this.byClock.get(push.clock) ?? new Map<NodeId, CollectedPush>();
    this.byClock.set(push.clock, ofClock.set(push.worker.node, push));
  }

  /** The oldest clock of which something waits. */
  get oldest(): number | null {
    return this.byClock.size === 0 ? null : Math.min(...this.byClock.keys());
  }

  /** Who has sent a push of just this clock; null where nobody has. */
  of(clock: number): ReadonlyMap<NodeId, CollectedPush> | null {
    return this.byClock.get(clock) ?? null;
  }

  /** Forgets a clock. @returns its pushes, in the order of `workers` */
  take(clock: number, workers: readonly WorkerId[]): CollectedPush[] {
    const ofClock = this.byClock.get(clock);
    this.byClock.delete(clock);
    return workers.flatMap(({ node }) => ofClock?.get(node) ?? []);
  }

  /** Clocks at which a worker's push waits for those of others. */
  clocksOf(node: NodeId): number[] {
    return [...this.byClock].flatMap(([clock, ofClock]) => (ofClock.has(node) ? clock : []));
  }

  /** Is a clock in a push that waits: in one of just this clock, or of several? */
  covers(node: NodeId, clock: number): boolean {
    for (const ofClock of this.byClock.values()) {
      const push = ofClock.get(node);
      if (push !== undefined && push.clock >= clock && push.clock - coverageOf(push) < clock) return true;
    }
    return false;
  }

  /** Whose pushes wait, once for each. */
  nodes(): NodeId[] {
    return [...this.byClock.values()].flatMap((ofClock) => [...ofClock.keys()]);
  }

  /** Forgets those of workers that have left: nobody waits for them. */
  keepOnly(isActive: (worker: WorkerId) => boolean): void {
    // A gradient of several of whom one is gone is nobody's: the others send theirs again, as with every map.
    const groups = [...this.byClock.values()].flatMap((ofClock) =>
      [...ofClock.values()].flatMap(({ group = [] }) => group),
    );
    if (!groups.every(isActive)) this.byClock.clear();
    for (const [clock, ofClock] of this.byClock) {
      for (const [node, push] of ofClock) if (!isActive(push.worker)) ofClock.delete(node);
      if (ofClock.size === 0) this.byClock.delete(clock);
    }
  }
}

const coverageOf = ({ covers = 1 }: Push): number => covers;
