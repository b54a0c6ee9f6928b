import { describe, expect, test } from 'vitest';
import { Random } from '../../random.ts';
import { ftrl } from './ftrl.ts';
import { stateOf, trial } from './trial.ts';

const noise = (seed: number, count: number, mean: number) => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => Math.fround(mean + random.unit() - 0.5));
};

describe('against the papers', () => {
  /** McMahan et al. 2013, algorithm 1, as printed but for the penalties, which grow with t; in f64. */
  function printedFtrl(gradients: readonly number[], alpha: number, beta: number, l1: number, l2: number): number {
    let [z, n, w] = [0, 0, 0];
    gradients.forEach((g, i) => {
      const sigma = (Math.sqrt(n + g * g) - Math.sqrt(n)) / alpha;
      z += g - sigma * w;
      n += g * g;
      const penalty = (i + 1) * l1;
      const shrunk = z - Math.sign(z) * penalty;
      w = Math.abs(z) <= penalty ? 0 : -shrunk / ((beta + Math.sqrt(n)) / alpha + (i + 1) * l2);
    });
    return w;
  }

  test('algorithm 1, at every step', () => {
    const gradients = noise(3, 300, -0.1);
    const { values, step } = trial(ftrl({ beta: 0.5, l1: 0.02, l2: 0.01 }), { learningRate: 0.2 });
    gradients.forEach((g, i) => {
      step([g]);
      expect(values[0]).toBeCloseTo(printedFtrl(gradients.slice(0, i + 1), 0.2, 0.5, 0.02, 0.01), 4);
    });
    expect(values[0]).not.toBe(0);
  });

  test('its value minimises the sum of linearised losses, penalties and proximal terms (McMahan 2011, eq. 1)', () => {
    const [alpha, beta, l1, l2] = [0.3, 1, 0.05, 0.1];
    const { values, step } = trial(ftrl({ beta, l1, l2 }), { learningRate: alpha });
    const centres: [sigma: number, centre: number][] = [[beta / alpha, 0]];
    let [linear, squares] = [0, 0];
    noise(5, 40, 0.2).forEach((g, i) => {
      centres.push([(Math.sqrt(squares + g * g) - Math.sqrt(squares)) / alpha, values[0] ?? 0]);
      step([g]);
      linear += g;
      squares += g * g;
      const t = i + 1;
      const objective = (w: number) =>
        linear * w +
        t * (l1 * Math.abs(w) + (l2 / 2) * w * w) +
        centres.reduce((sum, [sigma, centre]) => sum + (sigma / 2) * (w - centre) ** 2, 0);
      expect(values[0]).toBeCloseTo(lowest(objective), 5);
    });
  });
});

/** Where a convex function is lowest in [−10, 10], by ternary search. */
function lowest(objective: (w: number) => number): number {
  let [low, high] = [-10, 10];
  for (let i = 0; i < 200; i++) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    if (objective(left) < objective(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

describe('zeros', () => {
  test('are exactly zero while gradients stay under the penalty, on average', () => {
    const { values, step } = trial(ftrl({ beta: 1, l1: 0.2, l2: 0 }), { start: [0, 0] });
    for (const g of noise(11, 200, 0.1)) step([g, g + 0.2]);
    expect(values[0]).toBe(0);
    expect(values[1]).toBeLessThan(-0.1);
  });

  test('a key that is never touched again shrinks as t grows, and reaches exactly zero', () => {
    const updater = ftrl({ beta: 1, l1: 0.125, l2: 0 });
    const { values, slots, scalars, step } = trial(updater, { learningRate: 1 });
    step([-1]);
    expect(values[0]).toBe(Math.fround(0.875 / 2));
    for (let t = 2; t <= 9; t++) {
      updater.advance({ learningRate: 1, weight: 1, scalars });
      updater.refresh?.(values, slots, 0, 1, scalars);
      expect(values[0]).toBe(t < 8 ? Math.fround((1 - t / 8) / 2) : 0);
    }
  });
});

test('a read right after a push changes nothing', () => {
  const updater = ftrl({ beta: 1, l1: 0.01, l2: 0.5 });
  const { values, slots, scalars, step } = trial(updater);
  for (const g of noise(23, 5, 0.4)) step([g]);
  const pushed = values.slice();
  updater.refresh?.(values, slots, 0, 1, scalars);
  expect(values).toEqual(pushed);
});

test('a segment that was read and one that was not stay identical', () => {
  const updater = ftrl({ beta: 0.1, l1: 0.01, l2: 0.01 });
  const [read, unread] = [trial(updater, { start: [0, 0] }), trial(updater, { start: [0, 0] })];
  for (const [i, g] of noise(13, 50, 0.1).entries()) {
    for (const { values, slots, scalars } of [read, unread]) {
      // A push of one key: the other's value goes stale until it is read.
      const context = { learningRate: 0.1, weight: 1, scalars };
      updater.advance(context);
      updater.apply(values, slots, i % 2, Float32Array.of(g), 0, 1, context);
    }
    updater.refresh?.(read.values, read.slots, 0, 2, read.scalars);
  }
  updater.refresh?.(unread.values, unread.slots, 0, 2, unread.scalars);
  expect(stateOf(unread)).toEqual(stateOf(read));
});

test('a changed learning rate moves nothing by itself, and sets the size of later steps', () => {
  const { values, step } = trial(ftrl({ beta: 1, l1: 0, l2: 0 }), { learningRate: 0.5 });
  for (const g of noise(17, 20, 0.3)) step([g]);
  const before = values[0] ?? 0;
  step([0], 0.005);
  expect(values[0]).toBeCloseTo(before, 6);
  step([0.5], 0.005);
  expect(before - (values[0] ?? 0)).toBeGreaterThan(0);
  expect(before - (values[0] ?? 0)).toBeLessThan(0.005);
});

test('a table that does not start at zero keeps its start until touched, and moves from there', () => {
  const updater = ftrl({ beta: 1, l1: 0, l2: 0 });
  const { values, slots, scalars, step } = trial(updater, { start: [2], learningRate: 0.5 });
  updater.refresh?.(values, slots, 0, 1, scalars);
  expect(values[0]).toBe(2);
  step([1]);
  // d = (1 + 1)/0.5 = 4, so the step is 1/4.
  expect(values[0]).toBe(1.75);
});

test('with beta 0, a value whose gradients were all zero keeps its start', () => {
  const { values, step } = trial(ftrl({ beta: 0, l1: 0.1, l2: 0 }), { start: [2] });
  step([0]);
  expect(values[0]).toBe(2);
});

test('weight scales the gradient, and t advances by it', () => {
  const { slots, scalars, step } = trial(ftrl({ beta: 1, l1: 0.1, l2: 0 }), { weight: 0.5 });
  step([2]);
  expect(slots[0]?.[0]).toBe(1);
  expect(slots[1]?.[0]).toBe(1);
  step([2]);
  expect(scalars[0]).toBe(1);
});
