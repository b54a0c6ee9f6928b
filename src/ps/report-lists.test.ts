import { describe, expect, it } from 'vitest';
import type { Report } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { MS_PER_LINE, ReportLists, withLists } from './report-lists.ts';
import { reportOf } from './testing.ts';

const SCHEDULER = nodeId(1);

/** Of a server that hears of so many workers. */
function serving(workers: number, applied = 1): Report {
  const nodes = Array.from({ length: workers }, (_, at) => nodeId(at + 1));
  const pushes = nodes.map((node) => ({ node, count: applied }));
  const counted = nodes.map((node) => ({ node, applied, delaySum: 0 }));
  return reportOf({ shard: { duplicates: 0, pushes, refused: [], staleness: {}, workers: counted } });
}

/** How many of a second's reports have lists, four a second. */
function listsInTenSeconds(workers: number): number {
  const lists = new ReportLists();
  const times = Array.from({ length: 40 }, (_, at) => at * 250);
  return times.filter((now) => lists.thin(serving(workers), SCHEDULER, now).shard?.pushes !== undefined).length;
}

describe('the lists of a report', () => {
  it('go with every report in a small room', () => {
    expect(listsInTenSeconds(10)).toBe(40);
  });

  it('have no more lines in a time, however many there are', () => {
    const most = (10_000 / MS_PER_LINE) * 1.1;
    for (const workers of [11, 30, 64, 100])
      expect(listsInTenSeconds(workers) * workers).toBeLessThanOrEqual(most + workers);
  });

  it('go at once to another scheduler, and in another run', () => {
    const lists = new ReportLists();
    const hasLists = (report: Report, to: number, now: number) =>
      lists.thin(report, nodeId(to), now).shard?.workers !== undefined;
    expect(hasLists(serving(64), 1, 0)).toBe(true);
    expect(hasLists(serving(64), 1, 250)).toBe(false);
    expect(hasLists(serving(64), 2, 500)).toBe(true);
    expect(hasLists({ ...serving(64), run: 2 }, 2, 750)).toBe(true);
  });

  it('are as they were where a report has none', () => {
    const lists = new ReportLists();
    const full = lists.thin(serving(64, 3), SCHEDULER, 0);
    const thin = lists.thin(serving(64, 5), SCHEDULER, 250);
    expect(withLists(thin, full).shard).toEqual(full.shard);
    expect(withLists(serving(64, 5), full).shard).toEqual(serving(64, 5).shard);
    expect(withLists(reportOf({ shard: null }), full).shard).toBeNull();
  });

  it('have the loudest flows only', () => {
    const flows = Array.from({ length: 40 }, (_, at): [ReturnType<typeof nodeId>, number] => [nodeId(at + 1), at]);
    const { flows: kept } = new ReportLists().thin(reportOf({ flows }), SCHEDULER, 0);
    expect(kept.map(([, rate]) => rate)).toEqual([39, 38, 37, 36, 35, 34, 33, 32]);
  });
});
