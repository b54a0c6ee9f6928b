// The headless view state: what the page knows, ready to show. Written by runtime, read by ui. No behaviour.
import type { NodeId } from '../protocol/ids.ts';

export type RoleChoice = 'auto' | 'worker' | 'server' | 'both' | 'watch';

export type ConsistencyView =
  | { kind: 'bsp' }
  | { kind: 'ssp'; delay: number }
  /** The scheduler moves the bound; `delay` is the one of now. */
  | { kind: 'dynamic'; delay: number }
  | { kind: 'async' };

/** What pushes and pulls go through; as people write it: "topk:0.01+int8". */
export type FiltersView = { kind: 'off' } | { kind: 'auto' } | { kind: 'fixed'; push: string; pull: string };

/** How one gradient is made of all workers' gradients of a clock. */
export type AggregatorView =
  | { kind: 'mean' }
  | { kind: 'median' }
  | { kind: 'trimmed-mean'; share: number }
  | { kind: 'centred-clipping'; iterations: number };

/** What a run has where nobody chose. */
export const DEFAULT_FILTERS: 'off' | 'auto' = 'auto';

/**
 * Where a dynamic bound begins: it takes a second to see who is slower, and with a bound of 1 all others would wait for most of
 * it. It comes down by itself where less is enough.
 */
export const FIRST_DYNAMIC_DELAY = 16;

/** Bytes of one direction: keys and values as they are, whole frames, and what is between them, stage by stage. */
export interface WayView {
  raw: number;
  wire: number;
  /** f32 of the values that are left where some are left out. */
  kept?: number;
  /** Coded values, their places and keys. */
  coded?: number;
  /** Of whole frames, what links deflated away. */
  saved?: number;
  /** Spent in filters. */
  milliseconds?: number;
}

export type ConnectionView =
  | { phase: 'offline' }
  | { phase: 'joining' }
  | { phase: 'joined' }
  /** The signaling server is away; training goes on. */
  | { phase: 'reconnecting'; reason: string; retryInMs: number }
  /** Nothing more will happen without the user: wrong secret, room full, no WebRTC, other version. */
  | { phase: 'failed'; reason: string; advice: string }
  /** Handing over what this tab owns before it goes. */
  | { phase: 'leaving' }
  | { phase: 'left' }
  /** Stopped by its user as a crash would, to show what the others do. */
  | { phase: 'killed' };

/** How this tab is connected to one other node. */
export type PeerView =
  | { phase: 'self' }
  | { phase: 'connecting' }
  | { phase: 'connected' }
  /** The connection was lost just now; a new one is being made. */
  | { phase: 'reconnecting'; reason: string }
  /** No way was found so far; tried again by itself every few seconds. */
  | { phase: 'unreachable'; reason: string };

export interface NodeView {
  id: NodeId;
  /** "Chromium on Linux". */
  label: string;
  isSelf: boolean;
  isScheduler: boolean;
  isWorker: boolean;
  isServer: boolean;
  peer: PeerView;
  /** Iterations finished; null for a node that isn't a worker. */
  clock: number | null;
  samplesPerSecond: number;
  /** Fractions of wall time lately; they sum to at most 1. */
  compute: number;
  wait: number;
  communicate: number;
  /** What a worker computes with: "wasm", "webgpu", "JavaScript"; absent before it is known. */
  device?: string;
  bytesIn: number;
  bytesOut: number;
  rttMs: number | null;
  /** Mean staleness in clocks of the gradients this worker pushed; null without any. */
  staleness: number | null;
  /** The worker that makes its gradients, too, while it is far behind. */
  helper?: NodeId;
  /** How far the worker is behind the front, when that is notable. */
  isSlow: boolean;
  /** Frames of this node that were not taken, by reason; absent before the first figures. */
  refused?: Readonly<Record<string, number>>;
}

export type DeviceWishView = 'auto' | 'wasm' | 'webgpu' | 'webgl';

/** What this tab computes with. */
export interface DeviceView {
  wish: DeviceWishView;
  /** What the newest run got; null before it has prepared. */
  choice: {
    used: string;
    /** Null where the job computes with none of them. */
    available: readonly string[] | null;
    /** Milliseconds of a step of each that was tried. */
    stepMs: Readonly<Record<string, number>>;
  } | null;
}

export type RunPhase = 'idle' | 'preparing' | 'running' | 'paused' | 'finishing' | 'finished' | 'stopped' | 'failed';

/** Where the gradients of a clock are made one: at the servers, or on their way from worker to worker. */
export type ReduceView = 'server' | 'ring';

/** What a job's curves are called, and how its score is shown. */
export interface MeasuresView {
  loss: { name: string };
  /** Null for a job without a score: it has one curve only. */
  score: { name: string; format: 'percent' | 'number'; isHigherBetter: boolean } | null;
}

export interface RunView {
  number: number;
  job: string;
  title: string;
  measures: MeasuresView;
  phase: RunPhase;
  /** Why it is paused, failed or waiting, in a sentence; null when there is nothing to say. */
  message: string | null;
  /** Clocks finished by every worker, of `steps`. */
  clock: number;
  steps: number;
  batch: number;
  samples: number;
  samplesPerSecond: number;
  seconds: number;
  loss: number | null;
  /** The job's score on test data, as `measures` says: most often the fraction classified right. Null before the first. */
  accuracy: number | null;
  parameters: number;
  consistency: ConsistencyView;
  learningRate: number;
  /** Outside BSP each gradient's rate is divided by its staleness. */
  isStalenessAware: boolean;
  updater: string;
  /** Copies of each parameter wanted besides the owner's: so many tabs may be closed at once. */
  replicas: number;
  filters: FiltersView;
  aggregator: AggregatorView;
  reduce: ReduceView;
  /** Batches between two exchanges, where that is fixed; else 1. */
  localSteps: number;
  /** Batches between two exchanges now, also where the automatic mode chose them. */
  roundSteps: number;
  /** What the servers do with what came of local steps; null where those have no way. */
  outer: OuterView | null;
  /** What the automatic mode chose and why; null without it. */
  filterChoice: string | null;
  /** By worker the servers whose links are so much faster than those of that choice that they carry values as they are. */
  near: readonly { readonly worker: NodeId; readonly servers: readonly NodeId[] }[];
  traffic: { push: WayView; pull: WayView };
  data: string;
  /** Data stay in their tabs. */
  isPrivate: boolean;
  checkpoints: CheckpointPolicyView;
  /** Tells this run from every other: milliseconds since 1970 by its starter's clock. */
  startedAt: number;
}

/** A step along the workers' mean way, with Nesterov momentum where that isn't 0. */
export interface OuterView {
  learningRate: number;
  momentum: number;
}

/** How often a checkpoint is kept, whichever comes first; nulls mean never. */
export interface CheckpointPolicyView {
  steps: number | null;
  seconds: number | null;
}

/** The newest checkpoint of this room that this browser keeps: of the run that goes on, or of one before. */
export interface KeptCheckpointView {
  /** As in the run's view. */
  startedAt: number;
  /** Iterations that are in. */
  step: number;
  steps: number;
  title: string;
  data: string;
  workers: number;
  /** Milliseconds since 1970. */
  savedAt: number;
  bytes: number;
  /** Outlives the tab; else why not is in `reason`. */
  isLasting: boolean;
  reason: string | null;
}

/** Training curves. Columns have equal lengths; `version` grows with every change. */
export interface SeriesView {
  version: number;
  loss: { step: number[]; samples: number[]; seconds: number[]; value: number[] };
  accuracy: { step: number[]; samples: number[]; seconds: number[]; value: number[] };
}

export interface SegmentView {
  table: string;
  segment: number;
  startKey: number;
  endKey: number;
  floats: number;
  owner: NodeId | null;
  /** Nodes that keep a complete copy, in the order in which they would become the owner. */
  replicas: NodeId[];
  /** Nodes whose copy is being filled. */
  learners: NodeId[];
}

export interface RingView {
  /** Virtual nodes: positions in [0, 1) around the ring. Keys up to a position belong to it: first at or after, clockwise. */
  points: { position: number; node: NodeId }[];
  /** Segments at their positions, with their owners. */
  segments: (SegmentView & { position: number })[];
}

/** Bytes per second from one node to another (or to itself), lately, for the drawing: at most one per ordered pair. */
export interface FlowView {
  from: NodeId;
  to: NodeId;
  bytesPerSecond: number;
}

/** Whether data stay in their tabs, and what each tab has told of its own. */
export interface PrivacyView {
  isPrivate: boolean;
  /** `shape` is for programs. */
  tabs: { node: NodeId; samples: number; shape: string }[];
  /** Why the data chosen here can't stay in their tab; null where they can. */
  whyNot: string | null;
}

/** What this tab has sent so far, in bytes, and which data came from whom. */
export interface TransfersView {
  data: number;
  updates: number;
  parameters: number;
  other: number;
  fetched: { node: NodeId; blocks: number; bytes: number }[];
}

export interface ProgressView {
  label: string;
  /** 0–1, or null when the end isn't known. */
  fraction: number | null;
  /** It can be stopped. */
  canCancel?: boolean;
}

export interface DatasetView {
  name: string;
  /** "10,000 training and 10,000 test images, 28×28, 10 classes". */
  description: string;
  source: 'generated' | 'files';
  /** Jobs that can learn from it. */
  jobs: string[];
  /** A few samples to look at; null where there is nothing to see. */
  preview: PreviewView | null;
  /** Does this tab have its files, to read them again with corrections? */
  isCorrectable?: boolean;
  /** What the columns of a table were taken for, where this tab has its file. */
  table?: TableView;
  /** Columns of a table that was read as documents: one of them may be counted alone. */
  columns?: { names: string[]; chosen: string | null };
}

export type ColumnKindView = 'number' | 'category' | 'ignored';

export interface TableView {
  delimiter: string;
  /** Name of the column that is predicted. */
  target: string;
  columns: { name: string; kind: ColumnKindView; missing: number; distinct: number | null }[];
}

/** What a user says of files beyond choosing them. */
export interface DataSettingsView {
  /** Leave out rows that can't be read. */
  skipBadRows: boolean;
  /** Of a table; null lets the file tell. */
  table: { delimiter: string | null; target: string | null; kinds: Record<string, ColumnKindView> };
  /** Pixels a side of pictures; null lets them tell. */
  imageSide: number | null;
  /** Of a table, for jobs that count: the column whose fields are counted; null takes the file as text. */
  column: string | null;
}

/** 8-bit pictures. */
export interface ImagesView {
  kind: 'images';
  width: number;
  height: number;
  images: { pixels: Uint8Array; label: string }[];
  /** Values of a pixel: 3 are red, green and blue; 1, and absent, is ink. */
  channels?: 1 | 3;
  /** Training pictures of each class, where classes have names. */
  classes?: { label: string; count: number }[];
}

export type PreviewView =
  | ImagesView
  | { kind: 'table'; columns: string[]; rows: string[][] }
  | { kind: 'text'; lines: string[] };

export interface JobView {
  name: string;
  title: string;
  summary: string;
  defaults: { batch: number; learningRate: number; updater: string; steps: number };
  /** Every step changes all its parameters. */
  isWhole: boolean;
  /** It counts all of its data: nothing is held out of files. */
  isStream?: boolean;
  /** What its parameters can be downloaded as, besides safetensors. */
  exports?: { name: string; extension: string }[];
}

export interface NoticeView {
  id: number;
  /** Milliseconds since the page opened. */
  atMs: number;
  level: 'info' | 'good' | 'warning' | 'error';
  text: string;
}

export interface ProblemView {
  text: string;
  advice: string;
  /** What the page offers to do about it. */
  action?: { kind: 'skip-bad-rows'; rows: number; isPictures: boolean };
}

/** Parameters out of a file, which the next run of their job begins with. */
export interface StartParametersView {
  file: string;
  job: string;
  title: string;
  /** How many values. */
  parameters: number;
}

/** So many workers and servers; a tab may be both. */
export interface RatioView {
  workers: number;
  servers: number;
}

/** What the ratio advisor says of the tabs that are there. */
export interface AdviceView {
  tabs: number;
  current: RatioView;
  best: RatioView;
  /** What a clock takes now: milliseconds, and bytes that one worker pushes and pulls. */
  figures: { clockMs: number; computeMs: number; leastMs: number; bytes: number; serveMs: number; roundTripMs: number };
  /** Samples per second. */
  points: (RatioView & { predicted: number; measured: number | null })[];
}

export interface ViewState {
  /** Null before a clock was measured. */
  advice: AdviceView | null;
  /** The scheduler sets the ratio itself. */
  isRatioAutomatic: boolean;
  /** Null: a run begins with parameters of chance. */
  startFrom: StartParametersView | null;
  /** A model out of a file that answers in the lobby, without training. */
  trying: { job: string; file: string } | null;
  connection: ConnectionView;
  /** The link that others open to join; null before a room exists. */
  roomLink: string | null;
  /** The same link under addresses that other devices can reach. */
  lanLinks: string[];
  self: NodeId | null;
  role: RoleChoice;
  /** This tab computes so many times slower than it could, on purpose; 1 is as fast as it can. */
  slowdown: number;
  /** What this tab may send, and take, in bytes per second; null is as much as it can. */
  bandwidth: number | null;
  device: DeviceView;
  nodes: NodeView[];
  run: RunView | null;
  series: SeriesView;
  ring: RingView;
  flows: FlowView[];
  jobs: JobView[];
  /** The job chosen for the next run. */
  job: string;
  dataset: DatasetView | null;
  privacy: PrivacyView;
  transfers: TransfersView;
  progress: ProgressView | null;
  checkpoint: KeptCheckpointView | null;
  /** The last thing the user asked for that could not be done; null after it is dismissed. */
  problem: ProblemView | null;
  notices: NoticeView[];
}

/** What a new run should be, as the start panel has it. */
export interface StartRequest {
  job: string;
  batch: number;
  steps: number;
  learningRate: number;
  updater: string;
  consistency: ConsistencyView;
  /** Off when absent. */
  isStalenessAware?: boolean;
  /** Copies of each parameter besides the owner's, 0 to 3. */
  replicas: number;
  /** Off when absent; the page and the command line say `DEFAULT_FILTERS`. */
  filters?: FiltersView;
  /** The mean when absent; the others need BSP. */
  aggregator?: AggregatorView;
  /** At the servers when absent; the ring needs BSP and no filters. */
  reduce?: ReduceView;
  /** Idle workers make the gradients of those far behind, too; off when absent, and of use in BSP alone. */
  hasBackups?: boolean;
  /** Batches between two exchanges; absent or 1: as the filters say. */
  localSteps?: number;
  /** What servers do with what came of them; chosen when absent. */
  outer?: OuterView;
  seed: number;
  checkpoints: CheckpointPolicyView;
}

/** What a user can ask for. Everything reports through the view state; only answers to questions are returned. */
export interface Commands {
  chooseJob(name: string): void;
  generateData(): void;
  /** Reads dropped files, named by their paths: recognised by content, parsed off the main thread. None: does nothing. */
  loadFiles(files: readonly File[] | Promise<readonly File[]>): void;
  /** Reads the same files again, with other settings. */
  correctData(settings: Partial<DataSettingsView>): void;
  /** Stops reading files; the data chosen before are kept. */
  cancelLoading(): void;
  /** Says for the whole room whether data stay in their tabs. */
  setPrivate(isPrivate: boolean): void;
  start(request: StartRequest): void;
  pause(): void;
  resume(): void;
  stop(): void;
  setConsistency(consistency: ConsistencyView): void;
  setLearningRate(rate: number): void;
  setStalenessAware(isStalenessAware: boolean): void;
  /** Makes this tab compute so many times slower, to show what a straggler does. */
  slowDown(factor: number): void;
  /** Caps what this tab sends, and takes, in bytes per second; null lifts the cap. */
  setBandwidth(bytesPerSecond: number | null): void;
  /** What dense jobs compute with in this tab, from the next run on. */
  setDevice(device: DeviceWishView): void;
  setFilters(filters: FiltersView): void;
  setRole(role: RoleChoice): void;
  /** Makes so many tabs work and so many serve, whoever they are. */
  setRatio(ratio: RatioView): void;
  /** Lets the scheduler choose how many work and how many serve, or not. */
  setRatioAutomatic(isAutomatic: boolean): void;
  /** Saves the live parameters as a file: .safetensors, or what the job has of that extension. */
  download(extension?: string): void;
  /** Lets the model of the dropped parameters answer at once, without training. */
  tryParameters(): void;
  /** Forgets the parameters that the next run was to begin with. */
  dropStartParameters(): void;
  /** Goes on from the newest checkpoint that this browser keeps. */
  resumeCheckpoint(): void;
  /** Cuts a checkpoint and saves it as one file, which can be dropped on the page to go on from. */
  downloadCheckpoint(): void;
  /** Probabilities from the live parameters for one image, values in [0, 1], row-major in the dataset's shape. */
  predict(image: Float32Array): Promise<Float32Array>;
  /** A PNG or JPEG as the run's model would see it: values in [0, 1], row-major in the dataset's shape. */
  readImage(file: Blob): Promise<Float32Array>;
  /** What a job's own pictures ask of the live parameters; question and answer are the job's (`Trainer.look`). */
  look(request: unknown): Promise<unknown>;
  /** Hands over what this tab owns, then goes. */
  leave(): void;
  /** Stops this tab as a crash would: without a word to anybody. */
  kill(): void;
  dismissProblem(): void;
}
