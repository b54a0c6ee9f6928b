import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregator } from './aggregate.ts';
import type { Contribution, Rows } from './segment.ts';

const START = 100;
const ROWS = 6;

const range = (samples: number, ...values: number[]): Contribution => ({
  samples,
  keys: null,
  values: Float32Array.from(values),
});
const rows = (samples: number, keys: number[], ...values: number[]): Contribution => ({
  samples,
  keys: Uint32Array.from(keys),
  values: Float32Array.from(values),
});
const mean = (contributions: Contribution[], width = 1, aggregator = new Aggregator()) =>
  aggregator.mean(contributions, START, ROWS, width);
const plain = ({ keys, values }: Rows) => ({ keys: keys === null ? null : [...keys], values: [...values] });

/** The definition, in f64: Σ samplesᵢ·gᵢ / Σ samplesᵢ for every key that some contribution has. */
function naiveMean(contributions: readonly Contribution[], width: number): Map<number, number[]> {
  const total = contributions.reduce((sum, { samples }) => sum + samples, 0);
  const sums = new Map<number, number[]>();
  for (const { keys, samples, values } of contributions) {
    if (samples === 0 || values.length === 0) continue;
    const list = keys ?? Array.from({ length: ROWS }, (_, row) => START + row);
    for (const [row, key] of list.entries()) {
      const sum = sums.get(key) ?? Array<number>(width).fill(0);
      sums.set(
        key,
        sum.map((old, column) => old + (samples * (values[row * width + column] ?? 0)) / total),
      );
    }
  }
  return sums;
}

const value = fc.float({ min: -8, max: 8, noNaN: true });
const width = fc.integer({ min: 1, max: 3 });
const valuesOf = (count: number) =>
  fc.array(value, { minLength: count, maxLength: count }).map((list) => Float32Array.from(list));

const ranges = (width: number): fc.Arbitrary<Contribution> =>
  fc.record({ samples: fc.nat(300), keys: fc.constant(null), values: valuesOf(ROWS * width) });
const keyLists = (width: number): fc.Arbitrary<Contribution> =>
  fc.tuple(fc.nat(300), fc.subarray(Array.from({ length: ROWS }, (_, row) => START + row))).chain(([samples, keys]) =>
    fc.record({
      samples: fc.constant(samples),
      keys: fc.constant(Uint32Array.from(keys)),
      values: valuesOf(keys.length * width),
    }),
  );
const batch = width.chain((width) =>
  fc.record({
    width: fc.constant(width),
    contributions: fc.oneof(
      fc.array(ranges(width), { minLength: 1, maxLength: 5 }),
      fc.array(keyLists(width), { minLength: 1, maxLength: 5 }),
      fc.array(fc.oneof(ranges(width), keyLists(width)), { minLength: 1, maxLength: 5 }),
    ),
  }),
);

describe('the mean of whole ranges', () => {
  it('weighs by samples', () => {
    // (1·8 + 3·4) / 4 = 5, and so on.
    expect(plain(mean([range(1, 8, 0, -4), range(3, 4, 8, 4)]))).toEqual({ keys: null, values: [5, 6, 2] });
  });

  it('of one worker is its gradient, bit for bit', () => {
    fc.assert(
      fc.property(valuesOf(ROWS), fc.integer({ min: 1, max: 1000 }), (values, samples) => {
        expect(mean([{ samples, keys: null, values }]).values).toEqual(values);
      }),
    );
  });

  it('leaves out who had no samples, and who sent nothing counts with its samples', () => {
    expect(plain(mean([range(0, 9, 9), range(2, 1, 2)]))).toEqual({ keys: null, values: [1, 2] });
    expect(plain(mean([range(2, 1, 2), range(2)]))).toEqual({ keys: null, values: [0.5, 1] });
  });

  it('of nothing is nothing', () => {
    expect(plain(mean([]))).toEqual({ keys: null, values: [] });
    expect(plain(mean([range(0), rows(0, [])]))).toEqual({ keys: null, values: [] });
    expect(plain(mean([rows(4, []), rows(5, [])]))).toEqual({ keys: null, values: [] });
  });
});

describe('the mean of key lists', () => {
  it('is over the union of the keys, ascending; a key that a worker lacks is a gradient of 0', () => {
    expect(plain(mean([rows(1, [101, 104], 4, 8), rows(3, [100, 104], 4, 8)]))).toEqual({
      keys: [100, 101, 104],
      values: [3, 1, 8],
    });
  });

  it('keeps keys whose sum is exactly 0: their optimiser state moves', () => {
    expect(plain(mean([rows(1, [102], 4), rows(1, [102], -4)]))).toEqual({ keys: [102], values: [0] });
  });

  it('is not over the keys of who had no samples', () => {
    expect(plain(mean([rows(0, [101], 9), rows(2, [103], 4)]))).toEqual({ keys: [103], values: [4] });
  });

  it('keeps rows together', () => {
    expect(plain(mean([rows(1, [103], 1, 2), rows(1, [102], 3, 4)], 2))).toEqual({
      keys: [102, 103],
      values: [1.5, 2, 0.5, 1],
    });
  });

  it('takes whole ranges among key lists as lists of every key', () => {
    const all = range(1, 1, 2, 3, 4, 5, 6);
    expect(plain(mean([all, rows(1, [105], 2)]))).toEqual({
      keys: [100, 101, 102, 103, 104, 105],
      values: [0.5, 1, 1.5, 2, 2.5, 4],
    });
  });
});

describe('the mean', () => {
  it('is what the definition says, to the precision of f32', () => {
    fc.assert(
      fc.property(batch, ({ contributions, width }) => {
        const { keys, values } = mean(contributions, width);
        const expected = naiveMean(contributions, width);
        const found = keys ?? (values.length === 0 ? [] : Array.from({ length: ROWS }, (_, row) => START + row));
        expect([...found]).toEqual([...expected.keys()].toSorted((a, b) => a - b));
        for (const [row, key] of found.entries()) {
          for (let column = 0; column < width; column++) {
            expect(values[row * width + column]).toBeCloseTo(expected.get(key)?.[column] ?? Number.NaN, 4);
          }
        }
      }),
    );
  });

  it('is summed in f32, in the order given, bit for bit, for ranges and for key lists alike', () => {
    const some = fc.array(fc.record({ samples: fc.integer({ min: 1, max: 300 }), values: valuesOf(ROWS) }), {
      minLength: 1,
      maxLength: 6,
    });
    const everyKey = Uint32Array.from({ length: ROWS }, (_, row) => START + row);
    fc.assert(
      fc.property(some, (list) => {
        const total = list.reduce((sum, { samples }) => sum + samples, 0);
        const expected = new Float32Array(ROWS);
        for (const { samples, values } of list) {
          // One rounding to f32 for each addition, none for the product.
          values.forEach((value, at) => {
            expected[at] = Math.fround((expected[at] ?? 0) + value * (samples / total));
          });
        }
        const asRanges = mean(list.map((one) => ({ ...one, keys: null }))).values;
        const asLists = mean(list.map((one) => ({ ...one, keys: everyKey }))).values;
        expect(Array.from(asRanges, (one) => one + 0)).toEqual(Array.from(expected, (one) => one + 0));
        expect(Array.from(asLists, (one) => one + 0)).toEqual(Array.from(expected, (one) => one + 0));
      }),
    );
  });

  it('depends on the order: that is why it is the order of ranks', () => {
    // In f32 1e8 + 1 is 1e8.
    expect([...mean([range(1, 3e8), range(1, 3), range(1, -3e8)]).values]).toEqual([0]);
    expect([...mean([range(1, 3e8), range(1, -3e8), range(1, 3)]).values]).toEqual([1]);
  });

  it('does not change what it was given', () => {
    fc.assert(
      fc.property(batch, ({ contributions, width }) => {
        const before = structuredClone(contributions);
        mean(contributions, width);
        expect(contributions).toEqual(before);
      }),
    );
  });

  it('is the same from used work space as from fresh: nothing is left over', () => {
    const aggregator = new Aggregator();
    fc.assert(
      fc.property(batch, ({ contributions, width }) => {
        expect(plain(mean(contributions, width, aggregator))).toEqual(plain(mean(contributions, width)));
      }),
    );
  });

  it('grows its work space to the largest segment and uses it for smaller ones', () => {
    const aggregator = new Aggregator();
    expect(aggregator.mean([range(1, 7)], 0, 1, 1).values).toEqual(Float32Array.of(7));
    expect(aggregator.mean([range(1, 1, 2, 3)], 0, 3, 1).values).toEqual(Float32Array.of(1, 2, 3));
    expect(aggregator.mean([range(1, 7)], 0, 1, 1).values).toEqual(Float32Array.of(7));
    expect(plain(aggregator.mean([rows(1, [900], 5)], 0, 1000, 1))).toEqual({ keys: [900], values: [5] });
    expect(plain(aggregator.mean([rows(1, [1], 5)], 0, 2, 1))).toEqual({ keys: [1], values: [5] });
  });
});
