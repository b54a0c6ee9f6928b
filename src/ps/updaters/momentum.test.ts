import { expect, test } from 'vitest';
import { momentum } from './momentum.ts';
import { trial } from './trial.ts';

test('the velocity gathers: v = 1, 1.5, 1.75 for a constant gradient and beta 0.5', () => {
  const { values, slots, step } = trial(momentum({ beta: 0.5, nesterov: false }), { learningRate: 1 });
  const seen = [1, 2, 3].map(() => {
    step([1]);
    return values[0];
  });
  expect(seen).toEqual([-1, -2.5, -4.25]);
  expect([...(slots[0] ?? [])]).toEqual([1.75]);
});

test("Nesterov's step looks ahead: g + beta·v = 1.5, 1.75", () => {
  const { values, step } = trial(momentum({ beta: 0.5, nesterov: true }), { learningRate: 1 });
  step([1]);
  expect(values[0]).toBe(-1.5);
  step([1]);
  expect(values[0]).toBe(-3.25);
});

test('weight scales the step, not the velocity', () => {
  const { values, slots, step } = trial(momentum({ beta: 0.5, nesterov: false }), { learningRate: 1, weight: 0.25 });
  step([4]);
  expect(values[0]).toBe(-1);
  expect(slots[0]?.[0]).toBe(4);
});
