// The bulk protocol, whole: numbered frame kinds, encode, decode.
// A frame is a 12-byte header (version, kind, two zero bytes, epoch) and a body of fixed fields, then raw little-endian
// arrays. Fields are ordered so that arrays start at a multiple of 4; tensors are never copied by encoding or decoding.
import { ByteReader, ByteWriter, bytesOf, MalformedBytes } from './bytes.ts';
import {
  type ClockSnapshot,
  readClocks,
  readEpoch,
  readFlag,
  readList,
  readSegment,
  readWorker,
  writeClocks,
  writeEpoch,
  writeSegment,
  writeWorker,
} from './frame-fields.ts';
import { type Epoch, type NodeId, nodeId, type SegmentId, type WorkerId } from './ids.ts';
import { MAX_BLOCK_BYTES, MAX_FRAME_KEYS, MAX_SLOTS, PROTOCOL_VERSION } from './limits.ts';
import {
  type RingAnswer,
  type RingPush,
  readRingAnswer,
  readRingPush,
  writeRingAnswer,
  writeRingPush,
} from './ring-frames.ts';

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
export interface Push extends SegmentId {
  readonly kind: 'push';
  readonly epoch: Epoch;
  readonly worker: WorkerId;
  readonly clock: number;
  /** Everything of this worker before this clock is acknowledged, or will never come. */
  readonly settled: number;
  /**
   * Clocks that it covers, the last of them `clock`; 1 when absent. More are local steps: the rows are then a drift, the
   * way that the worker's parameters have gone since, and not a gradient.
   */
  readonly covers?: number;
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
  /** The rows are the workers' drift, to be taken off as it is: the updater has nothing to do with it. */
  readonly isDrift?: boolean;
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
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

/** Parts of a frame, to be sent one after the other. Arrays are views of the frame's own: don't change them after. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  const head = new ByteWriter(96).u8(PROTOCOL_VERSION).u8(FrameKind[frame.kind]).u16(0);
  writeEpoch(head, frame.epoch);
  switch (frame.kind) {
    case 'push':
      writePushHead(head, frame);
      return writeKeysAndValues(head, frame.keys, frame.values);
    case 'filteredPush':
      writePushHead(head, frame).u32(frame.block.length).u32(frame.keys.length);
      return [head.finish(), frame.block, frame.keys];
    case 'ack':
      return [writeWorker(writeSegment(head, frame), frame.worker).i32(frame.clock).finish()];
    case 'pull':
      writePullHead(head, frame);
      return writeKeysAndValues(head, frame.keys, null);
    case 'filteredPull':
      writePullHead(head, frame)
        .u16(frame.wish.codec)
        .u16(frame.wish.base === null ? 0 : 1);
      head.u32(frame.wish.base ?? 0).u32(frame.keys.length);
      return [head.finish(), frame.keys];
    case 'answer':
      writeAnswerHead(head, frame).u32(frame.values.length);
      return [head.finish(), bytesOf(frame.values)];
    case 'filteredAnswer':
      writeAnswerHead(head, frame).u32(frame.serial).u32(frame.base).u32(frame.block.length);
      return [head.finish(), frame.block];
    case 'refuse':
      writeWorker(writeSegment(head, frame), frame.worker).u32(refusals.indexOf(frame.reason));
      return [head.i32(frame.clock).u32(frame.request).finish()];
    case 'update':
      return writeUpdate(head, frame);
    case 'confirm':
      return [writeSegment(head, frame).u32(frame.version).finish()];
    case 'follow':
      return [writeEpoch(writeSegment(head, frame).u32(frame.version), frame.stamp).finish()];
    case 'snapshot':
      return writeState(head, frame);
    case 'cut':
      return writeState(head.u32(frame.run).i32(frame.clock), frame);
    case 'restore':
      return [writeSegment(head.u32(frame.run), frame).finish()];
    case 'blockRequest':
      return [head.u32(frame.request).raw(bytesOfHex(frame.hash)).finish()];
    case 'blockAnswer':
      head
        .u32(frame.request)
        .u32(frame.bytes === null ? 0 : 1)
        .u32(frame.bytes?.byteLength ?? 0);
      return frame.bytes === null ? [head.finish()] : [head.finish(), frame.bytes];
    case 'ringPush':
      return writeRingPush(head, frame);
    case 'ringAnswer':
      return writeRingAnswer(head, frame);
    default:
      return frame satisfies never;
  }
}

const KINDS = new Map<number, Frame['kind']>(
  Object.entries(FrameKind).map(([kind, number]) => [number, kind as Frame['kind']]),
);

/** What an encoded frame is, by its header alone: for whoever passes it on unread. Null for what is no frame of ours. */
export function kindOfFrame(bytes: Uint8Array): Frame['kind'] | null {
  return bytes[0] === PROTOCOL_VERSION ? (KINDS.get(bytes[1] ?? 0) ?? null) : null;
}

/** Parses one frame; arrays are views of `bytes` where alignment allows. @throws MalformedBytes */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== PROTOCOL_VERSION)
    throw new MalformedBytes(`protocol version ${version}, expected ${PROTOCOL_VERSION}`);
  const kind = reader.u8();
  if (reader.u16() !== 0) throw new MalformedBytes('reserved bytes are not zero');
  const epoch = readEpoch(reader);
  const frame = readBody(kind, epoch, reader);
  reader.end();
  return frame;
}

function readBody(kind: number, epoch: Epoch, reader: ByteReader): Frame {
  switch (kind) {
    case FrameKind.push:
      return readPush(epoch, reader);
    case FrameKind.ack:
      return { kind: 'ack', epoch, ...readSegment(reader), worker: readWorker(reader), clock: reader.i32() };
    case FrameKind.pull:
      return readPull(epoch, reader);
    case FrameKind.answer:
      return readAnswer(epoch, reader);
    case FrameKind.refuse:
      return readRefuse(epoch, reader);
    case FrameKind.update:
      return readUpdate(epoch, reader);
    case FrameKind.confirm:
      return { kind: 'confirm', epoch, ...readSegment(reader), version: reader.u32() };
    case FrameKind.follow:
      return { kind: 'follow', epoch, ...readSegment(reader), version: reader.u32(), stamp: readEpoch(reader) };
    case FrameKind.snapshot:
      return { kind: 'snapshot', epoch, ...readState(reader) };
    case FrameKind.cut:
      return { kind: 'cut', epoch, run: reader.u32(), clock: reader.i32(), ...readState(reader) };
    case FrameKind.restore:
      return { kind: 'restore', epoch, run: reader.u32(), ...readSegment(reader) };
    case FrameKind.filteredPush:
      return readFilteredPush(epoch, reader);
    case FrameKind.filteredPull:
      return readFilteredPull(epoch, reader);
    case FrameKind.filteredAnswer:
      return readFilteredAnswer(epoch, reader);
    case FrameKind.blockRequest:
      return { kind: 'blockRequest', epoch, request: reader.u32(), hash: hexOf(reader.raw(32)) };
    case FrameKind.blockAnswer:
      return readBlockAnswer(epoch, reader);
    case FrameKind.ringPush:
      return readRingPush(epoch, reader);
    case FrameKind.ringAnswer:
      return readRingAnswer(epoch, reader);
    default:
      throw new MalformedBytes(`unknown frame kind ${kind}`);
  }
}

function writePushHead(head: ByteWriter, frame: Push | FilteredPush): ByteWriter {
  writeWorker(writeSegment(head, frame), frame.worker).i32(frame.clock);
  return head
    .i32(frame.settled)
    .u32(frame.covers ?? 1)
    .u32(frame.samples)
    .i32(frame.readFront);
}

function readPushHead(reader: ByteReader): Omit<Push, 'kind' | 'epoch' | 'keys' | 'values'> {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  const clock = reader.i32();
  const [settled, covers] = [reader.i32(), reader.u32()];
  if (covers === 0) throw new MalformedBytes('a push of no clock');
  const counts = { clock, settled, samples: reader.u32(), readFront: reader.i32() };
  return { ...segment, worker, ...counts, ...(covers === 1 ? {} : { covers }) };
}

function readPush(epoch: Epoch, reader: ByteReader): Push {
  return { kind: 'push', epoch, ...readPushHead(reader), ...readKeysAndValues(reader) };
}

/** What is in the blocks is checked by the shard: it knows how many values and which keys may be there. */
function readFilteredPush(epoch: Epoch, reader: ByteReader): FilteredPush {
  const head = readPushHead(reader);
  const [blockBytes, keyBytes] = [reader.u32(), reader.u32()];
  const block = reader.raw(blockBytes);
  return { kind: 'filteredPush', epoch, ...head, block, keys: reader.raw(keyBytes) };
}

function writePullHead(head: ByteWriter, frame: Pull | FilteredPull): ByteWriter {
  writeWorker(writeSegment(head, frame), frame.worker).u32(frame.request);
  return head.i32(frame.minClock).i32(frame.done);
}

function readPullHead(reader: ByteReader): Omit<Pull, 'kind' | 'epoch' | 'keys'> {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  return { ...segment, worker, request: reader.u32(), minClock: reader.i32(), done: reader.i32() };
}

function readPull(epoch: Epoch, reader: ByteReader): Pull {
  const head = readPullHead(reader);
  const { keys, values } = readKeysAndValues(reader);
  if (values.length !== 0) throw new MalformedBytes('a pull carries no values');
  return { kind: 'pull', epoch, ...head, keys };
}

function readFilteredPull(epoch: Epoch, reader: ByteReader): FilteredPull {
  const head = readPullHead(reader);
  const codec = reader.u16();
  const isDelta = reader.u16();
  const base = reader.u32();
  if (isDelta > 1 || (isDelta === 0 && base !== 0)) throw new MalformedBytes(`delta ${isDelta} from ${base}`);
  const keys = reader.raw(reader.u32());
  return { kind: 'filteredPull', epoch, ...head, wish: { codec, base: isDelta === 1 ? base : null }, keys };
}

function writeAnswerHead(head: ByteWriter, frame: Answer | FilteredAnswer): ByteWriter {
  writeSegment(head, frame)
    .u32(frame.request)
    .u32(frame.version)
    .u32(frame.isHeldBack ? 1 : 0);
  return writeClocks(head, frame.clocks);
}

function readAnswerHead(reader: ByteReader): Omit<Answer, 'kind' | 'epoch' | 'values'> {
  const segment = readSegment(reader);
  const request = reader.u32();
  const version = reader.u32();
  return { ...segment, request, version, isHeldBack: readFlag(reader), clocks: readClocks(reader) };
}

function readAnswer(epoch: Epoch, reader: ByteReader): Answer {
  return { kind: 'answer', epoch, ...readAnswerHead(reader), values: reader.f32s(reader.u32()) };
}

function readFilteredAnswer(epoch: Epoch, reader: ByteReader): FilteredAnswer {
  const head = readAnswerHead(reader);
  const [serial, base] = [reader.u32(), reader.u32()];
  return { kind: 'filteredAnswer', epoch, ...head, serial, base, block: reader.raw(reader.u32()) };
}

function readRefuse(epoch: Epoch, reader: ByteReader): Refuse {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  const reason = refusals[reader.u32()];
  if (reason === undefined) throw new MalformedBytes('unknown reason of a refusal');
  return { kind: 'refuse', epoch, ...segment, worker, reason, clock: reader.i32(), request: reader.u32() };
}

function readBlockAnswer(epoch: Epoch, reader: ByteReader): BlockAnswer {
  const request = reader.u32();
  const isFound = readFlag(reader);
  const length = reader.u32();
  if (length > MAX_BLOCK_BYTES) throw new MalformedBytes(`a block of ${length} bytes; at most ${MAX_BLOCK_BYTES}`);
  const bytes = reader.raw(length);
  if (!isFound && length > 0) throw new MalformedBytes('bytes of a block that is not there');
  return { kind: 'blockAnswer', epoch, request, bytes: isFound ? bytes : null };
}

/** What an update brings, as a number: 0 nothing, 1 a gradient, 2 a drift. */
const DRIFT = 2;

function writeUpdate(head: ByteWriter, frame: Update): Uint8Array[] {
  writeSegment(head, frame)
    .u32(frame.version)
    .f64(frame.learningRate)
    .f64(frame.weight)
    .u32(frame.hasGradient ? (frame.isDrift ? DRIFT : 1) : 0);
  writeWorkerClocks(head, frame.advances);
  return writeKeysAndValues(head, frame.keys, frame.values);
}

function readUpdate(epoch: Epoch, reader: ByteReader): Update {
  const segment = readSegment(reader);
  const version = reader.u32();
  const learningRate = reader.f64();
  const weight = reader.f64();
  const what = reader.u32();
  if (what > DRIFT) throw new MalformedBytes(`an update of unknown kind ${what}`);
  const [hasGradient, drift] = [what > 0, what === DRIFT ? { isDrift: true } : {}];
  const advances = readWorkerClocks(reader);
  const { keys, values } = readKeysAndValues(reader);
  const head = { ...segment, version, learningRate, weight, hasGradient, ...drift };
  return { kind: 'update', epoch, ...head, advances, keys, values };
}

function writeState(head: ByteWriter, frame: SegmentState): Uint8Array[] {
  writeEpoch(writeSegment(head, frame).u32(frame.version), frame.stamp).i32(frame.floor);
  writePushCounts(writeWorkerClocks(head, frame.clocks), frame.pushes).u32(frame.scalars.length);
  for (const scalar of frame.scalars) head.f64(scalar);
  head.u32(frame.values.length).u32(frame.slots.length);
  return [head.finish(), bytesOf(frame.values), ...frame.slots.map(bytesOf)];
}

function readState(reader: ByteReader): SegmentState {
  const segment = readSegment(reader);
  const version = reader.u32();
  const stamp = readEpoch(reader);
  const floor = reader.i32();
  const clocks = readWorkerClocks(reader);
  const pushes = readPushCounts(reader);
  const scalars = Float64Array.from(readList(reader, 8, () => reader.f64()));
  const length = reader.u32();
  const slotCount = reader.u32();
  if (slotCount > MAX_SLOTS) throw new MalformedBytes(`${slotCount} slots per value; at most ${MAX_SLOTS}`);
  const values = reader.f32s(length);
  const slots = Array.from({ length: slotCount }, () => reader.f32s(length));
  return { ...segment, version, stamp, floor, clocks, pushes, scalars, values, slots };
}

function writeWorkerClocks(head: ByteWriter, clocks: readonly WorkerClock[]): ByteWriter {
  head.u32(clocks.length);
  for (const { worker, clock } of clocks) writeWorker(head, worker).i32(clock);
  return head;
}

const readWorkerClocks = (reader: ByteReader): WorkerClock[] =>
  readList(reader, 12, () => ({ worker: readWorker(reader), clock: reader.i32() }));

function writePushCounts(head: ByteWriter, pushes: readonly PushCount[]): ByteWriter {
  head.u32(pushes.length);
  for (const { node, count } of pushes) head.u32(node).u32(count);
  return head;
}

const readPushCounts = (reader: ByteReader): PushCount[] =>
  readList(reader, 8, () => ({ node: nodeId(reader.u32()), count: reader.u32() }));

function writeKeysAndValues(head: ByteWriter, keys: Uint32Array | null, values: Float32Array | null): Uint8Array[] {
  head
    .u32(keys === null ? 0 : 1)
    .u32(keys?.length ?? 0)
    .u32(values?.length ?? 0);
  const parts = [head.finish()];
  if (keys !== null) parts.push(bytesOf(keys));
  if (values !== null) parts.push(bytesOf(values));
  return parts;
}

function readKeysAndValues(reader: ByteReader): { keys: Uint32Array | null; values: Float32Array } {
  const hasKeys = reader.u32();
  const keyCount = reader.u32();
  const valueCount = reader.u32();
  if (hasKeys > 1 || keyCount > MAX_FRAME_KEYS) throw new MalformedBytes(`${keyCount} keys, flag ${hasKeys}`);
  const keys = reader.u32s(keyCount);
  const values = reader.f32s(valueCount);
  if (hasKeys === 0 && keyCount !== 0) throw new MalformedBytes('keys without their flag');
  return { keys: hasKeys === 1 ? keys : null, values };
}

/** Lower-case hex of bytes. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function bytesOfHex(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new MalformedBytes(`not a SHA-256 in hex: ${hex.slice(0, 80)}`);
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16));
}
