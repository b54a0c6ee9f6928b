// What is computed to warm up has the sizes of what is computed later, and is little.
import { expect, test } from 'vitest';
import type { Block } from '../data/dataset.ts';
import { kernelRows, leastRows } from './dense-batches.ts';

const dense = (count: number): Block => ({
  ...{ kind: 'dense', count, features: 2 },
  ...{ x: Float32Array.from({ length: 2 * count }, (_, at) => at), y: new Uint32Array(count) },
});

/** Sizes of the kernels that compute so many samples in parts. */
function sizesOf(count: number, atOnce: number): number[] {
  const sizes = new Set<number>();
  for (let start = 0; start < count; start += atOnce) sizes.add(kernelRows(Math.min(atOnce, count - start)));
  return [...sizes].sort((a, b) => a - b);
}

test.each([1, 15, 16, 17, 32, 500, 512])('of %i samples, 16 at once, all sizes are in the least rows', (count) => {
  const { count: least } = leastRows(dense(count), 16);
  expect(sizesOf(least, 16)).toEqual(sizesOf(count, 16));
  expect(least).toBeLessThan(32);
});

test('the least rows are the first', () => {
  const block = leastRows(dense(40), 16);
  expect(block.kind === 'dense' && [block.x.length, block.x[47], block.y.length]).toEqual([48, 47, 24]);
});

test('where an evaluation takes all at once, the least is all', () => {
  const block = dense(40);
  expect(leastRows(block)).toBe(block);
});
