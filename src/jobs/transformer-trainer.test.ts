import { describe, expect, test } from 'vitest';
import type { DenseBlock } from '../data/dataset.ts';
import { Random } from '../random.ts';
import { UnsuitableBlock } from './errors.ts';
import { referenceLoss, referenceTransformer } from './reference-transformer.ts';
import { cutWindows, shiftsOf } from './text-windows.ts';
import { type TransformerShape, transformerTables } from './transformer-model.ts';
import { createTransformerTrainer, fractionAnswered } from './transformer-trainer.ts';

const TINY: TransformerShape = { vocabulary: 5, layers: 2, heads: 2, width: 4, context: 5, isTied: false };
const TASK = { characters: [...'\n=abc'], answersAfter: null };

const randomTensors = (random: Random, shape: TransformerShape) =>
  transformerTables(shape).map(({ keys, width }) =>
    Float32Array.from({ length: keys * width }, () => 2 * random.unit() - 1),
  );

/** Rows of `length` characters, as bytes. */
function randomText(random: Random, count: number, length: number): DenseBlock {
  const x = Uint8Array.from({ length: count * length }, () => random.below(TINY.vocabulary));
  return { kind: 'dense', count, features: length, x, y: new Uint32Array(count) };
}

const whole = (tensors: readonly Float32Array[]) => tensors.map((values) => ({ keys: null, values }));

/** The windows at the rows' starts, from the bytes themselves. */
const windowsOf = ({ x, count, features }: DenseBlock, context: number) =>
  Array.from({ length: count }, (_, row) => ({
    inputs: [...x.subarray(row * features, row * features + context)],
    targets: [...x.subarray(row * features + 1, row * features + context + 1)],
  }));

/** Largest difference, relative to the largest expected value. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / scale;
}

describe.each([false, true])('with a tied head: %s', (isTied) => {
  const shape = { ...TINY, isTied };

  test('the gradient is the slope of the textbook loss, in f64 loops: central differences, every parameter', async () => {
    const random = new Random(1);
    const trainer = await createTransformerTrainer(shape, TASK);
    const [tensors, block] = [randomTensors(random, shape), randomText(random, 3, 6)];
    const windows = windowsOf(block, 5);
    const { tables, lossSum } = await trainer.gradient(whole(tensors), block);
    const exact = tensors.map((tensor) => Float64Array.from(tensor));
    expect(lossSum / 3).toBeCloseTo(referenceLoss(shape, exact, windows), 4);
    expect(tables.length).toBe(isTied ? 10 : 11);
    exact.forEach((tensor, table) => {
      const slopes = tensor.map((value, i) => {
        tensor[i] = value + 1e-5;
        const above = referenceLoss(shape, exact, windows);
        tensor[i] = value - 1e-5;
        const below = referenceLoss(shape, exact, windows);
        tensor[i] = value;
        return (above - below) / 2e-5;
      });
      expect(difference(tables[table]?.values ?? [], slopes)).toBeLessThan(1e-4);
    });
    trainer.dispose();
  });
});

test('a gathered batch, bytes divided by 255, is the same text', async () => {
  const random = new Random(2);
  const trainer = await createTransformerTrainer(TINY, TASK);
  const [tensors, block] = [whole(randomTensors(random, TINY)), randomText(random, 9, 8)];
  const gathered = { ...block, x: Float32Array.from(block.x, (byte) => byte / 255) };
  expect(await trainer.gradient(tensors, gathered)).toEqual(await trainer.gradient(tensors, block));
  trainer.dispose();
});

test('evaluate sums loss and right characters of the windows at the rows’ starts, more than it computes at once', async () => {
  const random = new Random(3);
  const trainer = await createTransformerTrainer(TINY, TASK);
  const [tensors, block] = [randomTensors(random, TINY), randomText(random, 37, 9)];
  const windows = windowsOf(block, 5);
  const right = windows.flatMap(({ inputs, targets }) =>
    referenceTransformer(TINY, tensors, inputs).map(
      (scores, at) => scores.indexOf(Math.max(...scores)) === targets[at],
    ),
  );
  const { samples, lossSum, score } = await trainer.evaluate(whole(tensors), block);
  expect(samples).toBe(37);
  expect(lossSum / 37).toBeCloseTo(referenceLoss(TINY, tensors, windows), 4);
  expect(score).toBeCloseTo(right.filter(Boolean).length / 5, 6);
  trainer.dispose();
});

test('what comes later changes nothing: the scores of a place depend on the places before it', async () => {
  const random = new Random(4);
  const trainer = await createTransformerTrainer(TINY, TASK);
  const tensors = whole(randomTensors(random, TINY));
  const look = (prompt: string) =>
    trainer.look?.(
      { prompt, length: 1, temperature: 0, seed: 1 },
      async () => tensors,
      async () => randomText(random, 1, 6),
    );
  // A prompt of two characters fills the rest of the window with anything; so does the model's own sight of it.
  const scores =
    referenceTransformer(
      TINY,
      tensors.map(({ values }) => values),
      [2, 3],
    )[1] ?? [];
  const best = TASK.characters[scores.indexOf(Math.max(...scores))];
  expect(await look('ab')).toEqual({ prompt: 'ab', text: best });
  expect(await look('aXb')).toEqual({ prompt: 'ab', text: best });
  trainer.dispose();
});

test('look refuses what is no request', async () => {
  const trainer = await createTransformerTrainer(TINY, TASK);
  const tensors = whole(randomTensors(new Random(1), TINY));
  const look = (request: unknown) =>
    trainer.look?.(
      request,
      async () => tensors,
      async () => randomText(new Random(1), 1, 6),
    );
  const good = { prompt: '', length: 3, temperature: 1, seed: 1 };
  expect(await look(good)).toEqual(await look(good));
  for (const bad of [
    null,
    {},
    { ...good, length: 1e9 },
    { ...good, temperature: -1 },
    { ...good, prompt: 'a'.repeat(1e4) },
  ]) {
    await expect(look(bad)).rejects.toThrow();
  }
  trainer.dispose();
});

test('rows that are too short, and sparse keys, are refused', async () => {
  const trainer = await createTransformerTrainer(TINY, TASK);
  const tensors = whole(randomTensors(new Random(1), TINY));
  await expect(trainer.gradient(tensors, randomText(new Random(1), 2, 5))).rejects.toThrow(UnsuitableBlock);
  await expect(trainer.gradient(tensors, randomText(new Random(1), 2, 5))).rejects.toThrow(
    'rows of more than 5 characters',
  );
  trainer.dispose();
});

describe('windows', () => {
  test('in training are anywhere in the row, the same for the same batch, elsewhere in another', () => {
    const random = new Random(5);
    const [block, other] = [randomText(random, 200, 21), randomText(random, 200, 21)];
    const shifts = (of: DenseBlock) => Array.from({ length: 200 }, (_, row) => shiftsOf(of, 5)(row));
    expect(shifts(block)).toEqual(shifts(block));
    expect(shifts(block)).not.toEqual(shifts(other));
    expect(new Set(shifts(block))).toEqual(new Set(Array.from({ length: 16 }, (_, at) => at)));
  });

  test('their targets are one character on', () => {
    const block: DenseBlock = {
      kind: 'dense',
      count: 1,
      features: 5,
      x: Uint8Array.of(1, 2, 3, 4, 0),
      y: new Uint32Array(1),
    };
    expect(cutWindows(block, 3, () => 1)).toEqual({
      count: 1,
      inputs: Uint8Array.of(2, 3, 4),
      targets: Uint8Array.of(3, 4, 0),
    });
  });
});

describe('answers', () => {
  // 1 starts an answer, 0 ends it: "a=bc\n=b\n=c" has two complete ones.
  const targets = Uint8Array.of(2, 1, 3, 4, 0, 1, 3, 0, 1, 4);

  test('count as right when every character is, the line’s end too; what comes before and is cut off does not count', () => {
    expect(fractionAnswered(targets, targets, 1, 0)).toBe(1);
    expect(fractionAnswered(targets, Uint8Array.of(0, 0, 3, 4, 0, 0, 3, 0, 0, 0), 1, 0)).toBe(1);
    expect(fractionAnswered(targets, Uint8Array.of(2, 1, 3, 3, 0, 1, 3, 0, 1, 4), 1, 0)).toBe(0.5);
    expect(fractionAnswered(targets, Uint8Array.of(2, 1, 3, 4, 4, 1, 3, 4, 1, 4), 1, 0)).toBe(0);
  });

  test('there may be none', () => {
    expect(fractionAnswered(Uint8Array.of(2, 3), Uint8Array.of(2, 3), 1, 0)).toBe(0);
  });
});
