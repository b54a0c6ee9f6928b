import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codecNamed } from './codecs.ts';
import { BlockEncoder, decodeBlock } from './value-block.ts';

const encode = (values: Float32Array) => new BlockEncoder().encode(values, codecNamed('whole'), 1);
const blockOf = (...values: number[]) => encode(Float32Array.from(values));

/** Bytes of a block besides its values. */
const HEADER = 16;

test('a value takes 1, 2 or 4 bytes, as the largest of its block needs', () => {
  expect(blockOf(1, -128, 127).length).toBe(HEADER + 3);
  expect(blockOf(1, -129, 127).length).toBe(HEADER + 6);
  expect(blockOf(1, 32_768, 127).length).toBe(HEADER + 12);
});

test('what is no whole number comes back as it was', () => {
  const values = Float32Array.of(1, 0.5, -3, 2 ** 40, 7);
  expect(decodeBlock(encode(values), 5)).toEqual(values);
});

test('counts come back exactly, whatever their size, in at most the bytes of f32', () => {
  const count = fc.oneof(
    fc.constant(0),
    fc.integer({ min: -200, max: 200 }),
    fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
  );
  fc.assert(
    fc.property(fc.array(count, { maxLength: 300 }), (counts) => {
      const values = Float32Array.from(counts);
      const block = encode(values);
      expect(block.length).toBeLessThanOrEqual(HEADER + 4 * counts.length);
      expect([...decodeBlock(block, counts.length)].map((value) => value + 0)).toEqual(
        counts.map((value) => value + 0),
      );
    }),
  );
});
