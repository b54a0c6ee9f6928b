import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightedShare } from './privacy.ts';

describe('shares by what each tab has', () => {
  it('of one clock come to the batch, none below 0', () => {
    const weightLists = fc
      .array(fc.nat(10_000), { minLength: 1, maxLength: 9 })
      .filter((all) => all.some((n) => n > 0));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), weightLists, fc.nat(10_000), (batch, weights, clock) => {
        const shares = weights.map((_, rank) => weightedShare(batch, weights, rank, clock));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(batch);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('are proportional over the clocks, also where one is below a sample', () => {
    const weights = [1, 900, 99];
    const sums = weights.map((_, rank) => {
      let sum = 0;
      for (let clock = 0; clock < 10_000; clock++) sum += weightedShare(10, weights, rank, clock);
      return sum / 10_000;
    });
    expect(sums[0]).toBeCloseTo(0.01, 3);
    expect(sums[1]).toBeCloseTo(9, 2);
    expect(sums[2]).toBeCloseTo(0.99, 2);
  });

  it('are nothing without samples', () => {
    expect(weightedShare(10, [0, 0], 0, 3)).toBe(0);
    expect(weightedShare(10, [5, 0], 1, 3)).toBe(0);
  });
});
