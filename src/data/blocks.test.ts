import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import { BlockTooLarge, checkBlockFits, decodeBlock, encodeBlock, encodedBytes, hashBlock } from './blocks.ts';
import type { Block, DatasetMeta, DenseBlock, SparseBlock } from './dataset.ts';

const images: DenseBlock = {
  kind: 'dense',
  count: 2,
  features: 3,
  x: Uint8Array.of(1, 2, 3, 4, 5, 6),
  y: Uint32Array.of(7, 0),
};
const clicks: SparseBlock = {
  kind: 'sparse',
  count: 2,
  indptr: Uint32Array.of(0, 2, 3),
  indices: Uint32Array.of(1, 9, 4),
  values: Float32Array.of(0.5, -2, 3),
  y: Uint32Array.of(1, 0),
};

const denseBlocks: fc.Arbitrary<Block> = fc
  .record({ count: fc.integer({ min: 1, max: 6 }), features: fc.integer({ min: 1, max: 6 }), bytes: fc.boolean() })
  .chain(({ count, features, bytes }) => {
    const size = { minLength: count * features, maxLength: count * features };
    const x: fc.Arbitrary<Uint8Array | Float32Array> = bytes
      ? fc.uint8Array(size)
      : fc.float32Array({ ...size, noNaN: true, max: 1000, min: -1000 });
    const y = fc.uint32Array({ minLength: count, maxLength: count });
    return fc.tuple(x, y).map(([x, y]): Block => ({ kind: 'dense', count, features, x, y }));
  });
const sparseBlocks: fc.Arbitrary<Block> = fc
  .array(fc.record({ keys: fc.uniqueArray(fc.nat(50), { maxLength: 5 }), label: fc.nat(1) }), { minLength: 1 })
  .map((rows): Block => {
    const sorted = rows.map((row) => row.keys.toSorted((a, b) => a - b));
    const indptr = [0];
    for (const keys of sorted) indptr.push((indptr.at(-1) ?? 0) + keys.length);
    const indices = Uint32Array.from(sorted.flat());
    return {
      kind: 'sparse',
      count: rows.length,
      indptr: Uint32Array.from(indptr),
      indices,
      values: Float32Array.from(indices, (key) => key / 8),
      y: Uint32Array.from(rows, (row) => row.label),
    };
  });
const anyBlock = fc.oneof(denseBlocks, sparseBlocks);

/** The encoded bytes with a u32 overwritten. */
function poked(block: Block, at: number, value: number): Uint8Array {
  const bytes = encodeBlock(block);
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

describe('a block as bytes', () => {
  it('is laid out as the file says, byte for byte', () => {
    expect([...encodeBlock(images)]).toEqual([
      ...[0x50, 0x50, 0x42, 0x4b, 1, 1, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0],
      ...[7, 0, 0, 0, 0, 0, 0, 0],
      ...[1, 2, 3, 4, 5, 6],
    ]);
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(anyBlock, (block) => {
        const bytes = encodeBlock(block);
        expect(bytes.byteLength).toBe(encodedBytes(block));
        expect(decodeBlock(bytes)).toEqual(block);
      }),
    );
  });

  it('is decoded without copying, and with a copy where it is not aligned', () => {
    const bytes = encodeBlock(clicks);
    const decoded = decodeBlock(bytes);
    expect(decoded.y.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeBlock(shifted.subarray(1))).toEqual(clicks);
  });

  it('keeps u8 images as bytes', () => {
    const decoded = decodeBlock(encodeBlock(images));
    expect(decoded.kind === 'dense' && decoded.x).toBeInstanceOf(Uint8Array);
  });

  it('over the limit is refused on both sides', () => {
    const features = MAX_BLOCK_BYTES;
    const huge: Block = { kind: 'dense', count: 1, features, x: new Uint8Array(features), y: new Uint32Array(1) };
    expect(() => encodeBlock(huge)).toThrow(BlockTooLarge);
    expect(() => decodeBlock(new Uint8Array(MAX_BLOCK_BYTES + 1))).toThrow(MalformedBytes);
  });
});

describe('bytes that are not a block are refused', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['another magic', poked(images, 0, 0), /does not start with PPBK/],
    ['another version', poked(images, 4, 0x00000102), /version 2/],
    ['an unknown kind', poked(images, 4, 0x00000901), /kind of block 9/],
    ['reserved bytes in use', poked(images, 4, 0x00010101), /reserved/],
    ['no samples', poked(images, 8, 0), /without samples/],
    ['more samples than bytes', poked(images, 8, 0xffffffff), /asks for/],
    ['more features than bytes', poked(images, 12, 0xffffffff), /asks for/],
    ['more values than bytes', poked(clicks, 12, 0xffffffff), /asks for/],
    ['a trailing byte', Uint8Array.of(...encodeBlock(images), 0), /asks for/],
    ['a missing byte', encodeBlock(images).subarray(0, -1), /asks for/],
    ['a label of 2 in a sparse block', poked(clicks, 16, 2), /neither 0 nor 1/],
    ['rows that start past the first value', poked(clicks, 24, 1), /cover/],
    ['rows that end past the last value', poked(clicks, 32, 4), /cover/],
    ['a row that ends before it starts', poked(clicks, 28, 4), /ends before/],
    ['keys that repeat', poked(clicks, 40, 1), /do not ascend/],
    ['a value that is not a number', poked(clicks, 48, 0x7fc00000), /NaN/],
    ['an infinite value', poked(clicks, 48, 0x7f800000), /Infinity/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeBlock(bytes)).toThrow(MalformedBytes);
    expect(() => decodeBlock(bytes)).toThrow(message);
  });

  it('any bytes, truncation or mutation give a valid block or MalformedBytes, nothing else', () => {
    const mutated = fc
      .tuple(anyBlock, fc.nat(60), fc.integer({ min: 0, max: 255 }), fc.nat(3))
      .map(([block, at, value, cut]) => {
        const bytes = encodeBlock(block);
        bytes[at % bytes.length] = value;
        return bytes.subarray(0, bytes.length - cut);
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        try {
          // What is accepted is canonical: it encodes to the same bytes.
          expect(encodeBlock(decodeBlock(bytes))).toEqual(bytes.slice());
        } catch (error) {
          if (!(error instanceof MalformedBytes)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a block belongs in a dataset', () => {
  const samples = { train: 2, test: 0 };
  const dense: DatasetMeta = { kind: 'dense', name: 'd', samples, features: 3, shape: [3], classes: 8 };
  const sparse: DatasetMeta = { kind: 'sparse', name: 's', samples, features: 10, classes: 2 };

  it('when kind, features, labels and keys agree', () => {
    expect(() => checkBlockFits(images, dense)).not.toThrow();
    expect(() => checkBlockFits(clicks, sparse)).not.toThrow();
  });

  it.each<[string, Block, DatasetMeta, RegExp]>([
    ['kind', images, sparse, /dense block in a sparse/],
    ['features', images, { ...dense, features: 4 }, /3 features in a dataset of 4/],
    ['label', images, { ...dense, classes: 7 }, /label .* not below 7/],
    ['key', clicks, { ...sparse, features: 9 }, /key .* not below 9/],
  ])('not when its %s is another', (_, block, meta, message) => {
    expect(() => checkBlockFits(block, meta)).toThrow(message);
  });
});

it('the hash of a block is the SHA-256 that Node computes', () => {
  const bytes = encodeBlock(clicks);
  expect(hashBlock(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
});
