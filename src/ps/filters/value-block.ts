// Floats as they travel: a 16-byte header, the coded values, and, where zeros were left out, which ones they were.
// Decoding allocates what the caller expects and nothing else; a block that says otherwise is malformed.
import { ByteReader, MalformedBytes } from '../../protocol/bytes.ts';
import { codecFor, codecOf } from './codecs.ts';
import type { ValueCodec } from './value-codec.ts';
import { putVarint, VarintReader, varintBytes } from './varint.ts';

/** codec u8, mask u8, zero u16, count u32, kept u32, bytes of the mask u32. */
const HEADER_BYTES = 16;

/** How the places of the values that are not zero are told. Numbers on the wire. */
const Mask = { none: 0, bitmap: 1, gaps: 2 } as const;

/** What encoding one block came to, in bytes. */
export interface BlockSizes {
  /** Values that travel: all, or those that are not zero. */
  readonly kept: number;
  readonly values: number;
  readonly mask: number;
}

const wordsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Encodes blocks; keeps work space as large as the largest, so that nothing is allocated but the result. */
export class BlockEncoder {
  private places = new Uint32Array(0);
  private packed = new Float32Array(0);
  sizes: BlockSizes = { kept: 0, values: 0, mask: 0 };

  /**
   * @param seed of stochastic rounding
   * @param areBits the values are patterns of bits: −0 is one that counts, where else it is a zero like any other
   * @returns a block of its own memory
   */
  encode(values: Float32Array, wished: ValueCodec, seed: number, areBits = false): Uint8Array {
    const codec = codecFor(wished, values);
    const count = values.length;
    const words = wordsOf(values);
    const bits = areBits ? 0xffff_ffff : 0x7fff_ffff;
    const kept = countKept(words, bits);
    const bitmapBytes = Math.ceil(count / 8);
    // A gap takes a byte at least: beyond these many, looking for gaps is in vain.
    const leastMask = Math.min(kept, bitmapBytes);
    if (kept === count || codec.bytes(kept) + leastMask >= codec.bytes(count)) {
      return this.finish(values, values, Mask.none, 0, codec, seed);
    }
    if (kept < bitmapBytes) this.findPlaces(words, bits);
    const gapBytes = kept < bitmapBytes ? this.gapBytes(kept) : Number.POSITIVE_INFINITY;
    return gapBytes < bitmapBytes
      ? this.withGaps(values, kept, gapBytes, codec, seed)
      : this.withBitmap(values, kept, bits, codec, seed);
  }

  private withGaps(values: Float32Array, kept: number, bytes: number, codec: ValueCodec, seed: number): Uint8Array {
    const packed = this.reservePacked(values.length).subarray(0, kept);
    // As words: a difference of bits may look like a NaN, whose bits floats don't keep.
    const [from, to] = [wordsOf(values), wordsOf(packed)];
    for (let i = 0; i < kept; i++) to[i] = from[this.places[i] as number] as number;
    const block = this.finish(values, packed, Mask.gaps, bytes, codec, seed);
    this.putGaps(block, block.length - bytes, kept);
    return block;
  }

  private withBitmap(values: Float32Array, kept: number, bits: number, codec: ValueCodec, seed: number): Uint8Array {
    const packed = this.reservePacked(values.length);
    const bitmap = new Uint8Array(Math.ceil(values.length / 8));
    packWords(wordsOf(values), bits, wordsOf(packed), bitmap);
    const block = this.finish(values, packed.subarray(0, kept), Mask.bitmap, bitmap.length, codec, seed);
    block.set(bitmap, block.length - bitmap.length);
    return block;
  }

  /** One more than the values: packing writes the next place before it knows whether it is taken. */
  private reservePacked(length: number): Float32Array {
    if (this.packed.length <= length) this.packed = new Float32Array(length + 1);
    return this.packed;
  }

  /** Lists where values are not zero. */
  private findPlaces(words: Uint32Array, bits: number): void {
    if (this.places.length <= words.length) this.places = new Uint32Array(words.length + 1);
    const { places } = this;
    let kept = 0;
    for (let i = 0; i < words.length; i++) if (((words[i] as number) & bits) !== 0) places[kept++] = i;
  }

  private gapBytes(kept: number): number {
    let bytes = 0;
    let next = 0;
    for (let i = 0; i < kept; i++) {
      const place = this.places[i] as number;
      bytes += varintBytes(place - next);
      next = place + 1;
    }
    return bytes;
  }

  private finish(
    values: Float32Array,
    packed: Float32Array,
    mask: number,
    maskBytes: number,
    codec: ValueCodec,
    seed: number,
  ): Uint8Array {
    const valueBytes = codec.bytes(packed.length);
    const block = new Uint8Array(HEADER_BYTES + valueBytes + maskBytes);
    const head = new DataView(block.buffer);
    head.setUint8(0, codec.id);
    head.setUint8(1, mask);
    head.setUint32(4, values.length, true);
    head.setUint32(8, packed.length, true);
    head.setUint32(12, maskBytes, true);
    codec.encode(packed, block.subarray(HEADER_BYTES, HEADER_BYTES + valueBytes), seed);
    this.sizes = { kept: packed.length, values: valueBytes, mask: maskBytes };
    return block;
  }

  private putGaps(block: Uint8Array, at: number, kept: number): void {
    let next = 0;
    for (let i = 0; i < kept; i++) {
      const place = this.places[i] as number;
      at = putVarint(block, at, place - next);
      next = place + 1;
    }
  }
}

function countKept(words: Uint32Array, bits: number): number {
  let kept = 0;
  for (let i = 0; i < words.length; i++) kept += ((words[i] as number) & bits) === 0 ? 0 : 1;
  return kept;
}

/** Moves what is not zero together, and notes in a bitmap where it was. Without branches: zeros come in no order. */
function packWords(words: Uint32Array, bits: number, packed: Uint32Array, bitmap: Uint8Array): void {
  let kept = 0;
  for (let byte = 0; byte < bitmap.length; byte++) {
    const start = byte * 8;
    const end = Math.min(start + 8, words.length);
    let mask = 0;
    for (let i = start; i < end; i++) {
      const word = words[i] as number;
      const isKept = (word & bits) === 0 ? 0 : 1;
      packed[kept] = word;
      kept += isKept;
      mask |= isKept << (i - start);
    }
    bitmap[byte] = mask;
  }
}

/**
 * The values of a block; what was left out is zero.
 * @param expected how many values there must be
 * @param into where they go; made when absent
 * @throws MalformedBytes
 */
export function decodeBlock(block: Uint8Array, expected: number, into?: Float32Array): Float32Array {
  const reader = new ByteReader(block);
  const codec = codecOf(reader.u8());
  const mask = reader.u8();
  if (codec === undefined || reader.u16() !== 0) throw new MalformedBytes('values in an unknown encoding');
  const [count, kept, maskBytes] = [reader.u32(), reader.u32(), reader.u32()];
  if (count !== expected) throw new MalformedBytes(`${count} values where ${expected} belong`);
  if (kept > count || (mask === Mask.none && kept !== count)) {
    throw new MalformedBytes(`${kept} of ${count} values under mask ${mask}`);
  }
  const valueBytes = codec.bytes(kept);
  if (valueBytes + maskBytes !== reader.remaining) {
    throw new MalformedBytes(`${reader.remaining} bytes for ${valueBytes} of values and ${maskBytes} of a mask`);
  }
  const coded = aligned(reader.raw(valueBytes));
  const values = into ?? new Float32Array(count);
  if (mask === Mask.none) {
    if (maskBytes > 0) throw new MalformedBytes('a mask where nothing was left out');
    codec.decode(coded, values);
    return values;
  }
  const packed = new Float32Array(kept);
  codec.decode(coded, packed);
  values.fill(0);
  if (mask === Mask.gaps) return spreadGaps(packed, reader.raw(maskBytes), values);
  if (mask === Mask.bitmap) return spreadBitmap(packed, reader.raw(maskBytes), values);
  throw new MalformedBytes(`unknown mask ${mask}`);
}

/** Codecs read words: what came over a link may start anywhere. */
const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 4 === 0 ? bytes : bytes.slice());

function spreadGaps(packed: Float32Array, bytes: Uint8Array, values: Float32Array): Float32Array {
  const gaps = new VarintReader(bytes);
  const [from, to] = [wordsOf(packed), wordsOf(values)];
  let place = 0;
  for (let i = 0; i < packed.length; i++) {
    place += gaps.next();
    if (place >= values.length) throw new MalformedBytes(`a value at ${place} of ${values.length}`);
    to[place++] = from[i] as number;
  }
  gaps.end();
  return values;
}

function spreadBitmap(packed: Float32Array, bytes: Uint8Array, values: Float32Array): Float32Array {
  if (bytes.length !== Math.ceil(values.length / 8)) throw new MalformedBytes('a bitmap of another length');
  const [from, to] = [wordsOf(packed), wordsOf(values)];
  let taken = 0;
  for (let byte = 0; byte < bytes.length; byte++) {
    let place = byte * 8;
    for (let mask = bytes[byte] as number; mask !== 0; mask >>= 1) {
      const at = place++;
      if ((mask & 1) === 0) continue;
      if (at >= to.length || taken >= from.length) throw new MalformedBytes('a bitmap with too many bits');
      to[at] = from[taken++] as number;
    }
  }
  if (taken !== packed.length) throw new MalformedBytes('a bitmap with too few bits');
  return values;
}
