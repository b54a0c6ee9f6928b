import { expect, test } from 'vitest';
import { RecentLeast } from './recent-least.ts';

test('the least of a while, and not of longer ago', () => {
  const least = new RecentLeast(10);
  expect(least.value).toBeNull();
  least.take(3, 0);
  least.take(7, 10);
  expect(least.value).toBe(3);
  least.take(8, 11);
  expect(least.value).toBe(3);
  least.take(9, 21);
  expect(least.value).toBe(3);
  least.take(9, 22);
  expect(least.value).toBe(8);
  least.take(2, 23);
  expect(least.value).toBe(2);
});
