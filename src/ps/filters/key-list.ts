// A segment's keys as they travel: none (all of them), differences as varints, or a bitmap of the range: whichever is
// smallest. Or only the signature of a list that the receiver has seen.
import { ByteReader, ByteWriter, MalformedBytes } from '../../protocol/bytes.ts';
import { hash32 } from '../../random.ts';
import { putVarint, VarintReader, varintBytes } from './varint.ts';

/** First byte of a list. Numbers on the wire. */
const KeyCoding = { all: 0, gaps: 1, bitmap: 2, signature: 3 } as const;

/** A list that came as a signature, which only a receiver that remembers it can resolve. */
export interface KeySignature {
  readonly signature: string;
  readonly count: number;
}

/**
 * @param keys ascending and unique, in [start, end); null for all of the range
 */
export function encodeKeys(keys: Uint32Array | null, start: number, end: number): Uint8Array {
  if (keys === null) return Uint8Array.of(KeyCoding.all);
  const gaps = gapBytes(keys, start);
  const bitmap = Math.ceil((end - start) / 8);
  const out = new Uint8Array(5 + Math.min(gaps, bitmap));
  out[0] = gaps <= bitmap ? KeyCoding.gaps : KeyCoding.bitmap;
  new DataView(out.buffer).setUint32(1, keys.length, true);
  if (gaps <= bitmap) putGaps(out, keys, start);
  else
    for (const key of keys)
      out[5 + ((key - start) >> 3)] = (out[5 + ((key - start) >> 3)] ?? 0) | (1 << ((key - start) & 7));
  return out;
}

function gapBytes(keys: Uint32Array, start: number): number {
  let bytes = 0;
  let next = start;
  for (const key of keys) {
    bytes += varintBytes(key - next);
    next = key + 1;
  }
  return bytes;
}

function putGaps(out: Uint8Array, keys: Uint32Array, start: number): void {
  let [at, next] = [5, start];
  for (const key of keys) {
    at = putVarint(out, at, key - next);
    next = key + 1;
  }
}

/** 64 bits over all keys, as 16 hex digits. */
export function signatureOf(keys: Uint32Array): string {
  let [a, b] = [hash32(1, keys.length), hash32(2, keys.length)];
  for (const key of keys) {
    a = Math.imul(a ^ key, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b + key, 0x85ebca77);
    b ^= b >>> 13;
  }
  return hash32(a, b).toString(16).padStart(8, '0') + hash32(b, a, keys.length).toString(16).padStart(8, '0');
}

/** Only the signature: for a receiver that has had the list. */
export function encodeSignature(signature: string, count: number): Uint8Array {
  const writer = new ByteWriter(13).u8(KeyCoding.signature).u32(count);
  return writer
    .u32(Number.parseInt(signature.slice(0, 8), 16))
    .u32(Number.parseInt(signature.slice(8), 16))
    .finish();
}

/**
 * @returns the keys, null for all, or the signature that stands for them
 * @throws MalformedBytes also for keys outside of the range
 */
export function decodeKeys(bytes: Uint8Array, start: number, end: number): Uint32Array | null | KeySignature {
  const reader = new ByteReader(bytes);
  const coding = reader.u8();
  if (coding === KeyCoding.all) {
    reader.end();
    return null;
  }
  const count = reader.u32();
  if (count > end - start) throw new MalformedBytes(`${count} keys of ${end - start}`);
  if (coding === KeyCoding.signature) {
    const signature = [reader.u32(), reader.u32()].map((half) => half.toString(16).padStart(8, '0')).join('');
    reader.end();
    return { signature, count };
  }
  if (coding === KeyCoding.gaps) return readGaps(reader.raw(reader.remaining), count, start, end);
  if (coding === KeyCoding.bitmap) return readBitmap(reader.raw(reader.remaining), count, start, end);
  throw new MalformedBytes(`unknown coding of keys ${coding}`);
}

function readGaps(bytes: Uint8Array, count: number, start: number, end: number): Uint32Array {
  if (count > bytes.length) throw new MalformedBytes(`${count} keys in ${bytes.length} bytes`);
  const keys = new Uint32Array(count);
  const gaps = new VarintReader(bytes);
  let key = start;
  for (let i = 0; i < count; i++) {
    key += gaps.next();
    if (key >= end) throw new MalformedBytes(`key ${key} in a range that ends at ${end}`);
    keys[i] = key++;
  }
  gaps.end();
  return keys;
}

function readBitmap(bytes: Uint8Array, count: number, start: number, end: number): Uint32Array {
  if (bytes.length !== Math.ceil((end - start) / 8)) throw new MalformedBytes('a bitmap of another range');
  const keys = new Uint32Array(count);
  let taken = 0;
  for (let i = 0; i < bytes.length * 8; i++) {
    if ((((bytes[i >> 3] as number) >> (i & 7)) & 1) === 0) continue;
    if (taken >= count || i >= end - start) throw new MalformedBytes('a bitmap with too many bits');
    keys[taken++] = start + i;
  }
  if (taken !== count) throw new MalformedBytes('a bitmap with too few bits');
  return keys;
}
