import { expect, test } from 'vitest';
import { Random } from '../../random.ts';
import { adam } from './adam.ts';
import { trial } from './trial.ts';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Algorithm 1 of Kingma and Ba as printed: in f64, with powers, bias-corrected moments spelt out. */
function printedAdam(gradients: readonly number[], learningRate: number): number {
  let [w, m, v] = [0, 0, 0];
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g ** 2;
    const unbiasedMean = m / (1 - 0.9 ** (i + 1));
    const unbiasedSquare = v / (1 - 0.999 ** (i + 1));
    w -= (learningRate * unbiasedMean) / (unbiasedSquare ** 0.5 + 1e-8);
  });
  return w;
}

test('follows the printed algorithm over 500 noisy gradients', () => {
  const random = new Random(7);
  const gradients = Array.from({ length: 500 }, () => Math.fround(0.3 + random.unit() - 0.5));
  const { values, step } = trial(adam(settings), { learningRate: 0.01 });
  for (const g of gradients) step([g]);
  const expected = printedAdam(gradients, 0.01);
  expect(Math.abs(expected)).toBeGreaterThan(1);
  expect(values[0]).toBeCloseTo(expected, 4);
});

test('the first step is the learning rate against the sign, for any size of gradient', () => {
  const { values, step } = trial(adam(settings), { start: [0, 0, 0], learningRate: 0.01 });
  step([1e-3, -1e3, 0]);
  expect(values[0]).toBeCloseTo((-0.01 * 1e-3) / (1e-3 + 1e-8), 8);
  expect(values[1]).toBeCloseTo(0.01, 8);
  expect(values[2]).toBe(0);
});

test('the scalars are the powers of the betas after as many applications', () => {
  const { scalars, step } = trial(adam(settings));
  for (let t = 0; t < 3; t++) step([1]);
  expect(scalars[0]).toBeCloseTo(0.729, 12);
  expect(scalars[1]).toBeCloseTo(0.997002999, 12);
});

test('weight scales the step, not the moments', () => {
  const whole = trial(adam(settings), { learningRate: 0.01 });
  const half = trial(adam(settings), { learningRate: 0.01, weight: 0.5 });
  whole.step([2]);
  half.step([2]);
  expect(half.values[0]).toBe((whole.values[0] ?? 0) / 2);
  expect(half.slots).toEqual(whole.slots);
});
