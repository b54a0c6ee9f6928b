// A generated table of customers, some of whom leave: numbers, categories and gaps, drawn from a planted model with an
// interaction and a curve, so that the best possible result is known and a linear model can't reach it. Only exact
// operations (see exact-math.ts).
import { hash32, Random } from '../../random.ts';
import type { DenseBlock, Generator, Split, TableInput } from '../dataset.ts';
import { exactSigmoid } from '../exact-math.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { inputOffsets } from '../table-encode.ts';
import { tableMeta } from '../table-format.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';
import { normal } from './normal.ts';

export const CUSTOMERS_SAMPLES = { train: 20_000, test: 4_000 };

/** Share of incomes that nobody wrote down. */
const MISSING_SHARE = 0.05;

const number = (name: string, mean: number, scale: number, hasMissing = false): TableInput => {
  return { kind: 'number', name, hasMissing, mean, scale };
};
const category = (name: string, ...values: string[]): TableInput => {
  return { kind: 'category', name, hasMissing: false, values, hasOthers: false };
};

/** `city` and `shoe size` say nothing of the target: a model's importances must show it. */
const INPUTS = [
  number('age', 42, 14),
  number('income', 52, 18, true),
  number('visits', 12, 5),
  number('years', 6, 2.5),
  number('shoe size', 41, 2.5),
  category('plan', 'basic', 'plus', 'family'),
  category('city', 'Ghent', 'Kyoto', 'Lima', 'Oslo', 'Perth'),
];
const OFFSETS = inputOffsets(INPUTS);
const FEATURES = OFFSETS.at(-1) ?? 0;
const PLAN_EFFECTS = [2, 0, -2];

/** A `Generator` that also tells its secret. */
export interface CustomersGenerator extends Generator {
  /** Expected share of right answers when always saying whichever is likelier, which nobody can beat but by luck. */
  bestPossible(split: Split): number;
}

export function customersGenerator(
  seed: number,
  samples: Readonly<Record<Split, number>> = CUSTOMERS_SAMPLES,
): CustomersGenerator {
  const target = { kind: 'classes', name: 'leaves', labels: ['no', 'yes'] } as const;
  const meta = tableMeta('generated customers', { train: samples.train, test: samples.test }, INPUTS, target);
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  const randomOf = (split: Split, sample: number) => new Random(hash32(seed, SPLIT_SEEDS[split], sample));
  return {
    name: 'customers',
    meta,
    blockSamples,
    block(split: Split, index: number): DenseBlock {
      const count = blockSamples[split][index] ?? 0;
      const x = new Float32Array(count * FEATURES);
      const y = new Uint32Array(count);
      for (let row = 0; row < count; row++) {
        const random = randomOf(split, index * BLOCK_SAMPLES + row);
        const chance = drawCustomer(random, x.subarray(row * FEATURES, (row + 1) * FEATURES));
        y[row] = random.unit() < chance ? 1 : 0;
      }
      return { kind: 'dense', count, features: FEATURES, x, y };
    },
    bestPossible(split: Split): number {
      const values = new Float32Array(FEATURES);
      let right = 0;
      for (let sample = 0; sample < samples[split]; sample++) {
        const chance = drawCustomer(randomOf(split, sample), values.fill(0));
        right += Math.max(chance, 1 - chance);
      }
      return right / samples[split];
    },
  };
}

/** Fills one sample's values, which must be 0. @returns the probability that this customer leaves */
function drawCustomer(random: Random, x: Float32Array): number {
  const numbers = [0, 1, 2, 3, 4].map((column) => {
    const value = normal(random);
    x[OFFSETS[column] as number] = value;
    return value;
  });
  const [age = 0, income = 0, visits = 0, years = 0] = numbers;
  const plan = random.below(PLAN_EFFECTS.length);
  x[(OFFSETS[5] as number) + plan] = 1;
  x[(OFFSETS[6] as number) + random.below(5)] = 1;
  const isMissing = random.unit() < MISSING_SHARE;
  if (isMissing) {
    x[OFFSETS[1] as number] = 0;
    x[(OFFSETS[1] as number) + 1] = 1;
  }
  const curve = isMissing ? 0 : income * income - 1;
  return exactSigmoid(2.5 * age * years - 2 * visits + 1.5 * curve + (PLAN_EFFECTS[plan] as number));
}
