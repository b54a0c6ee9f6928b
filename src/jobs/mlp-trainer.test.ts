import { describe, expect, test, vi } from 'vitest';
import type { DenseBlock } from '../data/dataset.ts';
import { Random } from '../random.ts';
import { kernelRows } from './dense-batches.ts';
import { UnsuitableBlock } from './errors.ts';
import { createMlpTrainer } from './mlp-trainer.ts';
import { referenceMlp } from './reference-mlp.ts';

const SIZES = [6, 7, 5, 3];

function randomFloats(random: Random, length: number, scale: number): Float32Array {
  return Float32Array.from({ length }, () => scale * (2 * random.unit() - 1));
}

function randomTensors(random: Random, sizes: readonly number[]): Float32Array[] {
  return sizes.slice(1).flatMap((outputs, i) => {
    const inputs = sizes[i] ?? 0;
    return [randomFloats(random, inputs * outputs, Math.sqrt(6 / inputs)), randomFloats(random, outputs, 0.3)];
  });
}

function randomBlock(random: Random, count: number, features: number, classes: number): DenseBlock {
  const x = Float32Array.from({ length: count * features }, () => random.unit());
  return { kind: 'dense', count, features, x, y: Uint32Array.from({ length: count }, () => random.below(classes)) };
}

const whole = (tensors: readonly Float32Array[]) => tensors.map((values) => ({ keys: null, values }));
const samplesOf = ({ x, count, features }: DenseBlock) =>
  Array.from({ length: count }, (_, row) => [...x.subarray(row * features, (row + 1) * features)]);

/** Largest difference, relative to the largest expected value. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / scale;
}

describe('gradient', () => {
  // 43 is padded to 44: padding must not show.
  test.each([1, 8, 43, 128])('of %i samples is the textbook one, in f64 loops', async (count) => {
    const random = new Random(count);
    const trainer = await createMlpTrainer(SIZES);
    const [tensors, block] = [randomTensors(random, SIZES), randomBlock(random, count, 6, 3)];
    const { lossSum, tables } = await trainer.gradient(whole(tensors), block);
    const expected = referenceMlp(SIZES, tensors, samplesOf(block), [...block.y]);
    expect(lossSum / count).toBeCloseTo(expected.loss, 5);
    expect(tables.length).toBe(tensors.length);
    tables.forEach(({ keys, values }, table) => {
      expect(keys).toBeNull();
      expect(difference(values, expected.gradients[table] ?? [])).toBeLessThan(2e-6);
    });
    trainer.dispose();
  });

  test('is the slope of the loss: central differences, every parameter', async () => {
    const random = new Random(5);
    const trainer = await createMlpTrainer(SIZES);
    const [tensors, block] = [randomTensors(random, SIZES), randomBlock(random, 9, 6, 3)];
    const { tables } = await trainer.gradient(whole(tensors), block);
    const exact = tensors.map((tensor) => Float64Array.from(tensor));
    const loss = () => referenceMlp(SIZES, exact, samplesOf(block), [...block.y]).loss;
    exact.forEach((tensor, table) => {
      const slopes = tensor.map((value, i) => {
        tensor[i] = value + 1e-6;
        const above = loss();
        tensor[i] = value - 1e-6;
        const below = loss();
        tensor[i] = value;
        return (above - below) / 2e-6;
      });
      expect(difference(tables[table]?.values ?? [], slopes)).toBeLessThan(1e-5);
    });
    trainer.dispose();
  });

  test('keeps no reference to what it was given, and its answer is the caller’s to transfer', async () => {
    const random = new Random(6);
    const trainer = await createMlpTrainer(SIZES);
    const [tensors, block] = [randomTensors(random, SIZES), randomBlock(random, 8, 6, 3)];
    const undisturbed = await trainer.gradient(whole(tensors), block);
    const pending = trainer.gradient(whole(tensors), block);
    for (const tensor of tensors) tensor.fill(Number.NaN);
    block.x.fill(Number.NaN);
    const { tables } = await pending;
    expect(tables).toEqual(undisturbed.tables);
    for (const { values } of tables) structuredClone(values, { transfer: [values.buffer] });
    trainer.dispose();
  });

  test('a byte v means v / 255', async () => {
    const random = new Random(7);
    const trainer = await createMlpTrainer(SIZES);
    const tensors = whole(randomTensors(random, SIZES));
    const bytes = Uint8Array.from({ length: 8 * 6 }, () => random.below(256));
    const block = randomBlock(random, 8, 6, 3);
    const floats = Float32Array.from(bytes, (v) => v / 255);
    expect(await trainer.gradient(tensors, { ...block, x: bytes })).toEqual(
      await trainer.gradient(tensors, { ...block, x: floats }),
    );
    trainer.dispose();
  });
});

test('300 steps with evaluations in between take no more memory than the first ten', async () => {
  const random = new Random(8);
  const sizes = [64, 48, 10];
  const trainer = await createMlpTrainer(sizes);
  const tensors = whole(randomTensors(random, sizes));
  const batches = [40, 42, 43].map((count) => randomBlock(random, count, 64, 10));
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  const run = async (steps: number) => {
    for (let step = 0; step < steps; step++) {
      for (const batch of batches.slice(step % 3, (step % 3) + 1)) {
        await trainer.gradient(tensors, batch);
        if (step % 5 === 0) await trainer.evaluate(tensors, batch);
      }
    }
  };
  await run(10);
  grow.mockClear();
  await run(300);
  expect(trainer.device).toBe('wasm');
  expect(grow).not.toHaveBeenCalled();
  grow.mockRestore();
  trainer.dispose();
});

describe('evaluate', () => {
  test('sums loss and hits over more samples than it computes at once', async () => {
    const random = new Random(9);
    const trainer = await createMlpTrainer(SIZES);
    const [tensors, block] = [randomTensors(random, SIZES), randomBlock(random, 1_100, 6, 3)];
    const expected = referenceMlp(SIZES, tensors, samplesOf(block), [...block.y]);
    const hits = expected.scores.filter((score, row) => score.indexOf(Math.max(...score)) === block.y[row]).length;
    const { samples, lossSum, score } = await trainer.evaluate(whole(tensors), block);
    expect({ samples, score }).toEqual({ samples: 1_100, score: hits });
    expect(lossSum / 1_100).toBeCloseTo(expected.loss, 5);
    trainer.dispose();
  });
});

describe('predict', () => {
  test('gives the softmax of the scores', async () => {
    const random = new Random(10);
    const trainer = await createMlpTrainer(SIZES);
    const [tensors, block] = [randomTensors(random, SIZES), randomBlock(random, 1, 6, 3)];
    const [score = []] = referenceMlp(SIZES, tensors, samplesOf(block), [...block.y]).scores;
    const total = score.reduce((sum, s) => sum + Math.exp(s), 0);
    const { probabilities } = await trainer.predict(whole(tensors), block);
    expect(probabilities.length).toBe(3);
    expect(
      difference(
        probabilities,
        score.map((s) => Math.exp(s) / total),
      ),
    ).toBeLessThan(1e-5);
    trainer.dispose();
  });
});

test('refuses samples of another size or kind, and says which', async () => {
  const trainer = await createMlpTrainer(SIZES);
  const tensors = whole(randomTensors(new Random(1), SIZES));
  const block = randomBlock(new Random(1), 2, 5, 3);
  await expect(trainer.gradient(tensors, block)).rejects.toThrow(UnsuitableBlock);
  await expect(trainer.gradient(tensors, block)).rejects.toThrow('samples of 6 values, not from ones with 5');
  trainer.dispose();
});

describe('kernelRows', () => {
  test('is exact for small and for round sizes', () => {
    for (const count of [1, 2, 7, 13, 15, 16, 32, 48, 64, 128, 1_000]) {
      expect(kernelRows(count) === count || count === 1_000).toBe(true);
    }
    expect([42, 43, 85, 86, 1_000].map(kernelRows)).toEqual([44, 44, 88, 88, 1_024]);
  });

  test('wastes at most an eighth, on few kernels', () => {
    const sizes = new Set<number>();
    for (let count = 1; count <= 4_096; count++) {
      const rows = kernelRows(count);
      expect(rows).toBeGreaterThanOrEqual(count);
      expect(rows).toBeLessThanOrEqual(count * 1.125);
      sizes.add(rows);
    }
    expect(sizes.size).toBe(15 + 8 * 8 + 1);
  });
});
