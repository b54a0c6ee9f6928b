import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32, hashUnit, mix32, Random } from './random.ts';

/** sfc32 as its author wrote it (PractRand, sfc.cpp), in exact 64-bit arithmetic: the oracle. */
function* sfc32(a: bigint, b: bigint, c: bigint): Generator<number> {
  const mask = 0xffff_ffffn;
  for (let counter = 1n; ; counter++) {
    const sum = (a + b + counter) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = (((c << 21n) | (c >> 11n)) + sum) & mask;
    yield Number(sum);
  }
}

/** Pearson's statistic of equally likely cells. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The 0.999 quantile of χ² for so many degrees of freedom (Wilson and Hilferty 1931). */
const chiSquareLimit = (freedom: number) =>
  freedom * (1 - 2 / (9 * freedom) + 3.09 * Math.sqrt(2 / (9 * freedom))) ** 3;

function countCells(cells: number, draws: number, draw: (index: number) => number): number[] {
  const counts = Array<number>(cells).fill(0);
  for (let index = 0; index < draws; index++) {
    const cell = draw(index);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return counts;
}

describe('the hash', () => {
  it('mixes as MurmurHash3 does', () => {
    // Of smhasher's fmix32; 0 is its fixed point.
    expect([0, 1, 2, 0xffff_ffff].map(mix32)).toEqual([0, 0x514e28b7, 0x30f4c306, 0x81f16f39]);
  });

  it('never changes: parameters of running rooms and places on the ring depend on it', () => {
    expect(hash32(0)).toBe(2462723854);
    expect(hash32(1, 2, 3)).toBe(3979679774);
    expect(hash32(0xffff_ffff, 0, 0xffff_ffff)).toBe(117343140);
  });

  it('is a u32 whatever it is given', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.maxSafeNat()), (seed, counters) => {
        const hash = hash32(seed, ...counters);
        expect(hash).toBe(hash >>> 0);
      }),
    );
  });

  it('depends on every argument, on their order and on their number', () => {
    const variants = [
      [1, 2, 3],
      [1, 3, 2],
      [2, 1, 3],
      [1, 2],
      [1, 2, 3, 0],
      [1, 2, 4],
      [0, 2, 3],
      [1, 2, 3, 0, 0],
    ];
    expect(new Set(variants.map(([seed = 0, ...rest]) => hash32(seed, ...rest))).size).toBe(variants.length);
  });

  it('spreads consecutive counters evenly over [0, 1)', () => {
    const counts = countCells(64, 64_000, (index) => Math.floor(hashUnit(7, 3, index) * 64));
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(63));
  });

  it('does not repeat itself among neighbours: pairs are even too', () => {
    const cell = (index: number) => Math.floor(hashUnit(7, index) * 8) * 8 + Math.floor(hashUnit(7, index + 1) * 8);
    expect(chiSquare(countCells(64, 64_000, (index) => cell(2 * index)))).toBeLessThan(chiSquareLimit(63));
  });

  it('changes about half of its bits with any bit of the seed', () => {
    let changed = 0;
    for (let bit = 0; bit < 32; bit++) {
      for (let seed = 0; seed < 64; seed++) {
        const flips = (hash32(seed, 1) ^ hash32((seed ^ (1 << bit)) >>> 0, 1)) >>> 0;
        changed += flips.toString(2).replaceAll('0', '').length;
      }
    }
    expect(changed / (32 * 64)).toBeGreaterThan(15.5);
    expect(changed / (32 * 64)).toBeLessThan(16.5);
  });
});

describe('the generator', () => {
  it('is sfc32, seeded by three hashes', () => {
    for (const seed of [0, 1, 0x70756c6c, 0xffff_ffff]) {
      const oracle = sfc32(BigInt(hash32(seed, 1)), BigInt(hash32(seed, 2)), BigInt(hash32(seed, 3)));
      const random = new Random(seed);
      for (let draw = 0; draw < 1_000; draw++) expect(random.u32()).toBe(oracle.next().value);
    }
  });

  it('gives the same numbers for the same seed, others for another', () => {
    const first = (seed: number) => {
      const random = new Random(seed);
      return [random.u32(), random.u32(), random.u32()];
    };
    expect(first(5)).toEqual(first(5));
    expect(first(5)).not.toEqual(first(6));
  });

  it('is even over [0, 1) and over pairs', () => {
    const random = new Random(42);
    expect(chiSquare(countCells(100, 100_000, () => Math.floor(random.unit() * 100)))).toBeLessThan(chiSquareLimit(99));
    const pair = () => random.below(10) * 10 + random.below(10);
    expect(chiSquare(countCells(100, 100_000, pair))).toBeLessThan(chiSquareLimit(99));
  });

  it('stays below its bound and reaches every number below', () => {
    const random = new Random(1);
    expect(countCells(7, 7_000, () => random.below(7)).every((count) => count > 850 && count < 1_150)).toBe(true);
    expect(random.below(1)).toBe(0);
  });
});

describe('a shuffle', () => {
  it('permutes: everything stays, nothing is added', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer(), (items, seed) => {
        const shuffled = items.slice();
        new Random(seed).shuffle(shuffled);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });

  it('makes every order equally likely', () => {
    const random = new Random(3);
    const orders = new Map<string, number>();
    for (let round = 0; round < 24_000; round++) {
      const items = [1, 2, 3, 4];
      random.shuffle(items);
      orders.set(items.join(), (orders.get(items.join()) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare([...orders.values()])).toBeLessThan(chiSquareLimit(23));
  });

  it('works on typed arrays, and leaves one item or none alone', () => {
    const items = Uint32Array.of(1, 2, 3, 4, 5);
    new Random(9).shuffle(items);
    expect([...items].toSorted()).toEqual([1, 2, 3, 4, 5]);
    for (const few of [[], [1]]) {
      new Random(9).shuffle(few);
      expect(few.length).toBeLessThan(2);
    }
  });
});
