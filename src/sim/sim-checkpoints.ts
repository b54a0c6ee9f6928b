// Checkpoints in virtual time: what each tab keeps of a cut, and the whole of it when the scheduler says that it is
// complete. Blocks are named, not hashed: nothing here depends on their names.
import type { ClusterState, Report } from '../protocol/control.ts';
import type { Cut } from '../protocol/frames.ts';
import { type NodeId, segmentKey } from '../protocol/ids.ts';
import type { Schedule } from '../ps/consistency.ts';
import { cutSegments } from '../ps/table.ts';
import { frontOf } from '../ps/vector-clock.ts';

/** What a run can go on from. */
export interface SimCheckpoint {
  readonly clock: number;
  readonly schedule: Schedule & ClusterState['schedule'];
  /** By `segmentKey`. */
  readonly cuts: ReadonlyMap<number, Cut>;
}

/** What one tab's shard has kept. */
export class SimCuts {
  private readonly kept: Cut[] = [];
  /** What was reported, by its name: like a block, it never changes. */
  readonly parts = new Map<string, readonly Cut[]>();

  keep(cut: Cut): void {
    this.kept.push(cut);
  }

  /** What this tab has of the cut that is under way. */
  report(self: NodeId, cluster: ClusterState | null): Report['cut'] {
    const clock = cluster?.checkpoint.cutAt ?? null;
    if (clock === null || cluster?.plan == null) return null;
    const cuts = this.of(clock, cluster.plan.run);
    if (cuts.length === 0) return null;
    const ranges = cutSegments(cluster.plan.tables);
    const segments = cuts.map(({ table, segment }) =>
      ranges.findIndex((range) => range.table === table && range.segment === segment),
    );
    const isExact = cuts.every((cut) => frontOf({ floor: cut.floor, ahead: aheadIn(cut) }) === clock);
    const part = nameOf(self, clock, cuts.length);
    this.parts.set(part, cuts);
    return { clock, part, segments, isExact };
  }

  private of(clock: number, run: number): Cut[] {
    return this.kept.filter((cut) => cut.clock === clock && cut.run === run);
  }
}

const aheadIn = ({ clocks }: Cut) => clocks.map(({ worker: { node }, clock }) => ({ node, clock }));

const nameOf = (...numbers: number[]): string => numbers.join('f').padStart(64, '0');

/** The newest checkpoint, from the tabs that the scheduler names as having it. */
export function gatherCheckpoint(
  { plan, schedule, checkpoint: { newest } }: ClusterState,
  nodes: readonly { readonly cuts: SimCuts }[],
): SimCheckpoint {
  if (plan === null || newest === null) throw new Error('no checkpoint to gather');
  const cuts = newest.parts.flatMap((part) => nodes.flatMap((node) => node.cuts.parts.get(part) ?? []));
  const byKey = new Map(cuts.map((cut) => [segmentKey(cut.table, cut.segment), cut]));
  if (byKey.size !== cutSegments(plan.tables).length) throw new Error('a checkpoint that lacks a segment');
  return { clock: newest.clock, schedule, cuts: byKey };
}
