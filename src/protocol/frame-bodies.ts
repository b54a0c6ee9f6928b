// The bodies of frames: their fixed fields and arrays, written and read. Which kind has which is in frame-codec.ts.
import { type ByteReader, type ByteWriter, bytesOf, MalformedBytes } from './bytes.ts';
import {
  readClocks,
  readEpoch,
  readFlag,
  readList,
  readRound,
  readSegment,
  readWorker,
  writeClocks,
  writeEpoch,
  writeRound,
  writeSegment,
  writeWorker,
} from './frame-fields.ts';
import {
  type Answer,
  type BlockAnswer,
  type CodedUpdate,
  type FilteredAnswer,
  type FilteredPull,
  type FilteredPush,
  type Pull,
  type Push,
  type PushCount,
  type Refuse,
  refusals,
  type SegmentState,
  type Update,
  type WorkerClock,
} from './frames.ts';
import { type Epoch, nodeId } from './ids.ts';
import { MAX_BLOCK_BYTES, MAX_FRAME_KEYS, MAX_SLOTS } from './limits.ts';

export function writePushHead(head: ByteWriter, frame: Push | FilteredPush): ByteWriter {
  writeWorker(writeSegment(head, frame), frame.worker).i32(frame.clock).i32(frame.settled);
  return writeRound(head, frame).u32(frame.samples).i32(frame.readFront);
}

function readPushHead(reader: ByteReader): Omit<Push, 'kind' | 'epoch' | 'keys' | 'values'> {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  const clock = reader.i32();
  const settled = reader.i32();
  const round = readRound(reader);
  return { ...segment, worker, clock, settled, ...round, samples: reader.u32(), readFront: reader.i32() };
}

export function readPush(epoch: Epoch, reader: ByteReader): Push {
  return { kind: 'push', epoch, ...readPushHead(reader), ...readKeysAndValues(reader) };
}

/** What is in the blocks is checked by the shard: it knows how many values and which keys may be there. */
export function readFilteredPush(epoch: Epoch, reader: ByteReader): FilteredPush {
  const head = readPushHead(reader);
  const [blockBytes, keyBytes] = [reader.u32(), reader.u32()];
  const block = reader.raw(blockBytes);
  return { kind: 'filteredPush', epoch, ...head, block, keys: reader.raw(keyBytes) };
}

export function writePullHead(head: ByteWriter, frame: Pull | FilteredPull): ByteWriter {
  writeWorker(writeSegment(head, frame), frame.worker).u32(frame.request);
  return head.i32(frame.minClock).i32(frame.done);
}

function readPullHead(reader: ByteReader): Omit<Pull, 'kind' | 'epoch' | 'keys'> {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  return { ...segment, worker, request: reader.u32(), minClock: reader.i32(), done: reader.i32() };
}

export function readPull(epoch: Epoch, reader: ByteReader): Pull {
  const head = readPullHead(reader);
  const { keys, values } = readKeysAndValues(reader);
  if (values.length !== 0) throw new MalformedBytes('a pull carries no values');
  return { kind: 'pull', epoch, ...head, keys };
}

export function readFilteredPull(epoch: Epoch, reader: ByteReader): FilteredPull {
  const head = readPullHead(reader);
  const codec = reader.u16();
  const isDelta = reader.u16();
  const base = reader.u32();
  if (isDelta > 1 || (isDelta === 0 && base !== 0)) throw new MalformedBytes(`delta ${isDelta} from ${base}`);
  const keys = reader.raw(reader.u32());
  return { kind: 'filteredPull', epoch, ...head, wish: { codec, base: isDelta === 1 ? base : null }, keys };
}

export function writeAnswerHead(head: ByteWriter, frame: Answer | FilteredAnswer): ByteWriter {
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

export function readAnswer(epoch: Epoch, reader: ByteReader): Answer {
  return { kind: 'answer', epoch, ...readAnswerHead(reader), values: reader.f32s(reader.u32()) };
}

export function readFilteredAnswer(epoch: Epoch, reader: ByteReader): FilteredAnswer {
  const head = readAnswerHead(reader);
  const [serial, base] = [reader.u32(), reader.u32()];
  return { kind: 'filteredAnswer', epoch, ...head, serial, base, block: reader.raw(reader.u32()) };
}

export function readRefuse(epoch: Epoch, reader: ByteReader): Refuse {
  const segment = readSegment(reader);
  const worker = readWorker(reader);
  const reason = refusals[reader.u32()];
  if (reason === undefined) throw new MalformedBytes('unknown reason of a refusal');
  return { kind: 'refuse', epoch, ...segment, worker, reason, clock: reader.i32(), request: reader.u32() };
}

export function readBlockAnswer(epoch: Epoch, reader: ByteReader): BlockAnswer {
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

function writeUpdateHead(head: ByteWriter, frame: Update | CodedUpdate): ByteWriter {
  writeSegment(head, frame)
    .u32(frame.version)
    .f64(frame.learningRate)
    .f64(frame.weight)
    .u32(frame.hasGradient ? (frame.isDrift ? DRIFT : 1) : 0);
  return writeWorkerClocks(head, frame.advances);
}

export function writeUpdate(head: ByteWriter, frame: Update): Uint8Array[] {
  return writeKeysAndValues(writeUpdateHead(head, frame), frame.keys, frame.values);
}

function readUpdateHead(reader: ByteReader): Omit<Update, 'kind' | 'epoch' | 'keys' | 'values'> {
  const segment = readSegment(reader);
  const version = reader.u32();
  const learningRate = reader.f64();
  const weight = reader.f64();
  const what = reader.u32();
  if (what > DRIFT) throw new MalformedBytes(`an update of unknown kind ${what}`);
  const [hasGradient, drift] = [what > 0, what === DRIFT ? { isDrift: true } : {}];
  return { ...segment, version, learningRate, weight, hasGradient, ...drift, advances: readWorkerClocks(reader) };
}

export function readUpdate(epoch: Epoch, reader: ByteReader): Update {
  return { kind: 'update', epoch, ...readUpdateHead(reader), ...readKeysAndValues(reader) };
}

export const writeCodedUpdate = (head: ByteWriter, frame: CodedUpdate): Uint8Array[] => [
  writeUpdateHead(head, frame).u32(frame.block.length).u32(frame.keys.length).finish(),
  frame.block,
  frame.keys,
];

/** What is in the blocks is checked by the replica: it knows how many values and which keys may be there. */
export function readCodedUpdate(epoch: Epoch, reader: ByteReader): CodedUpdate {
  const head = readUpdateHead(reader);
  const [blockBytes, keyBytes] = [reader.u32(), reader.u32()];
  const block = reader.raw(blockBytes);
  return { kind: 'codedUpdate', epoch, ...head, block, keys: reader.raw(keyBytes) };
}

export function writeState(head: ByteWriter, frame: SegmentState): Uint8Array[] {
  writeEpoch(writeSegment(head, frame).u32(frame.version), frame.stamp).i32(frame.floor);
  writePushCounts(writeWorkerClocks(head, frame.clocks), frame.pushes).u32(frame.scalars.length);
  for (const scalar of frame.scalars) head.f64(scalar);
  head.u32(frame.values.length).u32(frame.slots.length);
  return [head.finish(), bytesOf(frame.values), ...frame.slots.map(bytesOf)];
}

export function readState(reader: ByteReader): SegmentState {
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

export function writeKeysAndValues(
  head: ByteWriter,
  keys: Uint32Array | null,
  values: Float32Array | null,
): Uint8Array[] {
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

export function bytesOfHex(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new MalformedBytes(`not a SHA-256 in hex: ${hex.slice(0, 80)}`);
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16));
}
