import { describe, expect, test } from 'vitest';
import type { DatasetMeta, DenseBlock } from '../data/dataset.ts';
import { rowRange } from '../data/rows.ts';
import { Random } from '../random.ts';
import { type CnnShape, cnnTables } from './cnn-model.ts';
import { createCnnTrainer } from './cnn-trainer.ts';
import { digitsCnn } from './digits-cnn.ts';
import { UnsuitableBlock } from './errors.ts';
import { referenceCnn } from './reference-cnn.ts';
import { blocksOf, LoneModel } from './train-alone.ts';

/** Uneven on purpose: 14×13 is 10×9 after the first convolution, so the pooling leaves a column out. */
const TINY: CnnShape = { height: 14, width: 13, channels: 2, classes: 3, filters: [2, 3], hidden: 4 };

const randomFloats = (random: Random, length: number, scale: number) =>
  Float32Array.from({ length }, () => scale * (2 * random.unit() - 1));

const randomTensors = (random: Random, shape: CnnShape) =>
  cnnTables(shape).map(({ keys, width, init }) =>
    randomFloats(random, keys * width, init.kind === 'uniform' ? init.scale : 0.3),
  );

function randomBlock(random: Random, count: number, { height, width, channels, classes }: CnnShape): DenseBlock {
  const features = height * width * channels;
  const x = Float32Array.from({ length: count * features }, () => random.unit());
  return { kind: 'dense', count, features, x, y: Uint32Array.from({ length: count }, () => random.below(classes)) };
}

const whole = (tensors: readonly Float32Array[]) => tensors.map((values) => ({ keys: null, values }));
const samplesOf = ({ x, count, features }: DenseBlock) =>
  Array.from({ length: count }, (_, row) => x.subarray(row * features, (row + 1) * features));

/** Largest difference, relative to the largest expected value. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / scale;
}

test('the gradient is the slope of the textbook loss, in f64 loops: central differences, every parameter', async () => {
  const random = new Random(3);
  const trainer = await createCnnTrainer(TINY);
  const [tensors, block] = [randomTensors(random, TINY), randomBlock(random, 5, TINY)];
  const { tables, lossSum } = await trainer.gradient(whole(tensors), block);
  const exact = tensors.map((tensor) => Float64Array.from(tensor));
  const loss = () => referenceCnn(TINY, exact, samplesOf(block), [...block.y]).loss;
  expect(lossSum / 5).toBeCloseTo(loss(), 5);
  expect(tables.length).toBe(tensors.length);
  exact.forEach((tensor, table) => {
    const slopes = tensor.map((value, i) => {
      tensor[i] = value + 1e-6;
      const above = loss();
      tensor[i] = value - 1e-6;
      const below = loss();
      tensor[i] = value;
      return (above - below) / 2e-6;
    });
    expect(tables[table]?.keys).toBeNull();
    expect(difference(tables[table]?.values ?? [], slopes)).toBeLessThan(1e-5);
  });
  trainer.dispose();
});

test('padding to the kernel’s rows does not show: 43 images are computed as 44', async () => {
  const random = new Random(4);
  const trainer = await createCnnTrainer(TINY);
  const [tensors, block] = [randomTensors(random, TINY), randomBlock(random, 43, TINY)];
  const { lossSum } = await trainer.gradient(whole(tensors), block);
  const { loss } = referenceCnn(TINY, tensors, samplesOf(block), [...block.y]);
  expect(lossSum / 43).toBeCloseTo(loss, 5);
  trainer.dispose();
});

test('evaluate sums loss and hits over more images than it computes at once', async () => {
  const random = new Random(9);
  const trainer = await createCnnTrainer(TINY);
  const [tensors, block] = [randomTensors(random, TINY), randomBlock(random, 300, TINY)];
  const expected = referenceCnn(TINY, tensors, samplesOf(block), [...block.y]);
  const hits = expected.scores.filter((score, row) => score.indexOf(Math.max(...score)) === block.y[row]).length;
  const { samples, lossSum, score } = await trainer.evaluate(whole(tensors), block);
  expect({ samples, score }).toEqual({ samples: 300, score: hits });
  expect(lossSum / 300).toBeCloseTo(expected.loss, 5);
  trainer.dispose();
});

test('predict gives the softmax of the scores, and a byte v means v / 255', async () => {
  const random = new Random(10);
  const trainer = await createCnnTrainer(TINY);
  const [tensors, block] = [randomTensors(random, TINY), randomBlock(random, 1, TINY)];
  const bytes = Uint8Array.from(block.x, (value) => Math.round(255 * value));
  const [score = []] = referenceCnn(TINY, tensors, [Array.from(bytes, (v) => v / 255)], [0]).scores;
  const total = score.reduce((sum, s) => sum + Math.exp(s), 0);
  const { probabilities } = await trainer.predict(whole(tensors), { ...block, x: bytes });
  const expected = score.map((s) => Math.exp(s) / total);
  expect(difference(probabilities, expected)).toBeLessThan(1e-5);
  trainer.dispose();
});

describe('tables', () => {
  const meta: DatasetMeta = {
    kind: 'dense',
    name: 'digits',
    samples: { train: 1, test: 1 },
    features: 784,
    shape: [28, 28],
    classes: 10,
  };

  test('5×5×16, 3×3×32, 800-128-10 for digits: 108,874 parameters', () => {
    const tables = digitsCnn.tables(digitsCnn.options.parse({}), meta);
    expect(tables.map(({ shape }) => shape)).toEqual([
      [25, 16],
      [16],
      [144, 32],
      [32],
      [800, 128],
      [128],
      [128, 10],
      [10],
    ]);
    // 400 + 16 + 4,608 + 32 + 102,400 + 128 + 1,280 + 10
    expect(tables.reduce((sum, { keys, width }) => sum + keys * width, 0)).toBe(108_874);
  });

  test('images that nothing would be left of are refused, and samples that are no images', () => {
    const options = digitsCnn.options.parse({});
    expect(() => digitsCnn.tables(options, { ...meta, features: 110, shape: [11, 10] })).toThrow(UnsuitableBlock);
    expect(() => digitsCnn.tables(options, { ...meta, features: 144, shape: [12, 12] })).not.toThrow();
    expect(() => digitsCnn.tables(options, { ...meta, shape: [784] })).toThrow('not from samples of shape 784');
  });
});

test('learns drawn digits: 60 % within 48 steps of 64', { timeout: 120_000 }, async () => {
  const generator = digitsCnn.generate(1, { train: 3_072, test: 512 });
  const options = digitsCnn.options.parse({});
  const trainer = await digitsCnn.createTrainer(options, generator.meta);
  const model = new LoneModel(digitsCnn, options, generator.meta, trainer);
  const batches = blocksOf(generator, 'train').flatMap((block) =>
    Array.from({ length: block.count / 64 }, (_, at) => rowRange(block, 64 * at, 64 * at + 64)),
  );
  for (const batch of batches) await model.step(batch);
  const [held] = blocksOf(generator, 'test');
  if (held === undefined) throw new Error('the generator has no test data');
  expect((await model.evaluate(held)).score / held.count).toBeGreaterThan(0.6);
  trainer.dispose();
});
