// One value that is no number, anywhere, is found; the largest numbers are numbers.
import { expect, test } from 'vitest';
import { isAllFinite } from './finite.ts';

const LARGEST = 3.4028234663852886e38;

test('numbers are finite, also the largest, the smallest, -0, and none at all', () => {
  expect(isAllFinite(new Float32Array([1, -0, LARGEST, -LARGEST, 1e-45]))).toBe(true);
  expect(isAllFinite(new Float32Array(0))).toBe(true);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is found wherever it is', (bad) => {
  for (let at = 0; at < 5; at++) {
    const values = new Float32Array(5).fill(LARGEST);
    values[at] = bad;
    expect(isAllFinite(values)).toBe(false);
  }
});

test('two infinities do not cancel each other', () => {
  expect(isAllFinite(new Float32Array([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]))).toBe(false);
});
