import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { DatasetMeta, SparseBlock } from '../data/dataset.ts';
import { selectRows } from '../data/rows.ts';
import { Random } from '../random.ts';
import { UnsuitableBlock } from './errors.ts';
import { sparseLogistic } from './sparse-logistic.ts';
import { LoneModel } from './train-alone.ts';

type Rows = readonly (readonly [label: number, ...entries: (readonly [key: number, value: number])[]])[];

function blockOf(rows: Rows): SparseBlock {
  const entries = rows.map(([, ...row]) => row);
  const indptr = Uint32Array.from({ length: rows.length + 1 }, (_, row) => entries.slice(0, row).flat().length);
  const indices = Uint32Array.from(entries.flat(), ([key]) => key);
  const values = Float32Array.from(entries.flat(), ([, value]) => value);
  return { kind: 'sparse', count: rows.length, indptr, indices, values, y: Uint32Array.from(rows, ([label]) => label) };
}

const meta = (features: number, train: number, test = 1): DatasetMeta => ({
  kind: 'sparse',
  name: 'clicks',
  samples: { train, test },
  features,
  classes: 2,
});
const options = sparseLogistic.options.parse({});
const trainer = await sparseLogistic.createTrainer(options, meta(100, 4));

const batch = blockOf([[1, [3, 0.5], [40, 2]], [0, [3, 1], [17, -1.5]], [1], [0, [99, 3]]]);
const KEYS = Uint32Array.of(3, 17, 40, 99);
const WEIGHTS = Float32Array.of(0.5, -0.25, 1, 2);

/** Σ log(1 + exp(−y·w·x)) from the definition, w by key. */
function definedLoss(block: SparseBlock, weights: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (let row = 0; row < block.count; row++) {
    let margin = 0;
    for (let i = block.indptr[row] ?? 0; i < (block.indptr[row + 1] ?? 0); i++) {
      margin += (weights.get(block.indices[i] ?? 0) ?? 0) * (block.values[i] ?? 0);
    }
    sum += Math.log(1 + Math.exp(block.y[row] === 1 ? -margin : margin));
  }
  return sum;
}

const byKey = (weights: ArrayLike<number>) => new Map(Array.from(KEYS, (key, i) => [key, weights[i] ?? 0]));

describe('keysOf', () => {
  test('lists the keys of the batch once, ascending', () => {
    expect(trainer.keysOf(batch)).toEqual([KEYS]);
  });
});

describe('gradient', () => {
  test('is the slope of the mean loss: central differences, every key', async () => {
    const { lossSum, tables } = await trainer.gradient([{ keys: KEYS, values: WEIGHTS }], batch);
    expect(lossSum).toBeCloseTo(definedLoss(batch, byKey(WEIGHTS)), 10);
    expect(tables[0]?.keys).toEqual(KEYS);
    KEYS.forEach((_, i) => {
      const shifted = (by: number) => definedLoss(batch, byKey(Array.from(WEIGHTS, (w, k) => (k === i ? w + by : w))));
      expect(tables[0]?.values[i]).toBeCloseTo((shifted(1e-6) - shifted(-1e-6)) / 2e-6 / batch.count, 6);
    });
  });

  test('over all keys of the table has the same values, and zeros elsewhere', async () => {
    const all = new Float32Array(100);
    for (const [i, key] of KEYS.entries()) all[key] = WEIGHTS[i] ?? 0;
    const [listed] = (await trainer.gradient([{ keys: KEYS, values: WEIGHTS }], batch)).tables;
    const [whole] = (await trainer.gradient([{ keys: null, values: all }], batch)).tables;
    expect(whole?.keys).toBeNull();
    expect(Array.from(KEYS, (key) => whole?.values[key])).toEqual([...(listed?.values ?? [])]);
    expect(whole?.values.filter((g) => g !== 0).length).toBe(KEYS.length);
  });

  test('stays finite where exp overflows: a margin of ±10,000', async () => {
    const sure = blockOf([
      [1, [0, 100]],
      [0, [0, 100]],
    ]);
    const { lossSum, tables } = await trainer.gradient(
      [{ keys: Uint32Array.of(0), values: Float32Array.of(100) }],
      sure,
    );
    expect(lossSum).toBe(10_000);
    expect([...(tables[0]?.values ?? [])]).toEqual([50]);
  });

  test('a key that was not pulled is an error, not a NaN', async () => {
    const pulled = [{ keys: KEYS.subarray(1), values: WEIGHTS.subarray(1) }];
    await expect(trainer.gradient(pulled, batch)).rejects.toThrow('Key 3 of the batch is not among the parameters.');
  });
});

test('evaluate counts a sample as right when its margin has the sign of its label, ties as label 0', async () => {
  // Margins 2.25, 0.875, 0 and 6; labels 1, 0, 1, 0.
  const { samples, lossSum, score } = await trainer.evaluate([{ keys: KEYS, values: WEIGHTS }], batch);
  expect({ samples, score }).toEqual({ samples: 4, score: 1 });
  expect(lossSum).toBeCloseTo(definedLoss(batch, byKey(WEIGHTS)), 10);
  const nothing = [{ keys: null, values: new Float32Array(100) }];
  expect((await trainer.evaluate(nothing, batch)).score).toBe(2);
});

test('predict gives the probability of both labels', async () => {
  const sample = blockOf([[1, [3, 2]]]);
  const { probabilities } = await trainer.predict([{ keys: KEYS, values: WEIGHTS }], sample);
  expect(probabilities[1]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect(probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(1)), 6);
});

test("figures are liblinear's objective and the weights that are not zero", () => {
  const penalties = sparseLogistic.options.parse({ l1: 2, l2: 4 });
  const train = { samples: 10, lossSum: 100, score: 5 };
  const figures = sparseLogistic.figures?.(penalties, meta(4, 10), [Float32Array.of(1, 0, -0, -3)], train);
  expect(figures).toEqual({ objective: 100 + 2 * 4 + 2 * 10, nonZeros: 2 });
});

test('the penalties of the objective reach the updater per sample', () => {
  const penalties = sparseLogistic.options.parse({ l1: 2, l2: 4 });
  expect(sparseLogistic.defaults(penalties, meta(4, 1_000)).updater).toMatchObject({ l1: 0.002, l2: 0.004 });
});

test('refuses images', async () => {
  const image = { kind: 'dense', count: 1, features: 1, x: new Float32Array(1), y: new Uint32Array(1) } as const;
  await expect(trainer.gradient([{ keys: null, values: WEIGHTS }], image)).rejects.toThrow(UnsuitableBlock);
});

const A9A = '../shared/data/a9a';

function a9a(name: string): SparseBlock {
  const lines = gunzipSync(readFileSync(`${A9A}/${name}`))
    .toString()
    .trim()
    .split('\n');
  const rows = lines.map((line) => {
    const [label, ...entries] = line.trim().split(' ');
    return { label: Number(label), keys: entries.map((entry) => Number(entry.split(':')[0])) };
  });
  const indices = Uint32Array.from(rows.flatMap(({ keys }) => keys));
  const indptr = new Uint32Array(rows.length + 1);
  for (const [row, { keys }] of rows.entries()) indptr[row + 1] = (indptr[row] ?? 0) + keys.length;
  const y = Uint32Array.from(rows, ({ label }) => label);
  return { kind: 'sparse', count: rows.length, indptr, indices, values: new Float32Array(indices.length).fill(1), y };
}

describe.runIf(existsSync(A9A))('a9a', () => {
  test("ten epochs with the defaults come within 0.5 % of liblinear's objective, and pass 84.8 % on the test split", async () => {
    const [train, held] = [a9a('a9a.gz'), a9a('a9a.t.gz')];
    const info = meta(124, train.count, held.count);
    const model = new LoneModel(sparseLogistic, options, info, trainer);
    const { batch: size, steps } = sparseLogistic.defaults(options, info);
    const order = Uint32Array.from({ length: train.count }, (_, row) => row);
    const random = new Random(1);
    for (let step = 0, at = train.count; step < steps; step++, at += size) {
      if (at + size > train.count) {
        random.shuffle(order);
        at = 0;
      }
      await model.step(selectRows(train, order.subarray(at, at + size)));
    }
    const [weights] = model.all();
    const figures = sparseLogistic.figures?.(
      options,
      info,
      [weights?.values ?? new Float32Array()],
      await model.evaluate(train),
    );
    expect(figures?.objective).toBeLessThan(10_565.83 * 1.005);
    expect(figures?.objective).toBeGreaterThan(10_565.83 * 0.9999);
    expect(figures?.nonZeros).toBeLessThanOrEqual(115);
    const { score, samples } = await model.evaluate(held);
    expect(score / samples).toBeGreaterThan(0.848);
  });
});
