// Which filters a worker uses at a clock: those of the schedule, or those that the automatic mode finds for its links.
import type { ClusterState } from '../protocol/control.ts';
import { type Filters, NO_FILTERS, type PullFilters, type PushFilters } from '../protocol/filters.ts';
import { scheduleAt } from '../ps/consistency.ts';
import type { Client } from './client.ts';
import type { WorkerMeter } from './worker-meter.ts';

export class FilterChoice {
  constructor(
    private readonly cluster: () => ClusterState,
    readonly client: Client,
    readonly meter: WorkerMeter,
  ) {}

  push(clock: number): PushFilters | null {
    const filters = this.at(clock);
    return filters.kind === 'fixed' ? filters.push : null;
  }

  pull(clock: number): PullFilters | null {
    const filters = this.at(clock);
    return filters.kind === 'fixed' ? filters.pull : null;
  }

  private at(clock: number): Filters {
    return scheduleAt(this.cluster().schedule, clock).filters ?? NO_FILTERS;
  }
}
