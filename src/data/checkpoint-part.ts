// Which segments one tab keeps of a checkpoint, as a block: rows of table u16, segment u16, SHA-256 of the segment's state.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { ByteReader, ByteWriter, MalformedBytes } from '../protocol/bytes.ts';
import type { SegmentId } from '../protocol/ids.ts';
import { MAX_PLACEMENTS } from '../protocol/limits.ts';
import type { BlockHash } from './dataset.ts';

/** A segment's state at the checkpoint's clock: a block of its own. */
export interface PartEntry extends SegmentId {
  readonly hash: BlockHash;
}

const ROW_BYTES = 36;
const HASH_BYTES = 32;

/** The same entries give the same bytes. */
export function encodePart(entries: readonly PartEntry[]): Uint8Array {
  const writer = new ByteWriter(Math.max(1, entries.length) * ROW_BYTES);
  for (const { table, segment, hash } of entries) writer.u16(table).u16(segment).raw(hexToBytes(hash));
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodePart(bytes: Uint8Array): PartEntry[] {
  const count = bytes.byteLength / ROW_BYTES;
  if (!Number.isInteger(count) || count > MAX_PLACEMENTS) {
    throw new MalformedBytes(`a list of segments in ${bytes.byteLength} bytes`);
  }
  const reader = new ByteReader(bytes);
  return Array.from({ length: count }, () => ({
    table: reader.u16(),
    segment: reader.u16(),
    hash: bytesToHex(reader.raw(HASH_BYTES)),
  }));
}
