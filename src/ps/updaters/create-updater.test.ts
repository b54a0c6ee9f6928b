import { describe, expect, test } from 'vitest';
import { Random } from '../../random.ts';
import { createUpdater } from './create-updater.ts';
import { MissingState } from './slots.ts';
import { stateOf, trial } from './trial.ts';
import type { UpdaterSpec } from './updater.ts';

const specs: readonly UpdaterSpec[] = [
  { kind: 'sgd' },
  { kind: 'momentum', beta: 0.9, nesterov: false },
  { kind: 'momentum', beta: 0.9, nesterov: true },
  { kind: 'adagrad', epsilon: 1e-10 },
  { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { kind: 'ftrl', beta: 0.1, l1: 0.001, l2: 0.001 },
];

describe.each(specs)('$kind', (spec) => {
  const updater = createUpdater(spec);
  const start = [0.5, -0.25, 0, 1, -1, 2];

  test('row by row gives the same bits as the whole range, whatever lies around the row', () => {
    const random = new Random(19);
    const [whole, rows] = [trial(updater, { start }), trial(updater, { start })];
    for (let t = 0; t < 20; t++) {
      const gradient = start.map(() => random.unit() - 0.5);
      whole.step(gradient);
      const context = { learningRate: 0.1, weight: 1, scalars: rows.scalars };
      updater.advance(context);
      // Rows of two, from a push that lists them behind another segment's.
      for (const at of [4, 0, 2]) {
        const push = Float32Array.of(99, 99, gradient[at] ?? 0, gradient[at + 1] ?? 0, 99);
        updater.apply(rows.values, rows.slots, at, push, 2, 2, context);
      }
    }
    expect(stateOf(rows)).toEqual(stateOf(whole));
  });

  test('goes downhill', () => {
    const { values, step } = trial(updater, { start });
    for (let t = 0; t < 500; t++) step([...values].map((value) => value - 1));
    for (const value of values) expect(Math.abs(value - 1)).toBeLessThan(0.25);
  });

  test('leaves the gradient as it was', () => {
    const gradient = Float32Array.of(1, 2);
    const { values, slots, scalars } = trial(updater, { start: [1, 2] });
    const context = { learningRate: 0.1, weight: 1, scalars };
    updater.advance(context);
    updater.apply(values, slots, 0, gradient, 0, 2, context);
    expect([...gradient]).toEqual([1, 2]);
  });
});

const stateful = specs.filter((spec) => spec.kind !== 'sgd');

test.each(stateful)('$kind names the state that it misses', (spec) => {
  const updater = createUpdater(spec);
  const context = { learningRate: 0.1, weight: 1, scalars: Float64Array.from(updater.scalars) };
  expect(() => updater.apply(new Float32Array(1), [], 0, new Float32Array(1), 0, 1, context)).toThrow(MissingState);
});
