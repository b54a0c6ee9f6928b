import { expect, test } from 'vitest';
import { nodeId } from '../../protocol/ids.ts';
import { LinkRates } from './link-rates.ts';

const [A, B, C] = [nodeId(1), nodeId(2), nodeId(3)];

test('a link is as fast as its slower way, and as the tighter cap of its tabs', () => {
  const rates = new LinkRates();
  expect(rates.between(A, B)).toBeNull();
  rates.take(A, { drains: [[B, 8e6]] });
  expect(rates.between(A, B)).toBe(8_000);
  rates.take(B, { drains: [[A, 2e6]] });
  expect([rates.between(A, B), rates.between(B, A)]).toEqual([2_000, 2_000]);
  rates.take(B, { bandwidth: 1e5 });
  expect(rates.between(A, B)).toBe(100);
  expect(rates.between(B, C)).toBe(100);
  rates.take(B, {});
  expect(rates.between(A, B)).toBe(2_000);
});

test('a figure holds until there is a newer one', () => {
  const rates = new LinkRates();
  rates.take(A, { drains: [[B, 8e6]] });
  rates.take(A, {});
  expect(rates.between(A, B)).toBe(8_000);
  rates.take(A, { drains: [[B, 9e6]] });
  expect(rates.between(A, B)).toBe(9_000);
});

test('who has gone is forgotten', () => {
  const rates = new LinkRates();
  rates.take(A, { drains: [[B, 8e6]], bandwidth: 1e6 });
  rates.take(B, { drains: [[A, 8e6]] });
  rates.forget(A);
  expect(rates.cap(A)).toBeUndefined();
  expect(rates.between(A, B)).toBeNull();
});
