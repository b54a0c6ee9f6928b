// Which filters a worker uses at a clock: those of the schedule, or those that the automatic mode finds by measuring.
import type { ClusterState } from '../protocol/control.ts';
import { type Filters, NO_FILTERS, type PullFilters, type PushFilters } from '../protocol/filters.ts';
import { delayOf, scheduleAt } from '../ps/consistency.ts';
import { chooseFilters, FILTER_OPTIONS } from '../ps/filters/choose.ts';
import type { ClientTraffic } from './client.ts';
import type { ActivityTotals } from './worker-meter.ts';

/** Clocks between two decisions: long enough to average, short enough to follow a link that changes. */
const DECIDE_EVERY = 24;

/** Clocks after a change that aren't measured: what was under way belongs to the choice before. */
const SETTLE = 4;

interface Mark {
  readonly clock: number;
  readonly totals: ActivityTotals;
  readonly wire: number;
  readonly raw: number;
}

/** A direction's sums. */
const both = ({ push, pull }: ClientTraffic, what: 'raw' | 'wire'): number => push[what] + pull[what];

export class FilterChoice {
  private option = 0;
  private mark: Mark | null = null;
  /** Clocks since the last change, while they don't count. */
  private settled = 0;
  /** What the automatic mode says about its choice; null where it has none. */
  reason: string | null = null;

  constructor(
    private readonly cluster: () => ClusterState,
    private readonly traffic: () => ClientTraffic,
    private readonly totals: () => ActivityTotals,
  ) {}

  push(clock: number): PushFilters | null {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return filters.push;
    const spec = filters.kind === 'auto' ? (FILTER_OPTIONS[this.option]?.push ?? null) : null;
    return spec === null ? null : { all: spec, tables: [] };
  }

  pull(clock: number): PullFilters | null {
    const filters = this.at(clock);
    if (filters.kind === 'fixed') return filters.pull;
    const spec = filters.kind === 'auto' ? (FILTER_OPTIONS[this.option]?.pull ?? null) : null;
    return spec === null ? null : { all: spec, tables: [] };
  }

  /** For what must not be rounded: with filters on, zeros at least don't travel. */
  exact(clock: number): PullFilters | null {
    return this.pull(clock) === null ? null : { all: { isDelta: false, codec: 'f32' }, tables: [] };
  }

  /** A clock is over: time to look whether another choice would be better. */
  observe(clock: number): void {
    if (this.at(clock).kind !== 'auto') {
      this.reason = this.isCounting ? 'off: this job counts, and a rounded count would be a wrong one' : null;
      return;
    }
    const now = { clock, totals: this.totals(), wire: both(this.traffic(), 'wire'), raw: both(this.traffic(), 'raw') };
    const before = this.mark;
    if (before === null) {
      if (++this.settled > SETTLE) this.mark = now;
      return;
    }
    const clocks = clock - before.clock;
    if (clocks < DECIDE_EVERY) return;
    const decision = chooseFilters(this.option, {
      computeMs: (now.totals.compute - before.totals.compute) / clocks,
      exposedMs: (now.totals.communicate - before.totals.communicate) / clocks,
      wireBytes: (now.wire - before.wire) / clocks,
      rawBytes: (now.raw - before.raw) / clocks,
      overlaps: delayOf(scheduleAt(this.cluster().schedule, clock).consistency) >= 1,
    });
    this.reason = decision.reason;
    this.mark = decision.option === this.option ? now : null;
    this.settled = 0;
    this.option = decision.option;
  }

  /** Sums of whole numbers, which no filter may round or leave out. */
  private get isCounting(): boolean {
    return this.cluster().plan?.updater.kind === 'add';
  }

  private at(clock: number): Filters {
    if (this.isCounting) return NO_FILTERS;
    return scheduleAt(this.cluster().schedule, clock).filters ?? NO_FILTERS;
  }
}
