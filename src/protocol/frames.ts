// The bulk protocol: numbered frame kinds, and what each of them holds. How they become bytes is in frame-codec.ts.
import type { ClockSnapshot, Round } from './frame-fields.ts';
import type { Epoch, NodeId, SegmentId, WorkerId } from './ids.ts';
import type { RingAnswer, RingPush } from './ring-frames.ts';

/** Numbers on the wire. Append only: a number, once used, never means anything else. */
export const FrameKind = {
  push: 1,
  ack: 2,
  pull: 3,
  answer: 4,
  refuse: 5,
  snapshot: 6,
  blockRequest: 7,
  blockAnswer: 8,
  update: 9,
  confirm: 10,
  follow: 11,
  cut: 12,
  restore: 13,
  filteredPush: 14,
  filteredPull: 15,
  filteredAnswer: 16,
  codedUpdate: 17,
  ringPush: 20,
  ringAnswer: 21,
} as const;

/** Why a shard didn't do what a frame asked. Append only. */
export const refusals = [
  'none',
  'stale-epoch',
  'not-owner',
  'not-a-worker',
  'out-of-order',
  'bad-keys',
  'not-finite',
  'too-many',
  'early',
  'bad-samples',
  'bad-clock',
  'malformed',
  'unknown-keys',
] as const;
export type Refusal = (typeof refusals)[number];

/** A worker's gradient for one segment at one clock. `keys` null means every row of the segment, in order. */
export interface Push extends SegmentId, Round {
  readonly kind: 'push';
  readonly epoch: Epoch;
  readonly worker: WorkerId;
  readonly clock: number;
  /** Everything of this worker before this clock is acknowledged, or will never come. */
  readonly settled: number;
  /** Samples behind the gradient: its weight in an aggregation. */
  readonly samples: number;
  /** Newest clock of any worker in what was pulled for this gradient: what staleness is measured from. */
  readonly readFront: number;
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
}

/** What a filtered frame carries instead of arrays, in the coding of `ps/filters`: only who knows the segment reads it. */
export interface CodedRows {
  /** A key list, or its signature. */
  readonly keys: Uint8Array;
  /** A value block. */
  readonly block: Uint8Array;
}

/** A push that went through filters. */
export interface FilteredPush extends Omit<Push, 'kind' | 'keys' | 'values'>, CodedRows {
  readonly kind: 'filteredPush';
}

/** How a worker wants the rows that it asks for. */
export interface PullWish {
  /** Number of a value codec. */
  readonly codec: number;
  /** As the difference from what it holds: with a base it names the answer that it holds, 0 for none. Null: as they are. */
  readonly base: number | null;
}

/** A pull whose keys are coded, and whose answer shall be. */
export interface FilteredPull extends Omit<Pull, 'kind' | 'keys'> {
  readonly kind: 'filteredPull';
  readonly wish: PullWish;
  /** A key list, or its signature. */
  readonly keys: Uint8Array;
}

/** An answer as it was wished for. */
export interface FilteredAnswer extends Omit<Answer, 'kind' | 'values'> {
  readonly kind: 'filteredAnswer';
  /** Names what the worker holds after this answer, where it wished for differences; else 0. */
  readonly serial: number;
  /** The answer that this one differs from; 0 where the rows are as they are. */
  readonly base: number;
  readonly block: Uint8Array;
}

/** The push is applied (and on the replicas, where there are any). */
export interface Ack extends SegmentId {
  readonly kind: 'ack';
  readonly epoch: Epoch;
  readonly worker: WorkerId;
  readonly clock: number;
}

/** Asks for rows of one segment, no older than `minClock` of every active worker. */
export interface Pull extends SegmentId {
  readonly kind: 'pull';
  readonly epoch: Epoch;
  /** The asking node; incarnation 0 reads without being a worker. */
  readonly worker: WorkerId;
  /** Chosen by the client; comes back in the answer. */
  readonly request: number;
  readonly minClock: number;
  /** All pushes of clocks ≤ `done` have been sent: nobody needs to wait for the worker there. */
  readonly done: number;
  readonly keys: Uint32Array | null;
}

/** Rows of one segment, with the version and the vector clock that they have. */
export interface Answer extends SegmentId {
  readonly kind: 'answer';
  readonly epoch: Epoch;
  readonly request: number;
  readonly version: number;
  /** The answer had to wait for another worker's push: the asker was held back, not just the network slow. */
  readonly isHeldBack: boolean;
  readonly clocks: ClockSnapshot;
  readonly values: Float32Array;
}

export interface Refuse extends SegmentId {
  readonly kind: 'refuse';
  /** The shard's epoch. */
  readonly epoch: Epoch;
  /** Whose frame is refused: a tab has several clients on the same links, and had others before. */
  readonly worker: WorkerId;
  readonly reason: Refusal;
  /** Of a push: its clock. Of a pull: 0. */
  readonly clock: number;
  /** Of a pull: its request. Of a push: 0. */
  readonly request: number;
}

/** Down the chain: the gradient that the owner applied, so that each replica applies the same. */
export interface Update extends SegmentId {
  readonly kind: 'update';
  readonly epoch: Epoch;
  /** Of the segment, after this update. */
  readonly version: number;
  readonly learningRate: number;
  readonly weight: number;
  /** Whose pushes it contains, and of which clocks. */
  readonly advances: readonly WorkerClock[];
  /** False where nothing was applied and only clocks moved. */
  readonly hasGradient: boolean;
  /** The rows are the workers' drift: what the outer updater is for. */
  readonly isDrift?: boolean;
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
}

/** An update with its keys coded, and its values without their zeros; nothing is rounded. */
export interface CodedUpdate extends Omit<Update, 'kind' | 'keys' | 'values'> {
  readonly kind: 'codedUpdate';
  /** A value block, which says how many values it stands for. */
  readonly block: Uint8Array;
  /** A key list, or all of the segment. */
  readonly keys: Uint8Array;
}

/** A replica tells the owner how far it is. */
export interface Confirm extends SegmentId {
  readonly kind: 'confirm';
  readonly epoch: Epoch;
  readonly version: number;
}

/** Asks for everything after `version`: a snapshot where the sender is not at the same, and updates from then on. */
export interface Follow extends SegmentId {
  readonly kind: 'follow';
  readonly epoch: Epoch;
  readonly version: number;
  /** Epoch in which the last update was applied: the same version of two histories is told apart by it. */
  readonly stamp: Epoch;
}

export interface WorkerClock {
  readonly worker: WorkerId;
  readonly clock: number;
}

/** So many pushes of one worker; of node 0 those of all workers that there was no room for. */
export interface PushCount {
  readonly node: NodeId;
  readonly count: number;
}

/** Answers `follow`: everything a segment is. Without values where the asker is at that version already. */
export interface Snapshot extends SegmentState {
  readonly kind: 'snapshot';
  readonly epoch: Epoch;
}

/** Everything a segment is: what followers and checkpoints need. */
export interface SegmentState extends SegmentId {
  readonly version: number;
  readonly stamp: Epoch;
  /** Floor of the vector clock, and its entries. */
  readonly floor: number;
  readonly clocks: readonly WorkerClock[];
  /** Pushes of each worker that are in it, since the run was started or resumed. */
  readonly pushes: readonly PushCount[];
  readonly scalars: Float64Array;
  readonly values: Float32Array;
  readonly slots: readonly Float32Array[];
}

/** Between the shard and the trainer of one tab: a segment as it was when its clocks passed `clock`, for a checkpoint. */
export interface Cut extends SegmentState {
  readonly kind: 'cut';
  readonly epoch: Epoch;
  readonly run: number;
  readonly clock: number;
}

/** A shard asks the trainer of its tab for the state in which a segment goes on; answered by a `cut`. */
export interface Restore extends SegmentId {
  readonly kind: 'restore';
  readonly epoch: Epoch;
  readonly run: number;
}

export interface BlockRequest {
  readonly kind: 'blockRequest';
  readonly epoch: Epoch;
  readonly request: number;
  /** SHA-256, lower-case hex. */
  readonly hash: string;
}

export interface BlockAnswer {
  readonly kind: 'blockAnswer';
  readonly epoch: Epoch;
  readonly request: number;
  /** Null where the node doesn't hold the block. */
  readonly bytes: Uint8Array | null;
}

export type Frame =
  | Push
  | Ack
  | Pull
  | Answer
  | Refuse
  | Update
  | CodedUpdate
  | Confirm
  | Follow
  | Snapshot
  | Cut
  | Restore
  | BlockRequest
  | BlockAnswer
  | FilteredPush
  | FilteredPull
  | FilteredAnswer
  | RingPush
  | RingAnswer;
