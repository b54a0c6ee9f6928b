// What a worker's pushes and pulls go through at a clock, and how many batches lie between two exchanges: as the schedule
// says. What the automatic mode chose stands there, too (`ps/filters/auto-filters.ts`).
import type { ClusterState } from '../protocol/control.ts';
import {
  type Filters,
  NO_FILTERS,
  type PullFilters,
  type PullSpec,
  type PushFilters,
  type PushSpec,
} from '../protocol/filters.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { LinkFilters } from '../ps/client-events.ts';
import { roundEnd, scheduleAt } from '../ps/consistency.ts';

/** Counts in as few bytes as hold them: not one is rounded or left out. */
const COUNTS: Filters = {
  kind: 'fixed',
  push: { all: { stages: [], codec: 'whole' }, tables: [] },
  pull: { all: { isDelta: true, codec: 'whole' }, tables: [] },
};

/** For what must not be rounded: with filters on, zeros at least don't travel. */
const EXACT: PullSpec = { isDelta: false, codec: 'f32' };

export class RunFilters {
  constructor(
    private readonly self: NodeId,
    private readonly cluster: () => ClusterState,
  ) {}

  push(clock: number): LinkFilters<PushFilters> {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return { filters: filters.push };
    if (filters.kind === 'off') return {};
    const near = { nodes: this.nearNodes(filters), filters: this.chosenPush(null) };
    return { filters: this.chosenPush(filters.choice?.push ?? null), near };
  }

  /** Most weights stay at zero under an L1 penalty, and what can't move them needn't travel. It is kept: nothing is lost by it. */
  private chosenPush(push: PushSpec | null): PushFilters | null {
    const { updater } = this.cluster().plan ?? {};
    if (updater?.kind !== 'ftrl' || updater.l1 === 0) return forAll(push);
    return forAll({ stages: [...(push?.stages ?? []), { kind: 'kkt' }], codec: push?.codec ?? 'f32' });
  }

  pull(clock: number): LinkFilters<PullFilters> {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return { filters: filters.pull };
    if (filters.kind === 'off') return {};
    return { filters: forAll(filters.choice?.pull), near: { nodes: this.nearNodes(filters), filters: null } };
  }

  /** Where nothing is rounded: this very tab, and those that the choice calls near. */
  private nearNodes({ choice }: Filters & { kind: 'auto' }): ReadonlySet<NodeId> {
    return new Set([this.self, ...(choice?.near?.find(({ worker }) => worker === this.self)?.servers ?? [])]);
  }

  /** Rounded by nothing. */
  exact(clock: number): LinkFilters<PullFilters> {
    return (this.pull(clock).filters ?? null) === null ? {} : { filters: forAll(EXACT) };
  }

  /** The last clock before the next exchange. */
  roundEnd(clock: number): number {
    const { schedule, plan } = this.cluster();
    return roundEnd(schedule, clock, plan?.steps ?? Number.POSITIVE_INFINITY);
  }

  private at(clock: number): Filters {
    const { schedule, plan } = this.cluster();
    const filters = scheduleAt(schedule, clock).filters ?? NO_FILTERS;
    // Sums of whole numbers, which no filter may round or leave out.
    return plan?.updater.kind === 'add' && filters.kind !== 'off' ? COUNTS : filters;
  }
}

const forAll = <T>(spec: T | null | undefined): { all: T; tables: [] } | null =>
  spec == null ? null : { all: spec, tables: [] };
