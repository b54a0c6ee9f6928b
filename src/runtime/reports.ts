// From what the two workers of a tab report to what the tab tells the scheduler.
import type { Report } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_ROOM_NODES } from '../protocol/limits.ts';
import type { OwnReport } from '../ps/node-core.ts';
import type { NodeBytes } from './link-table.ts';
import type { ShardReport } from './shard-host.ts';
import type { TrainerReport } from './trainer-host.ts';

/** Turns counts of bytes into rates, per node. */
export class TrafficMeter {
  private last = new Map<NodeId, number>();
  private at = 0;

  /** Bytes per second sent to each node since the last call. */
  flows(trainer: TrainerReport, shard: ShardReport, now: number): [NodeId, number][] {
    const sent = sumByNode([...trainer.bytes, ...shard.bytes]);
    const seconds = Math.max((now - this.at) / 1000, 0.001);
    const flows = [...sent].map(([node, bytes]): [NodeId, number] => [
      node,
      Math.max(0, bytes - (this.last.get(node) ?? 0)) / seconds,
    ]);
    this.last = sent;
    this.at = now;
    return flows.filter(([, rate]) => rate > 0);
  }
}

function sumByNode(bytes: readonly NodeBytes[]): Map<NodeId, number> {
  const sums = new Map<NodeId, number>();
  for (const { node, bytesOut } of bytes) sums.set(node, (sums.get(node) ?? 0) + bytesOut);
  return sums;
}

/** What the page itself knows of a tab's links. */
export interface LinkFigures {
  readonly flows: [NodeId, number][];
  /** Bytes per second that links have drained, of all workers of the tab: perhaps several of a node. */
  readonly drains: readonly [NodeId, number][];
  /** What a person allows this tab, in bytes per second each way; null is no cap. */
  readonly bandwidth: number | null;
}

export function mergeReports(
  trainer: TrainerReport,
  shard: ShardReport,
  { flows, drains, bandwidth }: LinkFigures,
): OwnReport {
  const { run, isPrepared, holdsAllBlocks, problem, divergedAt, worker, acknowledged, abandoned, traffic, cut } =
    trainer;
  const all = [...trainer.bytes, ...shard.bytes];
  return {
    kind: 'report',
    run,
    isPrepared,
    holdsAllBlocks,
    problem: problem?.slice(0, 500) ?? null,
    divergedAt,
    worker,
    acknowledged,
    abandoned,
    traffic,
    epoch: shard.epoch,
    settled: shard.settled,
    hostile: shard.hostile,
    cut,
    shard: shard.figures === null ? null : shardReportOf(shard.figures),
    bytesIn: all.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
    bytesOut: all.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    flows,
    ...(drains.length === 0 ? {} : { drains: slowestByNode(drains) }),
    ...(bandwidth === null ? {} : { bandwidth }),
    links: worker === null ? { webrtc: 0, port: 0 } : trainer.links,
  };
}

/** Two nodes have several links, but one way between them: it is as fast as the slowest figure says. */
function slowestByNode(drains: LinkFigures['drains']): [NodeId, number][] {
  const slowest = new Map<NodeId, number>();
  for (const [node, rate] of drains) slowest.set(node, Math.min(rate, slowest.get(node) ?? rate));
  return [...slowest].slice(0, MAX_ROOM_NODES);
}

function shardReportOf(figures: Figures): NonNullable<Report['shard']> {
  const { duplicates, pushes, refused, staleness, workers, busyMs, saved } = figures;
  const lists = { pushes: [...pushes], refused: [...refused], workers: [...workers] };
  return { duplicates, ...lists, staleness, busyMs, ...(saved.push + saved.pull > 0 ? { saved } : {}) };
}

type Figures = NonNullable<ShardReport['figures']>;
