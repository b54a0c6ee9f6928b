// A segment's vector clock: the last iteration of each active worker that the segment contains.
import type { ClockSnapshot } from '../protocol/frame-fields.ts';
import { NO_CLOCK, type NodeId, type WorkerId } from '../protocol/ids.ts';

export class VectorClock {
  private readonly entries = new Map<NodeId, { incarnation: number; clock: number }>();
  /** The floor when the last worker left: who comes next goes on from there. */
  private rest = NO_CLOCK;

  /** Clock of a worker's incarnation; null where it isn't active. */
  get(worker: WorkerId): number | null {
    const entry = this.entries.get(worker.node);
    return entry !== undefined && entry.incarnation === worker.incarnation ? entry.clock : null;
  }

  /** Moves a worker forward, never back. */
  advance(worker: WorkerId, clock: number): void {
    const entry = this.entries.get(worker.node);
    if (entry !== undefined && entry.incarnation === worker.incarnation) entry.clock = Math.max(entry.clock, clock);
  }

  /**
   * Makes exactly `workers` active. Newcomers (also new incarnations) start where the slowest of the others is, or at
   * `NO_CLOCK`: the others never wait for iterations that a newcomer can't have done.
   */
  setWorkers(workers: readonly WorkerId[]): void {
    const staying = workers.flatMap((worker) => this.get(worker) ?? []);
    const start = staying.length === 0 ? this.floor() : Math.min(...staying);
    const next = workers.map((worker) => ({ worker, clock: this.get(worker) ?? start }));
    this.rest = start;
    this.entries.clear();
    for (const { worker, clock } of next) this.entries.set(worker.node, { incarnation: worker.incarnation, clock });
  }

  /** Clock that every active worker has reached; where nobody is active, the last that everybody had. */
  floor(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { clock } of this.entries.values()) least = Math.min(least, clock);
    return least === Number.POSITIVE_INFINITY ? this.rest : least;
  }

  /** Clock that the fastest active worker has reached. */
  front(): number {
    let most = this.floor();
    for (const { clock } of this.entries.values()) most = Math.max(most, clock);
    return most;
  }

  snapshot(): ClockSnapshot {
    const floor = this.floor();
    const ahead = [...this.entries]
      .filter(([, { clock }]) => clock > floor)
      .map(([node, { clock }]) => ({ node, clock }));
    return { floor, ahead };
  }

  /** Every entry, for a handoff. */
  list(): { worker: WorkerId; clock: number }[] {
    return [...this.entries].map(([node, { incarnation, clock }]) => ({ worker: { node, incarnation }, clock }));
  }

  /** The clock that `list` and `floor` describe. */
  static from(floor: number, entries: readonly { readonly worker: WorkerId; readonly clock: number }[]): VectorClock {
    const clock = new VectorClock();
    clock.rest = floor;
    for (const entry of entries) {
      clock.entries.set(entry.worker.node, { incarnation: entry.worker.incarnation, clock: entry.clock });
    }
    return clock;
  }
}

/** A worker's clock in a snapshot. */
export const clockIn = (snapshot: ClockSnapshot, node: NodeId): number =>
  snapshot.ahead.find((entry) => entry.node === node)?.clock ?? snapshot.floor;

/** The newest clock in a snapshot. */
export const frontOf = (snapshot: ClockSnapshot): number =>
  snapshot.ahead.reduce((most, { clock }) => Math.max(most, clock), snapshot.floor);
