// Facts about the running mean under the loss curve.
import { expect, test } from 'vitest';
import { Smoothing } from './smoothing.ts';

test('a flat curve stays flat from its first point on', () => {
  const values = new Smoothing().follow([1, 2, 3], [2, 2, 2]);
  for (const value of values) expect(value).toBeCloseTo(2, 12);
});

test('two values weigh by age: 0.85 and 1 parts', () => {
  const [, second] = new Smoothing().follow([1, 2], [0, 1]);
  expect(second).toBeCloseTo(1 / 1.85, 12);
});

test('growing in pieces gives what the whole gives', () => {
  const step = [1, 2, 3, 4];
  const value = [3, 1, 4, 1];
  const pieces = new Smoothing();
  pieces.follow(step.slice(0, 2), value.slice(0, 2));
  expect(pieces.follow(step, value)).toEqual(new Smoothing().follow(step, value));
});

test('another curve starts over', () => {
  const smoothing = new Smoothing();
  smoothing.follow([1, 2, 3], [9, 9, 9]);
  expect(smoothing.follow([1], [1])[0]).toBeCloseTo(1);
  smoothing.follow([1, 2], [1, 1]);
  expect(smoothing.follow([10, 20, 30], [5, 5, 5])[0]).toBeCloseTo(5);
});

test('a value that is no number does not poison the rest', () => {
  const values = new Smoothing().follow([1, 2, 3], [1, Number.NaN, 1]);
  expect(values[2]).toBeCloseTo(1);
});
