// What a worker's pushes and pulls go through at a clock, and how many batches lie between two exchanges: as the schedule
// says. What the automatic mode chose stands there, too (`ps/filters/auto-filters.ts`).
import type { ClusterState } from '../protocol/control.ts';
import { type Filters, NO_FILTERS, type PullFilters, type PullSpec, type PushFilters } from '../protocol/filters.ts';
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
  constructor(private readonly cluster: () => ClusterState) {}

  push(clock: number): PushFilters | null {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return filters.push;
    if (filters.kind === 'off') return null;
    const push = filters.choice?.push;
    const { updater } = this.cluster().plan ?? {};
    if (updater?.kind !== 'ftrl' || updater.l1 === 0) return forAll(push);
    // Most weights stay at zero, and what can't move them needn't travel. It is kept: nothing is lost by it.
    return forAll({ stages: [...(push?.stages ?? []), { kind: 'kkt' as const }], codec: push?.codec ?? 'f32' });
  }

  pull(clock: number): PullFilters | null {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return filters.pull;
    return forAll(filters.kind === 'auto' ? filters.choice?.pull : null);
  }

  exact(clock: number): PullFilters | null {
    return this.pull(clock) === null ? null : forAll(EXACT);
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
