// Generated ratings: a planted low-rank model with biases, and noise of known size, so that the best possible error is
// known. Only exact operations (see exact-math.ts).
import { hash32, Random } from '../../random.ts';
import type { DatasetMeta, Generator, SparseBlock, Split } from '../dataset.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';
import { normal } from './normal.ts';

export const RATINGS_SAMPLES = { train: 300_000, test: 30_000 };

/** Users and items at least; twice as many users as items, as shops have it. */
const MIN_ITEMS = 400;
/** Largest share of all pairs that is rated: what is left is there to recommend. */
const MAX_DENSITY = 0.5;
/** Rank of the planted model. */
export const PLANTED_RANK = 4;
const MEAN_RATING = 3.5;
/** Standard deviations of the biases and of each of the model's PLANTED_RANK products. */
const BIAS_SIZE = 0.3;
const FACTOR_SIZE = 0.35;
/** Standard deviation of the noise: the root mean squared error of the planted model itself. */
export const NOISE_SIZE = 0.5;
/** Seeds apart from the splits' (SPLIT_SEEDS). */
const PLANT_SEED = 101;
const PAIR_SEED = 102;
/** Rounds of the permutation of pairs: four make a Feistel network strong (Luby and Rackoff 1988). */
const ROUNDS = 4;

/** A `Generator` that also tells its secret. */
export interface RatingsGenerator extends Generator {
  readonly users: number;
  readonly items: number;
  /** Root mean squared error of the planted model on a split: nobody can expect better. */
  bestPossible(split: Split): number;
}

/** Every user rates some items, no pair twice. */
export function ratingsGenerator(
  seed: number,
  samples: Readonly<Record<Split, number>> = RATINGS_SAMPLES,
): RatingsGenerator {
  const wanted = samples.train + samples.test;
  const items = Math.max(MIN_ITEMS, Math.ceil(Math.sqrt(wanted / MAX_DENSITY / 2)));
  const users = 2 * items;
  const meta: DatasetMeta = {
    kind: 'ratings',
    name: 'generated ratings',
    samples: { train: samples.train, test: samples.test },
    features: users + items,
    users,
    items,
    mean: MEAN_RATING,
    names: { users: [], items: [] },
  };
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  let model: ReturnType<typeof plant> | null = null;
  // Planted when the first block is made: who only wants the meta doesn't wait for it.
  const planted = (user: number, item: number) => {
    model ??= plant(seed, users + items);
    return model(user, item);
  };
  const firstOf = { train: 0, test: samples.train };
  const noiseOf = (split: Split, sample: number) =>
    NOISE_SIZE * normal(new Random(hash32(seed, SPLIT_SEEDS[split], sample)));
  return {
    name: 'ratings',
    meta,
    blockSamples,
    users,
    items,
    block(split: Split, index: number): SparseBlock {
      const count = blockSamples[split][index] ?? 0;
      const indices = new Uint32Array(2 * count);
      const values = new Float32Array(2 * count);
      for (let row = 0; row < count; row++) {
        const sample = index * BLOCK_SAMPLES + row;
        const pair = permute(hash32(seed, PAIR_SEED), firstOf[split] + sample, users * items);
        const user = pair % users;
        const item = users + (pair - user) / users;
        indices[2 * row] = user;
        indices[2 * row + 1] = item;
        values[2 * row] = planted(user, item) + noiseOf(split, sample);
      }
      const indptr = Uint32Array.from({ length: count + 1 }, (_, row) => 2 * row);
      return { kind: 'sparse', count, indptr, indices, values, y: new Uint32Array(count) };
    },
    bestPossible(split: Split): number {
      let sum = 0;
      for (let sample = 0; sample < samples[split]; sample++) sum += noiseOf(split, sample) ** 2;
      return Math.sqrt(sum / samples[split]);
    },
  };
}

/** The planted model: the rating of a user (its row) for an item (its row), without noise. */
function plant(seed: number, rows: number): (user: number, item: number) => number {
  const width = PLANTED_RANK + 1;
  const random = new Random(hash32(seed, PLANT_SEED));
  const model = Float64Array.from({ length: rows * width }, () => normal(random));
  return (user, item) => {
    let rating = MEAN_RATING + BIAS_SIZE * ((model[user * width] as number) + (model[item * width] as number));
    for (let column = 1; column < width; column++) {
      rating += FACTOR_SIZE * (model[user * width + column] as number) * (model[item * width + column] as number);
    }
    return rating;
  };
}

/**
 * The place of `index` in a permutation of 0 … size−1 that `seed` picks: a Feistel network over the next even number of
 * bits, walked until it lands inside (Black and Rogaway 2002, "Ciphers with arbitrary finite domains"). No state, so any
 * block can be made first.
 */
export function permute(seed: number, index: number, size: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(size) / 2));
  const mask = 2 ** half - 1;
  let value = index;
  do {
    let left = Math.floor(value / (mask + 1));
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      [left, right] = [right, left ^ (hash32(seed, round, right) & mask)];
    }
    value = left * (mask + 1) + right;
  } while (value >= size);
  return value;
}
