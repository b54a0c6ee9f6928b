import { expect, test } from 'vitest';
import { encodeParameters } from '../data/parameters-file.ts';
import { encodeSafetensors } from '../data/safetensors.ts';
import { digitsMlp } from '../jobs/digits-mlp.ts';
import type { RunPlan } from '../protocol/control.ts';
import { makePlan } from './run-plan.ts';
import { parametersAsCuts, summariseParameters } from './start-parameters.ts';

const { meta } = digitsMlp.generate(1, { train: 20, test: 5 });
const split = { samples: 20, blockSamples: 20, blocks: 1 };
const data = { name: 'd', train: split, test: split, source: { kind: 'generated', seed: 1, samples: null } } as const;
const PLAN: RunPlan = makePlan(
  { job: 'digits-mlp', options: { hidden: [4] }, batch: 4, steps: 5, updater: 'adam', seed: 1, replicas: 0 },
  meta,
  data,
);

/** Every value another. */
const fileFor = (plan: RunPlan, job = 'digits-mlp') =>
  encodeParameters({
    tensors: plan.tables.map(({ name, shape, keys, width }, table) => ({
      ...{ name, shape },
      values: Float32Array.from({ length: keys * width }, (_, at) => table + at / 10_000),
    })),
    ...{ job, options: { hidden: [4] }, seed: 1, steps: 5, data: meta },
  });

test('a run begins with the values of the file, at no clock, and with an updater that remembers nothing', () => {
  const cuts = parametersAsCuts('p.safetensors', fileFor(PLAN), PLAN);
  expect(cuts.map(({ table }) => table)).toEqual([0, 1, 2, 3]);
  for (const cut of cuts) {
    expect([cut.clock, cut.floor, cut.version]).toEqual([-1, -1, 0]);
    expect(cut.slots.length).toBe(2);
    expect(cut.slots.every((slot) => slot.every((value) => value === 0))).toBe(true);
    expect(cut.values[1]).toBeCloseTo(cut.table + 1 / 10_000, 6);
  }
});

test('what the file is for is told; a checkpoint is none', () => {
  expect(summariseParameters('p', fileFor(PLAN))).toEqual({
    ...{ job: 'digits-mlp', title: 'Handwritten digits', options: { hidden: [4] } },
    parameters: 784 * 4 + 4 + 40 + 10,
  });
  expect(summariseParameters('c', encodeSafetensors([], { format: 'pushpull', checkpoint: '{}' }))).toBeNull();
});

test('another shape, another job, another file and a damaged one are refused by name', () => {
  const other = makePlan({ ...PLAN, updater: 'adam', options: { hidden: [5] } }, meta, data);
  expect(() => parametersAsCuts('p.safetensors', fileFor(PLAN), other)).toThrow(
    'p.safetensors has w1 as [784, 4], but the model for these data has it as [784, 5]: choose data like those that it was trained on. It was trained on “drawn digits”.',
  );
  expect(() => parametersAsCuts('p', fileFor(PLAN, 'digits-cnn'), PLAN)).toThrow('p holds parameters of digits-cnn');
  expect(() => summariseParameters('p', fileFor(PLAN, 'gone'))).toThrow('There is no job "gone"');
  expect(() => summariseParameters('p', encodeSafetensors([], {}))).toThrow('don’t say which model it is');
  expect(() => summariseParameters('p', fileFor(PLAN).subarray(0, 90))).toThrow('p is damaged');
  const broken = { ...PLAN, tables: PLAN.tables.map((table) => ({ ...table, name: `${table.name}x` })) };
  expect(() => parametersAsCuts('p', fileFor(PLAN), broken)).toThrow('p has no w1x');
});
