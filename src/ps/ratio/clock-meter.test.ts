import { expect, test } from 'vitest';
import type { ClusterState } from '../../protocol/control.ts';
import { nodeId } from '../../protocol/ids.ts';
import { emptyCluster } from '../cluster-state.ts';
import { SEGMENT_FLOATS } from '../table.ts';
import { mapOf, reportOf, runPlanOf, tableOf, workerOf, workerReportOf } from '../testing.ts';
import { ClockMeter } from './clock-meter.ts';

const SERVER = nodeId(9);
const A = nodeId(1);

const clusterOf = (counter: number): ClusterState => ({
  ...emptyCluster(SERVER, 1),
  phase: 'running',
  plan: runPlanOf(),
  map: { ...mapOf({ workers: [workerOf(1)], servers: [9], epoch: { term: 1, counter } }) } as ClusterState['map'],
});

/** Ten clocks every 250 ms: 25 ms each, 10 of them computing, 1,000 bytes, and 5 at the server. */
function run(meter: ClockMeter, cluster: ClusterState, from: number, to: number) {
  const found: ReturnType<ClockMeter['figures']>[] = [];
  for (let now = from; now <= to; now += 250) {
    const clock = now / 25;
    const bytes = { raw: 0, wire: clock * 500 };
    const worker = workerReportOf({ clock, computeMs: 100, leastMs: now % 1_000 === 0 ? 7 : 11, spanMs: 250 });
    meter.take(A, reportOf({ worker, traffic: { push: bytes, pull: bytes }, rttMs: now % 1_000 === 0 ? 2 : 40 }), now);
    const shard = { duplicates: 0, pushes: [], refused: [], staleness: {}, workers: [], busyMs: clock * 5 };
    meter.take(SERVER, reportOf({ shard }), now);
    const figures = meter.figures(cluster, now);
    if (figures !== null) found.push(figures);
  }
  return found;
}

test('figures of one clock, from what was done since everything was settled', () => {
  const meter = new ClockMeter();
  const found = run(meter, clusterOf(1), 0, 60_000);
  expect(found.length).toBeGreaterThan(100);
  for (const figures of found) {
    expect(figures?.clockMs).toBeCloseTo(25);
    expect(figures?.computeMs).toBeCloseTo(10);
    expect(figures?.leastMs).toBe(7);
    expect(figures?.bytes).toBeCloseTo(1_000);
    expect(figures?.serveMs).toBeCloseTo(5);
    expect(figures?.roundTripMs).toBeCloseTo(2);
  }
});

test('what a worker moves of its own tab’s segments counts as if it went over a link', () => {
  const cluster = clusterOf(1);
  // Two segments, one of them its own.
  const plan = runPlanOf({ tables: [{ ...tableOf(2 * SEGMENT_FLOATS), shape: [2 * SEGMENT_FLOATS] }] });
  const placements = [A, SERVER].map((owner) => ({ chain: [owner], learners: [] }));
  const found = run(new ClockMeter(), { ...cluster, plan, map: { ...cluster.map, placements } }, 0, 10_000);
  expect(found.at(-1)?.bytes).toBeCloseTo(2_000);
  const all = placements.map(() => ({ chain: [A], learners: [] }));
  const alone = run(new ClockMeter(), { ...cluster, plan, map: { ...cluster.map, placements: all } }, 0, 10_000);
  expect(alone.at(-1)?.bytes).toBe(0);
});

test('a new map begins the measuring anew', () => {
  const meter = new ClockMeter();
  expect(run(meter, clusterOf(1), 0, 2_500)).toEqual([]);
  expect(run(meter, clusterOf(2), 2_750, 5_000)).toEqual([]);
});
