// How cost grows with the number of nodes: the same job, the same tables, the same work per node, in rooms of 10 to 1,000
// tabs that all work and serve. Messages and bytes are those that cross the virtual network, control messages as JSON.
import type { NodeId } from '../protocol/ids.ts';
import type { Observation } from './history.ts';
import { Simulation } from './simulation.ts';

/** Nodes of the rooms compared. */
export const GROWTH_SIZES: readonly number[] = [10, 30, 100, 300, 1_000];

/** Segments of the receipts table: the same in every room, so that a worker's own cost is the same. */
const SEGMENTS = 32;

/** A step that takes longer than its traffic: what is measured is traffic, not how it queues. */
const COMPUTE_MS = 400;

/** Clocks: the first ones warm up, then some are counted, then a tab joins, then a server crashes. */
const COUNT_FROM = 1;
const COUNT_TO = 4;
const STEPS = 14;

export interface GrowthRow {
  readonly nodes: number;
  /** Of one node in one step, gradients and parameters. */
  readonly messages: number;
  readonly kibibytes: number;
  /** Of one node in one step, control messages; the scheduler apart. */
  readonly controlMessages: number;
  readonly controlKibibytes: number;
  /** The scheduler's, sent and received, in one step. */
  readonly schedulerMessages: number;
  readonly schedulerKibibytes: number;
  readonly stepMs: number;
  /** From opening a tab to the epoch that admits it as a worker. */
  readonly joinMs: number;
  /** From the crash of a server to the epoch that replaces it everywhere. */
  readonly failoverMs: number;
  /** From the crash to the end of the first step that began after it. */
  readonly recoveryMs: number;
}

interface Tally {
  bulk: number;
  bulkBytes: number;
  control: number;
  controlBytes: number;
  scheduler: number;
  schedulerBytes: number;
}

const nothing = (): Tally => ({
  ...{ bulk: 0, bulkBytes: 0, control: 0, controlBytes: 0 },
  ...{ scheduler: 0, schedulerBytes: 0 },
});

/** Plays one room and measures it. @throws Error where the history breaks an invariant */
export function measureGrowth(nodes: number): GrowthRow {
  const meter = new GrowthMeter(nodes);
  const simulation = new Simulation({
    ...{ seed: 1, workers: 0, servers: 0, both: nodes, replicas: 1, steps: STEPS, segments: SEGMENTS },
    ...{ consistency: { kind: 'bsp' }, faults: [], faultCount: 0, computeMs: COMPUTE_MS },
    onSend: (from, to, lane, bytes) => meter.count(from, to, lane, bytes),
    observe: (observation) => meter.observe(observation),
  });
  const { violations } = simulation.run();
  const [violation] = violations;
  if (violation !== undefined) throw new Error(`${nodes} nodes: invariant ${violation.invariant}: ${violation.text}`);
  return meter.row();
}

class GrowthMeter {
  private tally: Tally | null = null;
  private counted = nothing();
  private scheduler: NodeId | null = null;
  private countedFrom = 0;
  private stepMs = Number.NaN;
  private openedAt: number | null = null;
  private joinMs = Number.NaN;
  private killed: { readonly node: NodeId; readonly at: number; readonly floor: number } | null = null;
  private failoverMs = Number.NaN;
  private recoveryMs = Number.NaN;

  constructor(private readonly nodes: number) {}

  count(from: NodeId, to: NodeId, lane: string, bytes: number): void {
    const { tally } = this;
    if (tally === null) return;
    const isScheduler = from === this.scheduler || to === this.scheduler;
    if (lane !== 'control') {
      tally.bulk++;
      tally.bulkBytes += bytes;
      return;
    }
    tally.control++;
    tally.controlBytes += bytes;
    if (isScheduler) {
      tally.scheduler++;
      tally.schedulerBytes += bytes;
    }
  }

  observe(now: Observation): void {
    this.scheduler = now.cluster.scheduler;
    this.measureSteps(now);
    if (this.tally !== null || Number.isNaN(this.stepMs)) return;
    this.measureJoin(now);
    if (!Number.isNaN(this.joinMs)) this.measureLoss(now);
  }

  private measureSteps({ floor, now }: Observation): void {
    if (this.tally === null && Number.isNaN(this.stepMs) && floor >= COUNT_FROM) {
      this.tally = this.counted;
      this.countedFrom = now;
    } else if (this.tally !== null && floor >= COUNT_TO) {
      this.tally = null;
      this.stepMs = (now - this.countedFrom) / (COUNT_TO - COUNT_FROM);
    }
  }

  private measureJoin({ now, cluster, add }: Observation): void {
    if (this.openedAt === null) {
      this.openedAt = now;
      add('worker');
    } else if (Number.isNaN(this.joinMs) && cluster.map.workers.length > this.nodes) this.joinMs = now - this.openedAt;
  }

  private measureLoss({ now, floor, cluster, kill }: Observation): void {
    if (this.killed === null) {
      const owner = cluster.map.placements.map(({ chain }) => chain[0]).find((node) => node !== cluster.scheduler);
      if (owner === undefined) return;
      this.killed = { node: owner, at: now, floor };
      kill(owner);
      return;
    }
    const { node, at, floor: before } = this.killed;
    const isReplaced = cluster.map.placements.every(({ chain }) => !chain.includes(node));
    if (Number.isNaN(this.failoverMs) && isReplaced) this.failoverMs = now - at;
    if (Number.isNaN(this.recoveryMs) && floor >= before + 2) this.recoveryMs = now - at;
  }

  row(): GrowthRow {
    const { counted, nodes } = this;
    const steps = COUNT_TO - COUNT_FROM;
    // Each message is sent by one node and received by another: both have it.
    const ofNode = (sum: number) => (2 * sum) / (steps * nodes);
    const ofOther = (all: number, scheduler: number) => (2 * all - scheduler) / (steps * (nodes - 1));
    return {
      nodes,
      messages: ofNode(counted.bulk),
      kibibytes: ofNode(counted.bulkBytes) / 1024,
      controlMessages: ofOther(counted.control, counted.scheduler),
      controlKibibytes: ofOther(counted.controlBytes, counted.schedulerBytes) / 1024,
      schedulerMessages: counted.scheduler / steps,
      schedulerKibibytes: counted.schedulerBytes / steps / 1024,
      stepMs: this.stepMs,
      joinMs: this.joinMs,
      failoverMs: this.failoverMs,
      recoveryMs: this.recoveryMs,
    };
  }
}

const COLUMNS: readonly (readonly [string, (row: GrowthRow) => number])[] = [
  ['nodes', ({ nodes }) => nodes],
  ['messages/step·node', ({ messages }) => messages],
  ['KiB/step·node', ({ kibibytes }) => kibibytes],
  ['control messages/step·node', ({ controlMessages }) => controlMessages],
  ['control KiB/step·node', ({ controlKibibytes }) => controlKibibytes],
  ['scheduler messages/step', ({ schedulerMessages }) => schedulerMessages],
  ['scheduler KiB/step', ({ schedulerKibibytes }) => schedulerKibibytes],
  ['step ms', ({ stepMs }) => stepMs],
  ['join ms', ({ joinMs }) => joinMs],
  ['failover ms', ({ failoverMs }) => failoverMs],
  ['recovery ms', ({ recoveryMs }) => recoveryMs],
];

const format = (value: number): string => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en'));

const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The first lines of the table. */
export const growthHead = (): string =>
  [lineOf(COLUMNS.map(([name]) => name)), lineOf(COLUMNS.map(() => '--:'))].join('\n');

export const growthLine = (row: GrowthRow): string =>
  lineOf(COLUMNS.map(([name, read]) => (name === 'nodes' ? String(row.nodes) : format(read(row)))));
