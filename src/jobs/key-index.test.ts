import { expect, test } from 'vitest';
import { Random } from '../random.ts';
import { KeyIndex, uniqueKeys } from './key-index.ts';

test('finds the different keys of random lists, ascending', () => {
  const random = new Random(1);
  for (const [length, bound] of [
    [1, 1],
    [50, 10],
    [2_000, 300],
    [2_000, 2 ** 32],
  ] as const) {
    const indices = Uint32Array.from({ length }, () => random.below(bound));
    expect([...uniqueKeys(indices)]).toEqual([...new Set(indices)].sort((a, b) => a - b));
  }
});

test('takes the least and the greatest key', () => {
  expect([...uniqueKeys(Uint32Array.of(2 ** 32 - 1, 0, 2 ** 32 - 1))]).toEqual([0, 2 ** 32 - 1]);
});

test('an empty batch touches no keys', () => {
  expect(uniqueKeys(new Uint32Array()).length).toBe(0);
});

test('says where a key is, and that it is not', () => {
  const keys = Uint32Array.from({ length: 1_000 }, (_, i) => 64 * i);
  const index = KeyIndex.of(keys);
  expect(keys.map((key) => index.position(key))).toEqual(keys.map((_, position) => position));
  expect(index.position(1)).toBe(-1);
});
