// Test code: small clusters, plans and messages, with what a test does not care about filled in.

import type { ClusterState, Metrics, Report, RunPlan, WorkerReport } from '../protocol/control.ts';
import type { Frame, Pull, Push } from '../protocol/frames.ts';
import { type Epoch, NO_CLOCK, type NodeId, nodeId, type WorkerId } from '../protocol/ids.ts';
import { CLASSIFIER_MEASURES } from '../protocol/measures.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Consistency, Schedule } from './consistency.ts';
import { assignSegments } from './ring.ts';
import { ShardCore, type ShardPlan } from './shard-core.ts';
import { cutSegments, type Init, type TableSpec } from './table.ts';

export const BSP: Consistency = { kind: 'bsp' };
export const ASYNC: Consistency = { kind: 'async' };
export const sspOf = (delay: number): Consistency => ({ kind: 'ssp', delay });

export const epochOf = (counter: number, term = 1): Epoch => ({ term, counter });
export const workerOf = (node: number, incarnation = 1): WorkerId => ({ node: nodeId(node), incarnation });

/** A table of `keys` rows; dense, all zeros, unless said. */
export function tableOf(keys: number, width = 1, init: Init = { kind: 'zeros' }, name = 'w'): TableSpec {
  return { name, keys, width, init, shape: [keys, width] };
}

export const scheduleOf = (consistency: Consistency, learningRate = 1): Schedule => [
  { fromClock: 0, consistency, learningRate },
];

/** A run with one table of 4 values, plain SGD, one step per clock for 8 samples. */
export const shardPlanOf = (change: Partial<ShardPlan> = {}): ShardPlan => ({
  run: 1,
  tables: [tableOf(4)],
  seed: 7,
  updater: { kind: 'sgd' },
  batch: 8,
  isResumed: false,
  steps: 1_000_000,
  ...change,
});

export interface MapChoice {
  readonly epoch?: Epoch;
  readonly run?: number;
  readonly servers?: readonly number[];
  readonly workers?: readonly WorkerId[];
  /** For segments and chains; one table of 4 values when absent. */
  readonly tables?: readonly TableSpec[];
  readonly replicas?: number;
  /** Chain and learners of every segment, instead of the ring's. */
  readonly chain?: readonly number[];
  readonly learners?: readonly number[];
}

/** A cluster map. */
export function mapOf(choice: MapChoice = {}): ClusterMap {
  const { epoch = epochOf(1), run = 1, servers = [9], workers = [], tables = [tableOf(4)] } = choice;
  const { chain, learners = [], replicas = 0 } = choice;
  const ranges = cutSegments(tables);
  const chains = chain ? ranges.map(() => chain.map(nodeId)) : assignSegments(servers.map(nodeId), ranges, replicas);
  const placements = chains.map((nodes) => ({ chain: nodes, learners: learners.map(nodeId) }));
  return { epoch, run, servers: servers.map(nodeId), placements, workers };
}

/** A push of one segment; `values` as rows of `keys`, or the whole range. */
export function pushOf(worker: WorkerId, clock: number, values: readonly number[], change: Partial<Push> = {}): Push {
  const place = { epoch: epochOf(1), table: 0, segment: 0 };
  const counts = { clock, settled: clock, samples: 4, readFront: clock - 1 };
  return { kind: 'push', ...place, worker, ...counts, keys: null, values: Float32Array.from(values), ...change };
}

/** A pull of a whole segment. */
export function pullOf(worker: WorkerId, minClock = NO_CLOCK, change: Partial<Pull> = {}): Pull {
  const place = { epoch: epochOf(1), table: 0, segment: 0 };
  return { kind: 'pull', ...place, worker, request: 1, minClock, done: NO_CLOCK, keys: null, ...change };
}

/** A shard that knows its plan, its schedule and its map, and what it sent in the last step. */
export class TestShard {
  readonly core: ShardCore;

  constructor(
    readonly self: NodeId,
    map: ClusterMap,
    schedule: Schedule = scheduleOf(BSP),
    plan: ShardPlan = shardPlanOf(),
  ) {
    this.core = new ShardCore(self);
    this.core.step({ kind: 'plan', plan });
    this.core.step({ kind: 'schedule', schedule });
    this.core.step({ kind: 'map', map });
  }

  /** Brings a frame; from the worker that it names, unless said. @returns what goes out */
  take(frame: Frame, from: number = 'worker' in frame ? frame.worker.node : 0): Frame[] {
    return this.core.step({ kind: 'frame', from: nodeId(from), frame }).map((effect) => effect.frame);
  }

  setMap(map: ClusterMap): Frame[] {
    return this.core.step({ kind: 'map', map }).map(({ frame }) => frame);
  }

  setSchedule(schedule: Schedule): Frame[] {
    return this.core.step({ kind: 'schedule', schedule }).map(({ frame }) => frame);
  }

  /** The parameters of the first segment. */
  values(): number[] {
    return [...(this.core.segments()[0]?.segment.state().values ?? [])];
  }

  /** Everything that frames could change: rows, optimiser state, versions, clocks. */
  state(): unknown {
    return structuredClone(
      this.core.segments().map(({ segment }) => ({
        ...segment.state(),
        version: segment.version,
        floor: segment.clocks.floor(),
        clocks: segment.clocks.list(),
      })),
    );
  }
}

/** Kinds of frames, with the reason where they are refusals: a step in a few words. */
export const wordsOf = (frames: readonly Frame[]): string[] =>
  frames.map((frame) => (frame.kind === 'refuse' ? `refuse ${frame.reason}` : frame.kind));

/** A run of 100 clocks on 4 blocks of 100 samples. */
export const runPlanOf = (change: Partial<RunPlan> = {}): RunPlan => ({
  run: 0,
  job: 'digits-mlp',
  title: 'Handwritten digits',
  measures: CLASSIFIER_MEASURES,
  options: {},
  seed: 7,
  batch: 10,
  steps: 100,
  updater: { kind: 'sgd' },
  replicas: 0,
  tables: [{ ...tableOf(4), shape: [4] }],
  data: {
    name: 'test data',
    train: { samples: 400, blockSamples: 100, blocks: 4 },
    test: { samples: 100, blockSamples: 100, blocks: 1 },
    source: { kind: 'generated', seed: 1, samples: null },
  },
  evaluateEvery: 10,
  lossEvery: 5,
  checkpoint: { steps: null, seconds: null },
  startedAt: 0,
  from: null,
  ...change,
});

export const workerReportOf = (change: Partial<WorkerReport> = {}): WorkerReport => ({
  clock: NO_CLOCK,
  samples: 0,
  losses: [],
  evaluations: [],
  computeMs: 0,
  waitMs: 0,
  communicateMs: 0,
  spanMs: 250,
  sinceClockMs: 0,
  isDone: false,
  device: 'wasm',
  ...change,
});

/** A node's report that says: I am prepared. */
export const reportOf = (change: Partial<Report> = {}): Report => ({
  kind: 'report',
  run: 1,
  isPrepared: true,
  holdsAllBlocks: false,
  problem: null,
  divergedAt: null,
  worker: null,
  acknowledged: 0,
  abandoned: 0,
  shard: null,
  epoch: epochOf(0, 0),
  settled: [],
  hostile: [],
  unreachable: [],
  cut: null,
  bytesIn: 0,
  bytesOut: 0,
  traffic: { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } },
  flows: [],
  links: { webrtc: 0, port: 0 },
  rttMs: null,
  ...change,
});

export const metricsOf = (change: Partial<Metrics> = {}): Metrics => ({
  kind: 'metrics',
  run: 1,
  clock: 0,
  samples: 0,
  seconds: 0,
  samplesPerSecond: 0,
  loss: [],
  accuracy: [],
  isHistory: false,
  staleness: {},
  traffic: { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } },
  applied: 0,
  acknowledged: 0,
  duplicates: 0,
  tallies: [],
  nodes: [],
  ...change,
});

/** Workers of a cluster's map by node. */
export const workersOf = ({ map }: ClusterState): number[] => map.workers.map(({ node }) => node);
