// Measures what a clock takes while workers and servers stay who they are: the ratio advisor's only source. Pure.
import type { ClusterState, Report } from '../../protocol/control.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { ClockFigures } from '../../protocol/ratio.ts';
import type { ClusterMap } from '../cluster-map.ts';
import { cutSegments, type TableSpec } from '../table.ts';
import { RecentLeast } from './recent-least.ts';

/** After a change of roles the first clocks are spent on moving segments and compiling; */
const SETTLE_MS = 1_500;

/** then it is measured for so long, and over so many clocks of every worker; from then on longer and longer, */
const WINDOW_MS = 1_500;
const WINDOW_CLOCKS = 4;

/** but what is older than this counts half, and so on. */
const MEMORY_MS = 15_000;

interface Sums {
  clocks: number;
  computeMs: number;
  spanMs: number;
  bytesFrom: number;
  bytes: number;
  /** Last clock heard of. */
  clock: number;
  readonly least: RecentLeast;
}

interface Served {
  from: number;
  now: number;
}

export class ClockMeter {
  /** Who works and serves, and under which settings. */
  private conditions = '';
  private since = 0;
  /** Of the parameters the part that each worker's own tab has: what it moves of those is not in its reports. */
  private readonly ownShares = new Map<NodeId, number>();
  private readonly workers = new Map<NodeId, Sums>();
  private readonly servers = new Map<NodeId, Served>();
  private readonly roundTrip = new RecentLeast(MEMORY_MS);

  take(node: NodeId, { worker, shard, traffic, rttMs }: Report, now: number): void {
    // The least: what a ping waits for behind frames is the exchange's time, not the way's.
    if (rttMs !== null && rttMs > 0) this.roundTrip.take(rttMs, now);
    if (now < this.since + SETTLE_MS) return;
    const busyMs = shard?.busyMs;
    if (busyMs !== undefined) {
      const served = this.servers.get(node) ?? { from: busyMs, now: busyMs };
      served.now = busyMs;
      this.servers.set(node, served);
    }
    if (worker === null) return;
    const bytes = traffic.push.wire + traffic.pull.wire;
    const known = this.workers.get(node);
    if (known === undefined) {
      const { clock } = worker;
      const least = new RecentLeast(MEMORY_MS);
      this.workers.set(node, { clocks: 0, computeMs: 0, spanMs: 0, bytesFrom: bytes, bytes, clock, least });
      return;
    }
    if (known.spanMs > MEMORY_MS) this.halve();
    known.clocks += worker.clock - known.clock;
    known.clock = worker.clock;
    known.computeMs += worker.computeMs;
    known.spanMs += worker.spanMs;
    known.bytes = bytes;
    if (worker.leastMs !== undefined) known.least.take(worker.leastMs, now);
  }

  /** @returns what was measured lately, once that is enough; null before */
  figures(cluster: ClusterState, now: number): ClockFigures | null {
    this.follow(cluster, now);
    const { workers, servers } = cluster.map;
    const sums = workers.flatMap(({ node }) => this.workers.get(node) ?? []);
    const isFull = ({ clocks, spanMs }: Sums) => spanMs >= WINDOW_MS && clocks >= WINDOW_CLOCKS;
    if (sums.length < Math.max(1, workers.length) || !sums.every(isFull)) return null;
    const mean = (of: (one: Sums) => number) => sums.reduce((sum, one) => sum + of(one), 0) / sums.length;
    const clocks = mean((one) => one.clocks);
    const sent = sums.reduce((sum, one) => sum + (one.bytes - one.bytesFrom) / one.clocks, 0);
    const others = workers.reduce((sum, { node }) => sum + 1 - (this.ownShares.get(node) ?? 0), 0);
    const served = servers.reduce((sum, node) => {
      const { from = 0, now = 0 } = this.servers.get(node) ?? {};
      return sum + now - from;
    }, 0);
    return {
      clockMs: mean((one) => one.spanMs / one.clocks),
      computeMs: mean((one) => one.computeMs / one.clocks),
      leastMs: mean((one) => one.least.value ?? one.computeMs / one.clocks),
      bytes: others > 0 ? sent / others : 0,
      serveMs: Math.max(0, served) / clocks,
      roundTripMs: this.roundTrip.value ?? 0,
    };
  }

  private follow({ map, phase, schedule, plan }: ClusterState, now: number): void {
    const conditions = JSON.stringify([plan?.run, phase, map.epoch, schedule.at(-1)]);
    if (conditions === this.conditions) return;
    this.conditions = conditions;
    this.since = now;
    this.clear();
    if (plan !== null) this.shareOut(plan.tables, map);
  }

  private shareOut(tables: readonly TableSpec[], { placements, workers }: ClusterMap): void {
    const segments = cutSegments(tables);
    const all = segments.reduce((sum, { floats }) => sum + floats, 0);
    for (const { node } of workers) {
      const own = segments.filter((_, at) => placements[at]?.chain[0] === node);
      this.ownShares.set(node, own.reduce((sum, { floats }) => sum + floats, 0) / all);
    }
  }

  private halve(): void {
    for (const sums of this.workers.values()) {
      sums.clocks /= 2;
      sums.computeMs /= 2;
      sums.spanMs /= 2;
      sums.bytesFrom = (sums.bytesFrom + sums.bytes) / 2;
    }
    for (const served of this.servers.values()) served.from = (served.from + served.now) / 2;
  }

  private clear(): void {
    this.workers.clear();
    this.servers.clear();
    this.ownShares.clear();
  }
}
