import { expect, test } from 'vitest';
import { adagrad } from './adagrad.ts';
import { stateOf, trial } from './trial.ts';

test('for a constant gradient the steps are the learning rate over √1, √2, √3 …', () => {
  const { values, step } = trial(adagrad({ epsilon: 0 }), { learningRate: 0.5 });
  let expected = 0;
  for (let t = 1; t <= 20; t++) {
    step([7]);
    expected -= 0.5 / Math.sqrt(t);
    expect(values[0]).toBeCloseTo(expected, 5);
  }
});

test('every value has its own rate: the first step is the learning rate, whatever the gradient', () => {
  const { values, step } = trial(adagrad({ epsilon: 1e-10 }), { start: [0, 0], learningRate: 0.5 });
  step([1e-4, -1e4]);
  expect(values[0]).toBeCloseTo(-0.5, 5);
  expect(values[1]).toBeCloseTo(0.5, 5);
});

test('a zero gradient changes nothing, epsilon or not', () => {
  const { values, step } = trial(adagrad({ epsilon: 1e-10 }), { start: [3] });
  step([0]);
  expect(values[0]).toBe(3);
});

test('weight scales the step, not the sum of squares', () => {
  const { values, slots, step } = trial(adagrad({ epsilon: 0 }), { learningRate: 1, weight: 0.25 });
  step([4]);
  expect(values[0]).toBe(-0.25);
  expect(slots[0]?.[0]).toBe(16);
});

test('the gradient of several clocks counts as their sum', () => {
  const round = trial(adagrad({ epsilon: 0.5 }), { learningRate: 1, weight: 3 });
  const sum = trial(adagrad({ epsilon: 0.5 }), { learningRate: 1 });
  for (const gradient of [4, -1, 2]) {
    round.step([gradient]);
    sum.step([3 * gradient]);
  }
  expect(stateOf(round)).toEqual(stateOf(sum));
});
