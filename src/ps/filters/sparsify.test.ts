import { describe, expect, test } from 'vitest';
import { Random } from '../../random.ts';
import { applyStage, largestFrom, type StageContext } from './sparsify.ts';

const context = (change: Partial<StageContext> = {}): StageContext => ({
  ...{ seed: 1, hasMemory: true, l1: 0, parameters: null, clocksHeld: () => 1 },
  ...change,
});

function noise(count: number, seed = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => (random.unit() - 0.5) * 10 ** (3 * random.unit()));
}

const keptOf = (values: Float32Array) => values.filter((value) => value !== 0);

describe('topk', () => {
  test.each([1, 10, 100, 1_600])('keeps the %i largest of 16,000, as sorting finds them', (count) => {
    const values = noise(16_000, count);
    const sorted = [...values].sort((a, b) => Math.abs(b) - Math.abs(a)).slice(0, count);
    applyStage({ kind: 'topk', fraction: count / 16_000, momentum: 0 }, values, context());
    // Those within 2⁻¹⁴ of the last may come along.
    expect(keptOf(values).length).toBeLessThanOrEqual(count + 2);
    const kept = new Set(keptOf(values));
    for (const value of sorted) expect(kept).toContain(value);
  });

  test('keeps all where all are asked for, and equals together', () => {
    expect(largestFrom(Float32Array.of(3, -2, 1), 3)).toBe(0);
    const equal = new Float32Array(100).fill(-2);
    applyStage({ kind: 'topk', fraction: 0.01, momentum: 0 }, equal, context());
    expect(keptOf(equal).length).toBe(100);
  });

  test('takes no zeros where there are fewer others than asked for', () => {
    expect(largestFrom(Float32Array.of(0, 5, 0, 0, 1, 0), 4)).toBe(0);
  });
});

describe('randomk', () => {
  test('without memory is right on average: what is kept is divided by its chance', () => {
    const sum = new Float64Array(50);
    const runs = 4_000;
    for (let seed = 0; seed < runs; seed++) {
      const values = new Float32Array(50).fill(2);
      applyStage({ kind: 'randomk', fraction: 0.25 }, values, context({ seed, hasMemory: false }));
      for (const [i, value] of values.entries()) sum[i] = (sum[i] ?? 0) + value;
    }
    // 0 or 8: standard deviation √12, four standard errors.
    for (const total of sum) expect(Math.abs(total / runs - 2)).toBeLessThan((4 * Math.sqrt(12)) / Math.sqrt(runs));
  });

  test('with memory keeps values as they are', () => {
    const values = new Float32Array(1_000).fill(2);
    applyStage({ kind: 'randomk', fraction: 0.25 }, values, context());
    expect(new Set(values)).toEqual(new Set([0, 2]));
    expect(Math.abs(keptOf(values).length - 250)).toBeLessThan(60);
  });
});

test('significant keeps what is at least that share of the largest', () => {
  const values = Float32Array.of(10, -5, 4.9, 0.1, -10);
  applyStage({ kind: 'significant', threshold: 0.5 }, values, context());
  expect([...values]).toEqual([10, -5, 0, 0, -10]);
});

test('skip leaves out that share of pushes, whole', () => {
  let skipped = 0;
  for (let seed = 0; seed < 2_000; seed++) {
    const values = Float32Array.of(1, 2);
    applyStage({ kind: 'skip', chance: 0.3 }, values, context({ seed }));
    if (values[0] === 0) skipped++;
    expect(values[0] === 0).toBe(values[1] === 0);
  }
  expect(Math.abs(skipped / 2_000 - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 2_000));
});

describe('kkt', () => {
  const kkt = { kind: 'kkt' } as const;

  test('holds back what can not move a zero weight: means within the penalty', () => {
    const values = Float32Array.of(0.5, -0.5, 1.5, 0.5, -3);
    applyStage(kkt, values, context({ l1: 1, parameters: Float32Array.of(0, 0, 0, 2, 0) }));
    expect([...values]).toEqual([0, 0, 1.5, 0.5, -3]);
  });

  test('a sum over more clocks may be larger', () => {
    const values = Float32Array.of(2.5, 3.5);
    applyStage(kkt, values, context({ l1: 1, parameters: new Float32Array(2), clocksHeld: () => 3 }));
    expect([...values]).toEqual([0, 3.5]);
  });

  test('without a penalty, or without knowing the weights, holds nothing back', () => {
    for (const change of [{ l1: 0, parameters: new Float32Array(1) }, { l1: 1 }]) {
      const values = Float32Array.of(0.5);
      applyStage(kkt, values, context(change));
      expect(values[0]).toBe(0.5);
    }
  });
});
