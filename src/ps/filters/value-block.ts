// Floats as they travel: a 16-byte header, the coded values, and, where zeros were left out, which ones they were.
// Decoding allocates what the caller expects and nothing else; a block that says otherwise is malformed.
import { ByteReader, MalformedBytes } from '../../protocol/bytes.ts';
import { codecOf } from './codecs.ts';
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
  encode(values: Float32Array, codec: ValueCodec, seed: number, areBits = false): Uint8Array {
    const count = values.length;
    const kept = this.findPlaces(values, areBits ? 0xffff_ffff : 0x7fff_ffff);
    const gapBytes = this.gapBytes(kept);
    const bitmapBytes = Math.ceil(count / 8);
    const maskBytes = Math.min(gapBytes, bitmapBytes);
    const isWhole = kept === count || codec.bytes(kept) + maskBytes >= codec.bytes(count);
    if (isWhole) return this.finish(values, values, Mask.none, 0, codec, seed);
    const packed = this.pack(values, kept);
    const mask = gapBytes < bitmapBytes ? Mask.gaps : Mask.bitmap;
    const block = this.finish(values, packed, mask, maskBytes, codec, seed);
    const at = block.length - maskBytes;
    if (mask === Mask.gaps) this.putGaps(block, at, kept);
    else this.putBitmap(block, at, kept);
    return block;
  }

  /** Lists where values are not zero. @returns how many there are */
  private findPlaces(values: Float32Array, bits: number): number {
    if (this.places.length < values.length) this.places = new Uint32Array(values.length);
    const { places } = this;
    const words = wordsOf(values);
    let kept = 0;
    for (let i = 0; i < words.length; i++) {
      places[kept] = i;
      kept += ((words[i] as number) & bits) === 0 ? 0 : 1;
    }
    return kept;
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

  private pack(values: Float32Array, kept: number): Float32Array {
    if (this.packed.length < kept) this.packed = new Float32Array(values.length);
    // As words: a difference of bits may look like a NaN, whose bits floats don't keep.
    const [from, to] = [wordsOf(values), wordsOf(this.packed)];
    for (let i = 0; i < kept; i++) to[i] = from[this.places[i] as number] as number;
    return this.packed.subarray(0, kept);
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

  private putBitmap(block: Uint8Array, at: number, kept: number): void {
    for (let i = 0; i < kept; i++) {
      const place = this.places[i] as number;
      block[at + (place >> 3)] = (block[at + (place >> 3)] as number) | (1 << (place & 7));
    }
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
  for (let i = 0; i < bytes.length * 8; i++) {
    if ((((bytes[i >> 3] as number) >> (i & 7)) & 1) === 0) continue;
    if (i >= values.length || taken >= packed.length) throw new MalformedBytes('a bitmap with too many bits');
    to[i] = from[taken++] as number;
  }
  if (taken !== packed.length) throw new MalformedBytes('a bitmap with too few bits');
  return values;
}
