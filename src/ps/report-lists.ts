// The parts of a report that are as long as the room is large. A room of many nodes gets them less often, so that what all
// reports cost together grows with the nodes and not with their square. Pure.
import type { Report } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

/** Between two messages that have a line per node, for each of their lines. Up to 10 nodes: four times a second, 64: every
 * 1.5 s. */
export const MS_PER_LINE = 24;

/** Flows in a report: a page draws the loudest. */
const MAX_FLOWS = 8;

type ListedReport = Pick<Report, 'run' | 'shard' | 'flows'>;

export class ReportLists {
  private sentAt = Number.NEGATIVE_INFINITY;
  private sentTo = '';

  /** The report as it goes to `scheduler`: one that has heard nothing of this run gets the lists at once. */
  thin<R extends ListedReport>(report: R, scheduler: NodeId, now: number): R {
    const flows = [...report.flows].sort(([, a], [, b]) => b - a).slice(0, MAX_FLOWS);
    const { shard } = report;
    if (shard === null) return { ...report, flows };
    const lines = Math.max(shard.pushes?.length ?? 0, shard.workers?.length ?? 0);
    const addressee = `${scheduler} ${report.run}`;
    if (addressee === this.sentTo && now - this.sentAt < MS_PER_LINE * lines) {
      const { pushes: _, workers: __, ...rest } = shard;
      return { ...report, flows, shard: rest };
    }
    this.sentAt = now;
    this.sentTo = addressee;
    return { ...report, flows };
  }
}

/** The report with the lists of the one before, where it has none of its own. */
export function withLists(report: Report, before: Report | null): Report {
  const { shard } = report;
  return shard === null ? report : { ...report, shard: { ...before?.shard, ...shard } };
}
