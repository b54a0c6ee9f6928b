// A block as bytes: a 16-byte header and the raw arrays, four-byte ones first so that all are aligned. Encode, decode,
// hash, and check against a dataset's meta. Cutting a split into blocks is in rows.ts.
//
//   u32 magic "PPBK"  u8 version  u8 kind  u16 zero  u32 count  u32 features (dense) or values stored (sparse)
//   dense:  y u32[count]  x u8|f32[count × features]
//   sparse: y u32[count]  indptr u32[count + 1]  indices u32[stored]  values f32[stored]
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { ByteReader, bytesOf, MalformedBytes } from '../protocol/bytes.ts';
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import {
  type Block,
  type BlockHash,
  classesOf,
  type DatasetMeta,
  type DenseBlock,
  layoutOf,
  type SparseBlock,
} from './dataset.ts';
import { MAX_VALUE } from './limits.ts';

const MAGIC = 0x4b425050;
const VERSION = 1;
export const BLOCK_HEADER_BYTES = 16;
const KIND = { denseU8: 1, denseF32: 2, sparse: 3 } as const;

/** A block over MAX_BLOCK_BYTES: nobody would accept it. */
export class BlockTooLarge extends Error {
  override name = 'BlockTooLarge';
  constructor(bytes: number) {
    super(`a block of ${bytes} bytes is over the limit of ${MAX_BLOCK_BYTES}: use smaller samples, or fewer per block`);
  }
}

/** Bytes of `encodeBlock(block)`, without encoding. */
export function encodedBytes(block: Block): number {
  if (block.kind === 'dense') return denseBytes(block.count, block.features, block.x.BYTES_PER_ELEMENT);
  return sparseBytes(block.count, block.indices.length);
}

const denseBytes = (count: number, features: number, width: number) =>
  BLOCK_HEADER_BYTES + 4 * count + width * count * features;
export const sparseBytes = (count: number, stored: number): number =>
  BLOCK_HEADER_BYTES + 4 * count + 4 * (count + 1) + 8 * stored;

/** A block as bytes; equal blocks give equal bytes. Throws `BlockTooLarge`. */
export function encodeBlock(block: Block): Uint8Array {
  const size = encodedBytes(block);
  if (size > MAX_BLOCK_BYTES) throw new BlockTooLarge(size);
  const bytes = new Uint8Array(size);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint8(4, VERSION);
  header.setUint8(5, kindOf(block));
  header.setUint32(8, block.count, true);
  header.setUint32(12, block.kind === 'dense' ? block.features : block.indices.length, true);
  const arrays = block.kind === 'dense' ? [block.y, block.x] : [block.y, block.indptr, block.indices, block.values];
  let at = BLOCK_HEADER_BYTES;
  for (const array of arrays) {
    bytes.set(bytesOf(array), at);
    at += array.byteLength;
  }
  return bytes;
}

function kindOf(block: Block): number {
  if (block.kind === 'sparse') return KIND.sparse;
  return block.x instanceof Uint8Array ? KIND.denseU8 : KIND.denseF32;
}

/**
 * A block from bytes that anyone may have sent. Arrays are views of `bytes` where it is aligned to four bytes.
 * Throws `MalformedBytes` for anything that `encodeBlock` would not have written for a valid block: lengths that don't
 * add up, trailing bytes, values that are not finite, rows whose keys don't ascend.
 */
export function decodeBlock(bytes: Uint8Array): Block {
  if (bytes.byteLength > MAX_BLOCK_BYTES) throw new MalformedBytes(`a block of ${bytes.byteLength} bytes is too large`);
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) throw new MalformedBytes('not a block: it does not start with PPBK');
  const version = reader.u8();
  if (version !== VERSION) throw new MalformedBytes(`block version ${version}, expected ${VERSION}`);
  const kind = reader.u8();
  if (reader.u16() !== 0) throw new MalformedBytes('reserved bytes of a block header must be zero');
  const count = reader.u32();
  const second = reader.u32();
  if (count === 0) throw new MalformedBytes('a block without samples');
  switch (kind) {
    case KIND.denseU8:
    case KIND.denseF32:
      return decodeDense(reader, bytes.byteLength, kind, count, second);
    case KIND.sparse:
      return decodeSparse(reader, bytes.byteLength, count, second);
    default:
      throw new MalformedBytes(`unknown kind of block ${kind}`);
  }
}

function decodeDense(reader: ByteReader, length: number, kind: number, count: number, features: number): DenseBlock {
  const width = kind === KIND.denseU8 ? 1 : 4;
  checkLength(denseBytes(count, features, width), length);
  if (features === 0) throw new MalformedBytes('a dense block without features');
  const y = reader.u32s(count);
  const x = kind === KIND.denseU8 ? reader.raw(count * features) : reader.f32s(count * features);
  reader.end();
  if (x instanceof Float32Array) checkValues(x);
  return { kind: 'dense', count, features, x, y };
}

function decodeSparse(reader: ByteReader, length: number, count: number, stored: number): SparseBlock {
  checkLength(sparseBytes(count, stored), length);
  const y = reader.u32s(count);
  const indptr = reader.u32s(count + 1);
  const indices = reader.u32s(stored);
  const values = reader.f32s(stored);
  reader.end();
  if (y.some((label) => label > 1)) throw new MalformedBytes('a label of a sparse block is neither 0 nor 1');
  checkRows(indptr, indices);
  checkValues(values);
  return { kind: 'sparse', count, indptr, indices, values, y };
}

function checkLength(expected: number, found: number): void {
  if (expected !== found) throw new MalformedBytes(`block header asks for ${expected} bytes, found ${found}`);
}

function checkValues(values: Float32Array): void {
  for (const value of values) {
    // Written so that NaN fails it too.
    if (!(Math.abs(value) <= MAX_VALUE)) throw new MalformedBytes(`a value of a block is ${value}`);
  }
}

function checkRows(indptr: Uint32Array, indices: Uint32Array): void {
  if (indptr[0] !== 0 || indptr.at(-1) !== indices.length) throw new MalformedBytes('rows do not cover the values');
  for (let row = 0; row + 1 < indptr.length; row++) {
    const start = indptr[row] ?? 0;
    const end = indptr[row + 1] ?? 0;
    if (end < start || end > indices.length) throw new MalformedBytes(`row ${row} ends before it starts`);
    for (let at = start + 1; at < end; at++) {
      if ((indices[at] ?? 0) <= (indices[at - 1] ?? 0)) throw new MalformedBytes(`keys of row ${row} do not ascend`);
    }
  }
}

/** Whether a decoded block belongs in a dataset of this meta. Throws `MalformedBytes` where a trainer would misread it. */
export function checkBlockFits(block: Block, meta: DatasetMeta): void {
  if (block.kind !== layoutOf(meta)) throw new MalformedBytes(`a ${block.kind} block in a ${meta.kind} dataset`);
  if (block.kind === 'dense' && block.features !== meta.features) {
    throw new MalformedBytes(`a block of ${block.features} features in a dataset of ${meta.features}`);
  }
  const classes = classesOf(meta);
  if (block.y.some((label) => label >= classes)) {
    throw new MalformedBytes(`a label in a block is not below ${classes}`);
  }
  if (block.kind === 'sparse' && block.indices.some((key) => key >= meta.features)) {
    throw new MalformedBytes(`a key in a block is not below ${meta.features}`);
  }
}

/** Lower-case hex SHA-256. Not `crypto.subtle`: a page on a LAN address over plain HTTP doesn't have it. */
export const hashBlock = (bytes: Uint8Array): BlockHash => bytesToHex(sha256(bytes));
