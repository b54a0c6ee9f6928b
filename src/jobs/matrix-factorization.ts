// Recommendations by matrix factorisation with biases. Two sparse tables, a row per user and a row per item: a batch pulls
// and pushes only its own. Koren, Bell, Volinsky 2009, "Matrix factorization techniques for recommender systems".
import { z } from 'zod';
import type { DatasetMeta } from '../data/dataset.ts';
import { ratingsGenerator } from '../data/generators/ratings.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { type RatingsMeta, RatingsTrainer } from './ratings-trainer.ts';

/** Bounds a row: 256 factors of a million users are 1 GiB, more than any tab should be asked for. */
const MAX_RANK = 256;
/** First values lie in ±this: products of two are far smaller than ratings, but not zero, where no gradient would be. */
const START_SCALE = 0.1;

const options = z.strictObject({
  /** Factors of each user and item. */
  rank: z.number().int().min(1).max(MAX_RANK).default(8),
  /** Penalty on the squares of a rating's factors and biases, added to its squared error. */
  l2: z.number().min(0).max(1e6).default(0.02),
});

export type MatrixFactorizationOptions = z.infer<typeof options>;

function ratingsMeta(meta: DatasetMeta): RatingsMeta {
  if (meta.kind === 'ratings') return meta;
  throw new UnsuitableBlock('matrix-factorization learns from ratings: user, item and rating in each row.');
}

export const matrixFactorization: Job<MatrixFactorizationOptions> = {
  name: 'matrix-factorization',
  title: 'Recommendations',
  summary: 'Learns the taste of every user from their ratings; a batch pulls only the users and items in it.',
  dataKind: 'ratings',
  options,
  measures: {
    loss: { name: 'Mean squared error' },
    score: { name: 'Test RMSE', format: 'number', isHigherBetter: false, isSquare: true },
  },
  defaults: (_options, meta) => ({
    batch: 2_048,
    learningRate: 0.1,
    updater: { kind: 'adagrad', epsilon: 1e-8 },
    steps: Math.max(1, Math.ceil((6 * meta.samples.train) / 2_048)),
  }),
  tables({ rank }, meta) {
    const { users, items } = ratingsMeta(meta);
    const init = { kind: 'uniform', scale: START_SCALE } as const;
    const width = rank + 1;
    return [
      { name: 'users', keys: users, width, init, shape: [users, width] },
      { name: 'items', keys: items, width, init, shape: [items, width] },
    ];
  },
  generate: (seed, samples) => ratingsGenerator(seed, samples ?? undefined),
  createTrainer: async (options, meta) => new RatingsTrainer(options, ratingsMeta(meta)),
};
