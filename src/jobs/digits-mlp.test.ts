import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { DatasetMeta, DenseBlock } from '../data/dataset.ts';
import { rowRange } from '../data/rows.ts';
import { digitsMlp } from './digits-mlp.ts';
import { blocksOf, LoneModel } from './train-alone.ts';

const meta = (train: number, test: number): DatasetMeta => ({
  kind: 'dense',
  name: 'digits',
  samples: { train, test },
  features: 784,
  shape: [28, 28],
  classes: 10,
});

describe('tables', () => {
  test('one per tensor, sized by the data and the options', () => {
    const options = digitsMlp.options.parse({ hidden: [20] });
    const tables = digitsMlp.tables(options, meta(1, 1));
    expect(tables.map(({ name, keys, width, shape }) => ({ name, keys, width, shape }))).toEqual([
      { name: 'w1', keys: 784, width: 20, shape: [784, 20] },
      { name: 'b1', keys: 1, width: 20, shape: [20] },
      { name: 'w2', keys: 20, width: 10, shape: [20, 10] },
      { name: 'b2', keys: 1, width: 10, shape: [10] },
    ]);
    expect(tables[0]?.init).toEqual({ kind: 'uniform', scale: Math.sqrt(6 / 784) });
  });

  test('784-256-128-10 where nothing is asked for: 235,146 parameters', () => {
    const tables = digitsMlp.tables(digitsMlp.options.parse({}), meta(1, 1));
    expect(tables.reduce((sum, { keys, width }) => sum + keys * width, 0)).toBe(235_146);
  });

  test('a size that no tab could hold is refused', () => {
    expect(digitsMlp.options.safeParse({ hidden: [1e6] }).success).toBe(false);
    expect(digitsMlp.options.safeParse({ hidden: [2.5] }).success).toBe(false);
  });
});

test('learns drawn digits', async () => {
  const generator = digitsMlp.generate(1, { train: 2_048, test: 512 });
  const options = digitsMlp.options.parse({ hidden: [64] });
  const trainer = await digitsMlp.createTrainer(options, generator.meta);
  const model = new LoneModel(digitsMlp, options, generator.meta, trainer);
  const batches = blocksOf(generator, 'train').flatMap((block) =>
    [0, 128, 256, 384].map((at) => rowRange(block, at, at + 128)),
  );
  const losses: number[] = [];
  for (let epoch = 0; epoch < 8; epoch++) for (const batch of batches) losses.push(await model.step(batch));
  expect(losses[0]).toBeGreaterThan(2);
  expect(losses.at(-1)).toBeLessThan(1);
  const [held] = blocksOf(generator, 'test');
  if (held === undefined) throw new Error('the generator has no test data');
  expect((await model.evaluate(held)).score / held.count).toBeGreaterThan(0.7);
  trainer.dispose();
});

const MNIST = '../shared/data/mnist';

function mnist(part: 'train' | 't10k'): DenseBlock {
  const read = (name: string, header: number) =>
    Uint8Array.from(gunzipSync(readFileSync(`${MNIST}/${part}-${name}-ubyte.gz`)).subarray(header));
  const y = Uint32Array.from(read('labels-idx1', 8));
  return { kind: 'dense', count: y.length, features: 784, x: read('images-idx3', 16), y };
}

describe.runIf(existsSync(MNIST))('MNIST', () => {
  test('200 steps of Adam, 128 samples each, pass 90 %', async () => {
    const [train, held] = [mnist('train'), mnist('t10k')];
    const options = digitsMlp.options.parse({});
    const trainer = await digitsMlp.createTrainer(options, meta(train.count, held.count));
    const model = new LoneModel(digitsMlp, options, meta(train.count, held.count), trainer);
    for (let step = 0; step < 200; step++) {
      const at = (step * 128) % (train.count - 128);
      await model.step(rowRange(train, at, at + 128));
    }
    const { score, samples } = await model.evaluate(held);
    expect(score / samples).toBeGreaterThan(0.9);
    trainer.dispose();
  });
});
