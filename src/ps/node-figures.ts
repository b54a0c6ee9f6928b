// What the page is told of each node, and of all together: from what nodes reported last of themselves and of each other. Pure.
import type { Metrics, NodeMetrics, Report, Traffic, WayBytes } from '../protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';
import type { WorkerPaces } from './worker-paces.ts';
import { WorkerRates } from './worker-rates.ts';

/** A worker is shown as slow when its pace, without what it waits for others, is less than this share of the median's. */
const SLOW_SHARE = 0.5;

export interface NodeProgress {
  report: Report | null;
  samples: number;
  readonly rates: WorkerRates;
}

/** What is known of each node by now. */
type Known = ReadonlyMap<NodeId, NodeProgress>;

export interface NodeRole {
  readonly node: NodeId;
  readonly label: string;
  readonly isWorker: boolean;
  readonly isServer: boolean;
}

export const emptyProgress = (samples = 0): NodeProgress => ({
  report: null,
  samples,
  rates: new WorkerRates(),
});

const noTraffic = (): Traffic => ({ push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } });

/** Sums over the nodes that are there of what shards and trainers counted. */
export function totalsOf(nodes: Known): Pick<Metrics, 'staleness' | 'traffic'> {
  const staleness = new Map<string, number>();
  const traffic = noTraffic();
  for (const { report } of nodes.values()) {
    if (report === null) continue;
    for (const way of ['push', 'pull'] as const) {
      addBytes(traffic[way], report.traffic[way]);
    }
    if (report.shard === null) continue;
    for (const way of ['push', 'pull'] as const) {
      const saved = report.shard.saved?.[way] ?? 0;
      if (saved > 0) traffic[way].saved = (traffic[way].saved ?? 0) + saved;
    }
    for (const [delay, count] of Object.entries(report.shard.staleness)) {
      staleness.set(delay, (staleness.get(delay) ?? 0) + count);
    }
  }
  // Servers count it, also of workers that have gone since, whose frames are counted no more.
  for (const way of [traffic.push, traffic.pull]) {
    if (way.saved !== undefined) way.saved = Math.min(way.saved, way.wire);
  }
  return { staleness: Object.fromEntries(staleness), traffic };
}

/** The lines of `roles`. @param workers all that work, of whom some may be slower than most */
export function linesOf(
  roles: readonly NodeRole[],
  workers: readonly NodeId[],
  nodes: Known,
  paces: WorkerPaces,
): NodeMetrics[] {
  const [slow, delays, refusals] = [slowOf(workers, paces), delaysOf(nodes), refusalsOf(nodes)];
  return roles.map((role) => ({
    ...ownFigures(role, nodes.get(role.node) ?? emptyProgress()),
    isSlow: slow.has(role.node),
    staleness: delays.get(role.node) ?? null,
    refused: Object.fromEntries(refusals.get(role.node) ?? []),
  }));
}

/** What a node says of itself. */
function ownFigures({ node, label, isWorker, isServer }: NodeRole, progress: NodeProgress) {
  const { report, rates } = progress;
  return {
    node,
    label,
    isWorker,
    isServer,
    clock: isWorker ? (report?.worker?.clock ?? NO_CLOCK) : null,
    samplesPerSecond: isWorker ? rates.samplesPerSecond : 0,
    ...rates.shares,
    bytesIn: report?.bytesIn ?? 0,
    bytesOut: report?.bytesOut ?? 0,
    links: report?.links ?? { webrtc: 0, port: 0 },
    rttMs: report?.rttMs ?? null,
    device: report?.worker?.device ?? null,
    flows: report?.flows ?? [],
  };
}

/** In BSP all clocks are equal, and samples per second as good as: only the time that a clock keeps a worker busy tells. */
function slowOf(workers: readonly NodeId[], all: WorkerPaces): ReadonlySet<NodeId> {
  const paces = workers.flatMap((node) => {
    const pace = all.pace(node);
    return pace === null ? [] : [{ node, mean: pace.mean }];
  });
  const sorted = paces.map(({ mean }) => mean).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return new Set(paces.filter(({ mean }) => mean < SLOW_SHARE * median).map(({ node }) => node));
}

/** What shards refused of each node's frames, by reason. */
function refusalsOf(nodes: Known): Map<NodeId, Map<string, number>> {
  const sums = new Map<NodeId, Map<string, number>>();
  for (const { report } of nodes.values()) {
    for (const { node, reason, count } of report?.shard?.refused ?? []) {
      const ofNode = sums.get(node) ?? new Map<string, number>();
      sums.set(node, ofNode.set(reason, (ofNode.get(reason) ?? 0) + count));
    }
  }
  return sums;
}

/** Mean delay of each worker's gradients over all shards; of who has none it says nothing. */
function delaysOf(nodes: Known): Map<NodeId, number> {
  const sums = new Map<NodeId, { applied: number; delaySum: number }>();
  for (const { report } of nodes.values()) {
    for (const { node, applied, delaySum } of report?.shard?.workers ?? []) {
      const sum = sums.get(node) ?? { applied: 0, delaySum: 0 };
      sums.set(node, { applied: sum.applied + applied, delaySum: sum.delaySum + delaySum });
    }
  }
  const told = [...sums].filter(([, { applied }]) => applied > 0);
  return new Map(told.map(([node, { applied, delaySum }]) => [node, delaySum / applied]));
}

function addBytes(sum: WayBytes, part: WayBytes): void {
  sum.raw += part.raw;
  sum.wire += part.wire;
  for (const stage of ['kept', 'values', 'places', 'keys', 'milliseconds'] as const) {
    if (part[stage] !== undefined) sum[stage] = (sum[stage] ?? 0) + part[stage];
  }
}
