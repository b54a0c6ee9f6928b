import { beforeAll, describe, expect, it } from 'vitest';
import type { Block } from '../data/dataset.ts';
import { gather } from '../data/gather.ts';
import { ratingsGenerator } from '../data/generators/ratings.ts';
import { Sampler } from '../data/sampler.ts';
import { Random } from '../random.ts';
import type { TableValues, Trainer } from './job.ts';
import { matrixFactorization as job } from './matrix-factorization.ts';
import { blocksOf, LoneModel } from './train-alone.ts';

const META = {
  kind: 'ratings',
  name: 'tiny',
  samples: { train: 4, test: 1 },
  features: 7,
  users: 3,
  items: 4,
  mean: 3,
  names: { users: ['Ann', 'Bo', 'Cy'], items: ['w', 'x', 'y', 'z'] },
} as const;

/** Rows of user, item, rating. */
function ratings(...rows: [user: number, item: number, rating: number][]): Block {
  return {
    kind: 'sparse',
    count: rows.length,
    indptr: Uint32Array.from({ length: rows.length + 1 }, (_, row) => 2 * row),
    indices: Uint32Array.from(rows.flatMap(([user, item]) => [user, META.users + item])),
    values: Float32Array.from(rows.flatMap(([, , rating]) => [rating, 0])),
    y: new Uint32Array(rows.length),
  };
}

const TRAIN = ratings([0, 1, 5], [0, 3, 1], [2, 1, 4], [2, 0, 2]);
const options = (changes: object = {}) => job.options.parse({ rank: 2, l2: 0.1, ...changes });
const table = (keys: number[] | null, ...values: number[]): TableValues => {
  return { keys: keys === null ? null : Uint32Array.from(keys), values: Float32Array.from(values) };
};

describe('matrix factorisation', () => {
  let trainer: Trainer;
  beforeAll(async () => {
    trainer = await job.createTrainer(options(), META);
  });

  it('touches the users and items of a batch, and no others', () => {
    expect(trainer.keysOf(TRAIN).map((keys) => [...(keys ?? [])])).toEqual([
      [0, 2],
      [0, 1, 3],
    ]);
  });

  it('predicts mean + biases + the product of factors', async () => {
    const parameters = [table([1], 0.5, 2, -1), table([2], -0.25, 0.5, 3)];
    // 3 + 0.5 − 0.25 + 2·0.5 − 1·3 = 1.25, and the rating is 2.
    const { lossSum, score, samples } = await trainer.evaluate(parameters, ratings([1, 2, 2]));
    expect([lossSum, score, samples]).toEqual([0.5625, 0.5625, 1]);
  });

  it('has the gradient of mean squared error and penalty', async () => {
    const random = new Random(4);
    const keys = trainer.keysOf(TRAIN);
    const parameters = keys.map((list) => {
      const length = 3 * (list?.length ?? 0);
      return { keys: list, values: Float32Array.from({ length }, () => random.unit() - 0.5) };
    });
    const { tables, lossSum } = await trainer.gradient(parameters, TRAIN);
    expect(lossSum).toBe((await trainer.evaluate(parameters, TRAIN)).lossSum);
    const objective = (moved: readonly TableValues[]) => meanObjective(moved, TRAIN, 0.1);
    for (const [index, { values }] of tables.entries()) {
      for (let at = 0; at < values.length; at++) {
        const shifted = (by: number) =>
          parameters.map(({ keys: list, values: old }, other) => {
            return { keys: list, values: other === index ? old.map((value, i) => value + (i === at ? by : 0)) : old };
          });
        const slope = (objective(shifted(1 / 256)) - objective(shifted(-1 / 256))) * 128;
        expect(values[at], `table ${index}, value ${at}`).toBeCloseTo(slope, 4);
      }
    }
  });

  it('says which parameters are missing', async () => {
    await expect(trainer.gradient([table([0], 0, 0, 0), table([0], 0, 0, 0)], TRAIN)).rejects.toThrow(
      /Key 2 .* not among/,
    );
  });
});

/** The objective, written as its formula, in f64. */
function meanObjective([users, items]: readonly TableValues[], block: Block, l2: number): number {
  if (block.kind !== 'sparse' || users === undefined || items === undefined) throw new Error('no ratings');
  const row = ({ keys, values }: TableValues, key: number) => {
    const at = 3 * (keys === null ? key : keys.indexOf(key));
    return Array.from(values.subarray(at, at + 3)) as [number, number, number];
  };
  let sum = 0;
  for (let at = 0; at < block.count; at++) {
    const p = row(users, block.indices[2 * at] ?? 0);
    const q = row(items, (block.indices[2 * at + 1] ?? 0) - META.users);
    const error = META.mean + p[0] + q[0] + p[1] * q[1] + p[2] * q[2] - (block.values[2 * at] ?? 0);
    sum += error ** 2 + l2 * [...p, ...q].reduce((total, value) => total + value ** 2, 0);
  }
  return sum / block.count;
}

describe('recommendations', () => {
  // Items' biases order them: w 0.4, x 0.3, y 0.2, z 0.1.
  const tables = [table(null, 0, 0, 0, 0, 0, 0, 1, 0, 0), table(null, 0.4, 0, 0, 0.3, 0, 0, 0.2, 0, 0, 0.1, 0, 0)];
  const read = async (keys: readonly (Uint32Array | null)[]) =>
    tables.map(({ values }, index) => {
      const list = keys[index] ?? null;
      if (list === null) return { keys: null, values };
      return {
        keys: list,
        values: Float32Array.from([...list].flatMap((key) => [...values.subarray(3 * key, 3 * key + 3)])),
      };
    });
  const block = async (split: string) => (split === 'train' ? TRAIN : ratings([2, 2, 5]));
  const look = async (request: unknown) => (await job.createTrainer(options(), META)).look?.(request, read, block);

  it('are the best items not yet rated, in neither split', async () => {
    const answer = await look({ user: 'Cy', count: 3 });
    expect(answer).toMatchObject({
      user: { key: 2, name: 'Cy' },
      ratedCount: 3,
      rated: [
        { name: 'y', rating: 5, predicted: expect.closeTo(4.2, 5) },
        { name: 'x', rating: 4 },
        { name: 'w', rating: 2 },
      ],
      recommended: [{ name: 'z', predicted: expect.closeTo(4.1, 5) }],
    });
  });

  it('are as many as asked for', async () => {
    expect(await look({ user: 1, count: 2 })).toMatchObject({
      user: { name: 'Bo' },
      ratedCount: 0,
      recommended: [{ name: 'w' }, { name: 'x' }],
    });
  });

  it('of nobody are none', async () => {
    expect(await look({ user: 'Dee', count: 2 })).toMatchObject({ user: null, recommended: [] });
    expect(await look({ user: 3, count: 2 })).toMatchObject({ user: null });
  });

  it.each([null, {}, { user: -1, count: 1 }, { user: 'x', count: 1e9 }])('are not given for %j', async (request) => {
    await expect(look(request)).rejects.toThrow();
  });
});

it('reaches the error of the planted model within 3 %', { timeout: 60_000 }, async () => {
  const generator = ratingsGenerator(1);
  const trainer = await job.createTrainer(job.options.parse({}), generator.meta);
  const model = new LoneModel(job, job.options.parse({}), generator.meta, trainer);
  const blocks = new Map(blocksOf(generator, 'train').entries());
  const leased = Array.from(blocks, ([index, { count }]) => ({ index, samples: count }));
  const sampler = new Sampler(leased, 1, 0);
  const { batch, steps } = job.defaults(job.options.parse({}), generator.meta);
  for (let step = 0; step < steps; step++) await model.step(gather(blocks, sampler.next(batch)));
  let [squares, samples] = [0, 0];
  for (const block of blocksOf(generator, 'test')) {
    const evaluation = await model.evaluate(block);
    squares += evaluation.lossSum;
    samples += evaluation.samples;
  }
  const best = generator.bestPossible('test');
  const rmse = Math.sqrt(squares / samples);
  expect(rmse / best).toBeGreaterThan(0.99);
  expect(rmse / best).toBeLessThan(1.03);
});
