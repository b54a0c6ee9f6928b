import { expect, it } from 'vitest';
import { BufferPool, isPooled } from './buffer-pool.ts';

const KIB = 1024;

it('hands out what was given back where it is at most a quarter larger than what is asked for', () => {
  const pool = new BufferPool(1024 * KIB);
  const first = pool.take(61 * KIB);
  expect([first.byteLength, first.buffer.byteLength]).toEqual([61 * KIB, 64 * KIB]);
  pool.give(first.buffer);
  expect(pool.take(56 * KIB).buffer).not.toBe(first.buffer);
  expect(pool.take(57 * KIB).buffer).toBe(first.buffer);
  expect(pool.take(57 * KIB).buffer).not.toBe(first.buffer);
  for (let bytes = 4 * KIB; bytes < 300 * KIB; bytes += 999) {
    const { byteLength } = pool.take(bytes).buffer;
    expect(byteLength / bytes).toBeGreaterThanOrEqual(1);
    expect(byteLength / bytes).toBeLessThanOrEqual(1.25);
  }
});

it('keeps no more than it may, and nothing small or of another size', () => {
  const pool = new BufferPool(100 * KIB);
  const [a, b] = [pool.take(64 * KIB).buffer, pool.take(64 * KIB).buffer];
  for (const buffer of [a, b]) pool.give(buffer);
  expect(
    [pool.take(64 * KIB).buffer, pool.take(64 * KIB).buffer].filter((buffer) => buffer === a || buffer === b),
  ).toEqual([a]);
  const odd = new ArrayBuffer(66 * KIB);
  pool.give(odd);
  expect(pool.take(66 * KIB).buffer).not.toBe(odd);
  expect([100, 4 * KIB, 5 * KIB - 8, 5 * KIB, 128 * KIB].map(isPooled)).toEqual([false, true, false, true, true]);
  expect(pool.take(100).buffer.byteLength).toBe(100);
});
