import { describe, expect, it } from 'vitest';
import type { Block, DenseBlock } from '../data/dataset.ts';
import { gather } from '../data/gather.ts';
import { customersGenerator } from '../data/generators/customers.ts';
import { Sampler } from '../data/sampler.ts';
import { tableMeta } from '../data/table-format.ts';
import { Random } from '../random.ts';
import { measuresOf } from './job.ts';
import { shuffleColumn } from './table-trainer.ts';
import { tabular } from './tabular.ts';
import { blocksOf, LoneModel } from './train-alone.ts';

/** y = 3 + 2a, and b has no part in it; in standard deviations of each. */
const NUMBERS = tableMeta(
  'numbers',
  { train: 400, test: 100 },
  [
    { kind: 'number', name: 'a', hasMissing: false, mean: 1, scale: 2 },
    { kind: 'number', name: 'b', hasMissing: false, mean: 0, scale: 1 },
  ],
  { kind: 'number', name: 'y', mean: 5, scale: 4 },
);

function numbersBlock(count: number, seed: number): DenseBlock {
  const random = new Random(seed);
  const x = new Float32Array(3 * count);
  for (let row = 0; row < count; row++) {
    const a = 4 * random.unit() - 2;
    x.set([a, 4 * random.unit() - 2, a], 3 * row);
  }
  return { kind: 'dense', count, features: 3, x, y: new Uint32Array(count) };
}

async function train(
  options: object,
  meta: Parameters<typeof tabular.tables>[1],
  blocks: readonly Block[],
  steps: number,
) {
  const parsed = tabular.options.parse(options);
  const trainer = await tabular.createTrainer(parsed, meta);
  const defaults = { ...tabular.defaults(parsed, meta), steps, learningRate: 1e-2 };
  const model = new LoneModel(tabular, parsed, meta, trainer, defaults);
  const sampler = new Sampler(
    blocks.map(({ count }, index) => ({ index, samples: count })),
    1,
    0,
  );
  const byIndex = new Map(blocks.entries());
  for (let step = 0; step < steps; step++) await model.step(gather(byIndex, sampler.next(defaults.batch)));
  return { trainer, model };
}

describe('regression', () => {
  it('has the gradient of the mean squared error', async () => {
    const trainer = await tabular.createTrainer(tabular.options.parse({ hidden: [] }), NUMBERS);
    const block = numbersBlock(43, 2);
    const [w, c] = [Float32Array.of(0.5, -0.25), Float32Array.of(0.1)];
    const { lossSum, tables } = await trainer.gradient(
      [w, c].map((values) => ({ keys: null, values })),
      block,
    );
    const slopes = [0, 0, 0];
    let loss = 0;
    for (let row = 0; row < 43; row++) {
      const [a = 0, b = 0, y = 0] = block.x.subarray(3 * row);
      const error = 0.5 * a - 0.25 * b + Math.fround(0.1) - y;
      loss += error * error;
      for (const [at, value] of [a, b, 1].entries()) slopes[at] = (slopes[at] ?? 0) + (2 * error * value) / 43;
    }
    expect(lossSum).toBeCloseTo(loss, 3);
    expect([...(tables[0]?.values ?? []), ...(tables[1]?.values ?? [])]).toEqual(
      slopes.map((slope) => expect.closeTo(slope, 4)),
    );
  });

  it('finds a line, predicts in the unit of the target, and says which column matters', async () => {
    const { trainer, model } = await train({ hidden: [] }, NUMBERS, [numbersBlock(400, 1)], 600);
    const test = numbersBlock(100, 3);
    const { score, samples } = await model.evaluate(test);
    expect(score / samples).toBeGreaterThan(0.999);
    const look = async (request: unknown) =>
      trainer.look?.(
        request,
        async () => model.all(),
        async () => test,
      );
    expect(await look({ ask: 'predict', fields: ['4', '0'] })).toEqual({
      kind: 'number',
      value: expect.closeTo(11, 1),
    });
    const importances = await look({ ask: 'importances' });
    // Shuffled, a column of a's own variance v is off by 2v on average; b changes nothing.
    expect(importances).toMatchObject({
      rows: 100,
      columns: [{ name: 'a' }, { name: 'b', drop: expect.closeTo(0, 2) }],
    });
  });

  it('measures what is explained, not what is right', () => {
    expect(measuresOf(tabular, tabular.tables({ hidden: [4] }, NUMBERS)).score?.name).toBe('Test variance explained');
    const { meta } = customersGenerator(1, { train: 10, test: 10 });
    expect(measuresOf(tabular, tabular.tables({ hidden: [4] }, meta)).score?.name).toBe('Test accuracy');
  });
});

describe('the generated customers', () => {
  const generator = customersGenerator(1, { train: 10_000, test: 4_000 });

  it('are told nearly as well as can be by a network, not by a linear model; what says nothing has no importance', async () => {
    const best = generator.bestPossible('test');
    const test = blocksOf(generator, 'test');
    const accuracyOf = async (hidden: number[]) => {
      const { trainer, model } = await train({ hidden }, generator.meta, blocksOf(generator, 'train'), 500);
      const parts = await Promise.all(test.map((block) => model.evaluate(block)));
      const accuracy = parts.reduce((sum, { score }) => sum + score, 0) / 4_000;
      return { accuracy, trainer, model };
    };
    const network = await accuracyOf([32, 16]);
    expect(network.accuracy).toBeGreaterThan(best - 0.03);
    expect((await accuracyOf([])).accuracy).toBeLessThan(best - 0.1);
    const importances = await network.trainer.look?.(
      { ask: 'importances' },
      async () => network.model.all(),
      async (_split, index) => generator.block('test', index),
    );
    const drops = new Map(
      (importances as { columns: { name: string; drop: number }[] }).columns.map((c) => [c.name, c.drop]),
    );
    for (const name of ['age', 'income', 'visits', 'years', 'plan'])
      expect(drops.get(name), name).toBeGreaterThan(0.05);
    for (const name of ['city', 'shoe size']) expect(Math.abs(drops.get(name) ?? 1), name).toBeLessThan(0.02);
  });
});

it('questions of a panel are answered, others refused', async () => {
  const { meta, block } = customersGenerator(1, { train: 10, test: 10 });
  const trainer = await tabular.createTrainer(tabular.options.parse({}), meta);
  const tables = tabular.tables(tabular.options.parse({}), meta);
  const read = async () => tables.map(({ keys, width }) => ({ keys: null, values: new Float32Array(keys * width) }));
  const look = async (request: unknown) => trainer.look?.(request, read, async (split, index) => block(split, index));
  expect(await look({ ask: 'columns' })).toMatchObject({
    target: 'leaves',
    columns: expect.arrayContaining([
      { name: 'age', values: null },
      { name: 'plan', values: ['basic', 'plus', 'family'] },
    ]),
  });
  const example = await look({ ask: 'example', row: 13 });
  expect(example).toEqual(await look({ ask: 'example', row: 3 }));
  expect(await look({ ask: 'predict', fields: ['40'] })).toEqual({
    kind: 'classes',
    classes: [
      { label: 'no', probability: 0.5 },
      { label: 'yes', probability: 0.5 },
    ],
  });
  await expect(look({ ask: 'everything' })).rejects.toThrow();
  trainer.dispose();
});

it('shuffling a column moves its values to other rows, and nothing else', () => {
  const block = numbersBlock(50, 1);
  const shuffled = shuffleColumn(block, 1, 2, new Random(1));
  const column = ({ x }: DenseBlock, at: number) => Array.from({ length: 50 }, (_, row) => x[3 * row + at]);
  expect(column(shuffled, 0)).toEqual(column(block, 0));
  expect(column(shuffled, 2)).toEqual(column(block, 2));
  expect(column(shuffled, 1)).not.toEqual(column(block, 1));
  expect(column(shuffled, 1).toSorted()).toEqual(column(block, 1).toSorted());
});
