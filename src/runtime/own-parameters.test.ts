// Facts about what a lone worker goes on from.
import { expect, test } from 'vitest';
import { sgd } from '../ps/updaters/sgd.ts';
import { ownParameters } from './own-parameters.ts';

const from = {
  tables: [Float32Array.of(1, -2, 0.1)],
  ownClocks: new Map([
    [7, 3],
    [9, 3],
  ]),
  readFronts: new Map([
    [7, 3],
    [9, 2],
  ]),
  floor: 3,
  isHeldBack: true,
};

test('the parameters are those that a server has once it went along the drift, bit by bit', () => {
  const drift = Float32Array.of(0.3, 1e-9, -0.7);
  const served = Float32Array.from(from.tables[0] ?? []);
  sgd().apply(served, [], 0, drift, 0, drift.length, { learningRate: 1, weight: 1, scalars: new Float64Array() });
  const { tables } = ownParameters(from, [{ keys: null, values: drift }], 7, [new Float32Array(3)]);
  expect(tables).toEqual([served]);
  expect(from.tables[0]).toEqual(Float32Array.of(1, -2, 0.1));
});

test('every segment counts as read up to the last clock of the round: what comes next is not stale', () => {
  const own = ownParameters(from, [{ keys: null, values: new Float32Array(3) }], 7, [new Float32Array(3)]);
  expect([...own.readFronts]).toEqual([
    [7, 7],
    [9, 7],
  ]);
  expect(own).toMatchObject({ floor: 7, isHeldBack: false });
  expect(own.ownClocks).toEqual(own.readFronts);
});
