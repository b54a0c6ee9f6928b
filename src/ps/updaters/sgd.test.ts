import { expect, test } from 'vitest';
import { sgd } from './sgd.ts';
import { trial } from './trial.ts';

test('moves against the gradient by the learning rate', () => {
  const { values, step } = trial(sgd(), { start: [1, -2], learningRate: 0.5 });
  step([4, -8]);
  expect([...values]).toEqual([-1, 2]);
});

test('the weights of a clock make one full step together', () => {
  const { values, step } = trial(sgd(), { start: [1], learningRate: 0.5 });
  step([4], 0.5, 0.25);
  step([4], 0.5, 0.75);
  expect([...values]).toEqual([-1]);
});
