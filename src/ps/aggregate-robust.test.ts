import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { Aggregator } from './aggregate.ts';
import { aggregateRobustly, type RobustSpec } from './aggregate-robust.ts';
import type { Contribution } from './segment.ts';
import { sgd } from './updaters/sgd.ts';

const RULES: readonly RobustSpec[] = [
  { kind: 'median' },
  { kind: 'trimmed-mean', share: 0.2 },
  { kind: 'centred-clipping', iterations: 3 },
];
const whole = (...values: number[]): Contribution => ({ samples: 1, keys: null, values: Float32Array.from(values) });
const rows = (keys: number[], ...values: number[]): Contribution => {
  return { samples: 1, keys: Uint32Array.from(keys), values: Float32Array.from(values) };
};
const combine = (spec: RobustSpec, parts: Contribution[], rowCount: number, width = 1, start = 0) => {
  const { keys, values } = aggregateRobustly(spec, parts, start, rowCount, width);
  return { keys: keys && [...keys], values: [...values] };
};

describe('rules', () => {
  it('the median is of each coordinate', () => {
    const parts = [whole(1, 10), whole(2, -5), whole(9, 0)];
    expect(combine({ kind: 'median' }, parts, 2)).toEqual({ keys: null, values: [2, 0] });
    expect(combine({ kind: 'median' }, [whole(1), whole(2), whole(4), whole(100)], 1).values).toEqual([3]);
  });

  it('the trimmed mean drops as many at either end', () => {
    const parts = [whole(-100), whole(1), whole(2), whole(6), whole(1000)];
    expect(combine({ kind: 'trimmed-mean', share: 0.2 }, parts, 1).values).toEqual([3]);
    // Not so many that nobody is left.
    expect(combine({ kind: 'trimmed-mean', share: 0.49 }, [whole(1), whole(5)], 1).values).toEqual([3]);
  });

  it('centred clipping shortens what is far to the median distance', () => {
    // Median 2; distances 1, 0, 98; their median is 1: the third counts as 3. (1 + 2 + 3) / 3 = 2, and again.
    const parts = [whole(1), whole(2), whole(100)];
    expect(combine({ kind: 'centred-clipping', iterations: 3 }, parts, 1).values).toEqual([2]);
    // Distances of (0,0), (3,4), (−3,−4) and (0,0) from (0,0), as root mean squares: 0, √12.5, √12.5, 0.
    const plane = [whole(0, 0), whole(3, 4), whole(-3, 0), whole(0, 0), whole(0, 1)];
    const { values } = combine({ kind: 'centred-clipping', iterations: 1 }, plane, 2);
    // Median (0,0); distances 0, 5, 3, 0, 1 over √2: radius 1. (3,4)/5 + (−1,0) + (0,1), over 5 workers.
    expect(values).toEqual([expect.closeTo((0.6 - 1) / 5, 6), expect.closeTo((0.8 + 1) / 5, 6)]);
  });

  it.each(RULES)('$kind of equal gradients is that gradient', (rule) => {
    expect(combine(rule, [whole(1, -2), whole(1, -2), whole(1, -2)], 2).values).toEqual([1, -2]);
  });

  it.each(RULES)('$kind counts for each row those who sent it', (rule) => {
    const parts = [rows([10, 12], 1, 2, 3, 4), rows([12], 3, 4), rows([12, 13], 3, 4, 7, 8)];
    expect(combine(rule, parts, 5, 2, 10)).toEqual({ keys: [10, 12, 13], values: [1, 2, 3, 4, 7, 8] });
  });

  it.each(RULES)('$kind of nothing is nothing', (rule) => {
    const idle = { samples: 0, keys: null, values: new Float32Array(0) };
    expect(combine(rule, [idle], 3)).toEqual({ keys: null, values: [] });
    expect(combine(rule, [idle, whole(1), whole(2), whole(3)], 1).values).toEqual([2]);
  });
});

describe('one of five workers sends poison', () => {
  /** Least squares y = w·x with w = (2, −1, 0.5), each honest worker on samples of its own; distance of w after 300 clocks. */
  function train(
    combineClock: (parts: readonly Contribution[]) => Float32Array,
    poison: (honest: Float32Array) => Float32Array,
  ) {
    const truth = [2, -1, 0.5];
    const weights = new Float32Array(3);
    const random = new Random(7);
    const gradient = () => {
      const sum = new Float32Array(3);
      for (let sample = 0; sample < 32; sample++) {
        const x = [random.unit() - 0.5, random.unit() - 0.5, random.unit() - 0.5];
        const noise = 0.2 * (random.unit() - 0.5);
        const error = x.reduce((dot, value, at) => dot + value * ((weights[at] ?? 0) - (truth[at] ?? 0)), noise);
        for (const [at, value] of x.entries()) sum[at] = (sum[at] ?? 0) + (2 * error * value) / 32;
      }
      return sum;
    };
    const updater = sgd();
    for (let clock = 0; clock < 300; clock++) {
      const parts = Array.from({ length: 5 }, (_, worker): Contribution => {
        const honest = gradient();
        return { samples: 32, keys: null, values: worker === 3 ? poison(honest) : honest };
      });
      const context = { learningRate: 0.5, weight: 1, scalars: new Float64Array(0) };
      updater.apply(weights, [], 0, combineClock(parts), 0, 3, context);
    }
    return Math.hypot(...truth.map((value, at) => value - (weights[at] ?? 0)));
  }

  const POISONS: [string, (honest: Float32Array) => Float32Array][] = [
    ['the opposite, tenfold', (honest) => honest.map((value) => -10 * value)],
    ['a huge constant', () => Float32Array.of(1e3, -1e3, 1e3)],
  ];

  it.each(POISONS)('%s: the mean is lost', (_, poison) => {
    const distance = train((parts) => new Aggregator().mean(parts, 0, 3, 1).values, poison);
    expect(distance > 1 || Number.isNaN(distance)).toBe(true);
  });

  it.each(RULES.flatMap((rule) => POISONS.map(([name, poison]) => [rule.kind, name, rule, poison] as const)))(
    '%s is not, against %s',
    (_kind, _name, rule, poison) => {
      expect(train((parts) => aggregateRobustly(rule, parts, 0, 3, 1).values, poison)).toBeLessThan(0.1);
    },
  );

  it.each(RULES)('$kind costs little where nobody lies', (rule) => {
    expect(
      train(
        (parts) => aggregateRobustly(rule, parts, 0, 3, 1).values,
        (honest) => honest,
      ),
    ).toBeLessThan(0.05);
  });
});
