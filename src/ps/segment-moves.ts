// The scheduler's part in moving segments: what the owners have reported as settled, and the next step of every segment
// towards where it should be. `placement.ts` says what a safe step is; this knows which one can be taken now.
import type { ClusterState, Report, RunPlan } from '../protocol/control.ts';
import { compareEpochs, type NodeId } from '../protocol/ids.ts';
import type { Placement } from './cluster-map.ts';
import { nextPlacement } from './placement.ts';
import { areApart, type Conflict } from './reachability.ts';
import { assignSegments } from './ring.ts';
import type { RoomNodes } from './room-nodes.ts';
import { cutSegments } from './table.ts';

type Placements = ClusterState['map']['placements'];

export class SegmentMoves {
  /** Segments (indexes) that each owner has reported as settled in the newest epoch. */
  private readonly settled = new Map<NodeId, ReadonlySet<number>>();
  /** Where every segment should be, of the servers and the plan that it was found for: both change seldom. */
  private wanted: { readonly plan: RunPlan; readonly servers: readonly NodeId[]; readonly chains: NodeId[][] } | null =
    null;
  /** A segment waits for a sign of life of those who would be its only copies. */
  isWaiting = false;

  constructor(private readonly nodes: RoomNodes) {}

  /** A new epoch: what was settled before counts no more. */
  reset(): void {
    this.settled.clear();
  }

  forget(node: NodeId): void {
    this.settled.delete(node);
  }

  /** What is settled counts only for the map of now: the next step builds on it. @returns whether that is news */
  note(from: NodeId, { epoch, settled }: Report, map: ClusterState['map']): boolean {
    if (compareEpochs(epoch, map.epoch) !== 0) return false;
    const old = this.settled.get(from);
    if (old !== undefined && old.size === settled.length) return false;
    this.settled.set(from, new Set(settled));
    return true;
  }

  /** Have all copies of every segment reached what its owner had when the epoch began? */
  areAllSettled(placements: readonly Placement[]): boolean {
    return placements.every((placement, index) => this.isSettled(placement, index));
  }

  /**
   * The next step of every segment towards where it should be, or null when some segment has no copy left.
   * @param conflicts servers that can't reach each other: no chain has both, for neither could confirm to the other
   */
  next(
    plan: RunPlan,
    map: ClusterState['map'],
    servers: readonly NodeId[],
    conflicts: readonly Conflict[],
    now: number,
  ): Placements | null {
    const wanted = this.assign(plan, servers);
    const placements: Placements = [];
    this.isWaiting = false;
    for (const [index, current] of map.placements.entries()) {
      const whole = joined(
        current.chain.filter((node) => this.nodes.has(node)),
        [],
        conflicts,
      );
      const isAlive = (node: NodeId) => this.nodes.has(node) && (whole.includes(node) || !current.chain.includes(node));
      const wished = joined([...(wanted[index] ?? []), ...servers], whole, conflicts).slice(0, plan.replicas + 1);
      const step = nextPlacement(current, wished, isAlive, this.isSettled(current, index));
      const next = this.keepProven(current, step, now);
      if (next === null) return null;
      placements.push({ chain: [...next.chain], learners: [...next.learners] });
    }
    return placements;
  }

  private assign(plan: RunPlan, servers: readonly NodeId[]): NodeId[][] {
    const { wanted } = this;
    const isSame =
      servers.length === wanted?.servers.length && servers.every((node, at) => node === wanted.servers[at]);
    if (wanted !== null && isSame && plan === wanted.plan) return wanted.chains;
    const chains = assignSegments(servers, cutSegments(plan.tables), plan.replicas);
    this.wanted = { plan, servers, chains };
    return chains;
  }

  private isSettled({ chain: [owner] }: Placement, index: number): boolean {
    return owner !== undefined && this.settled.get(owner)?.has(index) === true;
  }

  /**
   * Who is dropped from a chain has a copy that is worth nothing from then on, and may only have been cut off. So one of
   * those who stay must have shown that it lives; else the segment waits until it does, or is gone too.
   */
  private keepProven(current: Placement, next: Placement | null, now: number): Placement | null {
    if (next === null || next.chain.some((node) => this.nodes.isFresh(node, now))) return next;
    if (current.chain.every((node) => next.chain.includes(node))) return next;
    this.isWaiting = true;
    return current;
  }
}

/** Those of `nodes`, in order, that reach each other and all of `others`. */
function joined(
  nodes: readonly NodeId[],
  others: readonly NodeId[],
  conflicts: readonly Conflict[],
): readonly NodeId[] {
  if (conflicts.length === 0) return [...new Set(nodes)];
  const chosen: NodeId[] = [];
  for (const node of nodes) {
    const isApart = (other: NodeId) => areApart(conflicts, node, other);
    if (!chosen.includes(node) && !chosen.some(isApart) && !others.some(isApart)) chosen.push(node);
  }
  return chosen;
}
