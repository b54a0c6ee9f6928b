// The fields that many kinds of frames have in common: how each is written and read.
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';
import { type Epoch, type NodeId, nodeId, type SegmentId, type WorkerId } from './ids.ts';

/** Clocks of a segment: every active worker is at `floor`, except those listed. */
export interface ClockSnapshot {
  readonly floor: number;
  readonly ahead: readonly { readonly node: NodeId; readonly clock: number }[];
}

export function writeSegment(head: ByteWriter, { table, segment }: SegmentId): ByteWriter {
  return head.u16(table).u16(segment);
}

export function readSegment(reader: ByteReader): SegmentId {
  return { table: reader.u16(), segment: reader.u16() };
}

export function writeEpoch(head: ByteWriter, { term, counter }: Epoch): ByteWriter {
  return head.u32(term).u32(counter);
}

export const readEpoch = (reader: ByteReader): Epoch => ({ term: reader.u32(), counter: reader.u32() });

export function writeWorker(head: ByteWriter, worker: WorkerId): ByteWriter {
  return head.u32(worker.node).u32(worker.incarnation);
}

export function readWorker(reader: ByteReader): WorkerId {
  return { node: nodeId(reader.u32()), incarnation: reader.u32() };
}

/** What a push stands for besides one gradient of one clock. */
export interface Round {
  /** Clocks that it covers, the last of them its own; 1 when absent. */
  readonly covers?: number;
  /** The rows are the way that the worker's parameters have gone in local steps, turned round, and not a gradient. */
  readonly isDrift?: boolean;
}

export function writeRound(head: ByteWriter, { covers = 1, isDrift = false }: Round): ByteWriter {
  return head.u16(covers).u16(isDrift ? 1 : 0);
}

/** Absent fields stay absent. @throws MalformedBytes */
export function readRound(reader: ByteReader): Round {
  const [covers, rows] = [reader.u16(), reader.u16()];
  if (covers === 0 || rows > 1) throw new MalformedBytes(`a push of ${covers} clocks and rows of kind ${rows}`);
  return { ...(covers === 1 ? {} : { covers }), ...(rows === 1 ? { isDrift: true } : {}) };
}

export function writeClocks(head: ByteWriter, clocks: ClockSnapshot): ByteWriter {
  head.i32(clocks.floor).u32(clocks.ahead.length);
  for (const { node, clock } of clocks.ahead) head.u32(node).i32(clock);
  return head;
}

export function readClocks(reader: ByteReader): ClockSnapshot {
  const floor = reader.i32();
  return { floor, ahead: readList(reader, 8, () => ({ node: nodeId(reader.u32()), clock: reader.i32() })) };
}

export function readFlag(reader: ByteReader): boolean {
  const flag = reader.u32();
  if (flag > 1) throw new MalformedBytes(`${flag} is neither yes nor no`);
  return flag === 1;
}

/**
 * A count and as many items; the count is checked against the bytes that are there before anything is made.
 * @throws MalformedBytes
 */
export function readList<T>(reader: ByteReader, itemBytes: number, readItem: () => T): T[] {
  const count = reader.u32();
  if (count * itemBytes > reader.remaining)
    throw new MalformedBytes(`a list of ${count} items in ${reader.remaining} bytes`);
  return Array.from({ length: count }, readItem);
}
