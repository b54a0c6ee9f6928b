// Frames to bytes and back. A frame is a 12-byte header (version, kind, two zero bytes, epoch) and a body of fixed fields, then raw
// little-endian arrays. Fields are ordered so that arrays start at a multiple of 4; tensors are never copied by either.
import { ByteReader, ByteWriter, bytesOf, MalformedBytes } from './bytes.ts';
import {
  bytesOfHex,
  hexOf,
  readAnswer,
  readBlockAnswer,
  readCodedUpdate,
  readFilteredAnswer,
  readFilteredPull,
  readFilteredPush,
  readPull,
  readPush,
  readRefuse,
  readState,
  readUpdate,
  writeAnswerHead,
  writeCodedUpdate,
  writeKeysAndValues,
  writePullHead,
  writePushHead,
  writeState,
  writeUpdate,
} from './frame-bodies.ts';
import { readEpoch, readSegment, readWorker, writeEpoch, writeSegment, writeWorker } from './frame-fields.ts';
import { type Frame, FrameKind, refusals } from './frames.ts';
import type { Epoch } from './ids.ts';
import { PROTOCOL_VERSION } from './limits.ts';
import { readRingAnswer, readRingPush, writeRingAnswer, writeRingPush } from './ring-frames.ts';

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
    case 'codedUpdate':
      return writeCodedUpdate(head, frame);
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
    case FrameKind.codedUpdate:
      return readCodedUpdate(epoch, reader);
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
