// The two frames of all-reduce: gradients of several workers on their way to a segment's owner, and the owner's answer on its
// way round the workers.
import { type ByteReader, type ByteWriter, bytesOf, MalformedBytes } from './bytes.ts';
import {
  type ClockSnapshot,
  type Round,
  readClocks,
  readFlag,
  readRound,
  readSegment,
  readWorker,
  writeClocks,
  writeRound,
  writeSegment,
  writeWorker,
} from './frame-fields.ts';
import type { Epoch, SegmentId, WorkerId } from './ids.ts';
import { MAX_ROOM_NODES } from './limits.ts';

/** One worker's part in a `RingPush`: the identity of its push, and its weight. */
export interface RingPart {
  readonly worker: WorkerId;
  /** As in a push: everything of this worker before this clock is acknowledged, or will never come. */
  readonly settled: number;
  readonly samples: number;
}

/**
 * What several workers push to one segment at one clock, made one gradient: their mean, weighted by samples (or their sum,
 * where the run's updater adds). From worker to worker it grows by one part; to the owner it is a push of all of them.
 */
export interface RingPush extends SegmentId, Round {
  readonly kind: 'ringPush';
  readonly epoch: Epoch;
  readonly clock: number;
  /** In the order in which they were added. */
  readonly parts: readonly RingPart[];
  /** The whole segment; empty where no part has samples. */
  readonly values: Float32Array;
}

/** An answer to a pull of a whole segment, passed on from worker to worker. Fields as in `Answer`. */
export interface RingAnswer extends SegmentId {
  readonly kind: 'ringAnswer';
  readonly epoch: Epoch;
  readonly version: number;
  readonly isHeldBack: boolean;
  readonly clocks: ClockSnapshot;
  readonly values: Float32Array;
}

/** What goes from trainer to trainer. */
export type RingFrame = RingPush | RingAnswer;

export function writeRingPush(head: ByteWriter, { clock, parts, values, ...push }: RingPush): Uint8Array[] {
  writeRound(writeSegment(head, push).i32(clock), push).u32(parts.length);
  for (const { worker, settled, samples } of parts) writeWorker(head, worker).i32(settled).u32(samples);
  return [head.u32(values.length).finish(), bytesOf(values)];
}

/** @throws MalformedBytes */
export function readRingPush(epoch: Epoch, reader: ByteReader): RingPush {
  const segment = readSegment(reader);
  const clock = reader.i32();
  const round = readRound(reader);
  const count = reader.u32();
  if (count === 0 || count > MAX_ROOM_NODES)
    throw new MalformedBytes(`a sum of ${count} pushes; 1 to ${MAX_ROOM_NODES} are possible`);
  const parts = Array.from({ length: count }, () => {
    const worker = readWorker(reader);
    return { worker, settled: reader.i32(), samples: reader.u32() };
  });
  return { kind: 'ringPush', epoch, ...segment, clock, ...round, parts, values: reader.f32s(reader.u32()) };
}

export function writeRingAnswer(head: ByteWriter, frame: RingAnswer): Uint8Array[] {
  writeSegment(head, frame)
    .u32(frame.version)
    .u32(frame.isHeldBack ? 1 : 0);
  return [writeClocks(head, frame.clocks).u32(frame.values.length).finish(), bytesOf(frame.values)];
}

/** @throws MalformedBytes */
export function readRingAnswer(epoch: Epoch, reader: ByteReader): RingAnswer {
  const segment = readSegment(reader);
  const version = reader.u32();
  const isHeldBack = readFlag(reader);
  const clocks = readClocks(reader);
  return { kind: 'ringAnswer', epoch, ...segment, version, isHeldBack, clocks, values: reader.f32s(reader.u32()) };
}
