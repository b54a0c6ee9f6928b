// What one user would like: items not yet rated, best first, from the live parameters. For the try-it panel.
import { z } from 'zod';
import type { DatasetMeta, Split } from '../data/dataset.ts';
import { BLOCK_SAMPLES } from '../data/limits.ts';
import { UnsuitableBlock } from './errors.ts';
import type { ReadBlock, ReadRows } from './job.ts';
import { predictRating } from './predict-rating.ts';

type RatingsMeta = Extract<DatasetMeta, { kind: 'ratings' }>;

/** Rows of each list: what a panel can show. */
const MAX_LISTED = 50;

const requestSchema = z.strictObject({
  /** A user by key, or as the file calls them. */
  user: z.union([z.int().min(0), z.string().max(200)]),
  count: z.int().min(1).max(MAX_LISTED),
});

export interface RatedItem {
  readonly name: string;
  readonly rating: number;
  readonly predicted: number;
}

/** The answer to a look: lists in descending order of rating. */
export interface Recommendations {
  /** Null where the data has no such user. */
  readonly user: { readonly key: number; readonly name: string } | null;
  readonly users: number;
  /** How many items the user has rated, and those rated highest. */
  readonly ratedCount: number;
  readonly rated: readonly RatedItem[];
  readonly recommended: readonly { readonly name: string; readonly predicted: number }[];
}

const nameOf = (names: readonly string[], key: number, what: string): string => names[key] ?? `${what} ${key + 1}`;

function findUser({ users, names }: RatingsMeta, user: number | string): number | null {
  if (typeof user === 'number') return user < users ? user : null;
  const text = user.trim();
  const key = names.users.indexOf(text);
  if (key >= 0) return key;
  const number = names.users.length === 0 && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= users ? number - 1 : null;
}

/**
 * The `count` items that a user is predicted to rate highest, of those they have rated in neither split.
 * @param width floats per row of both tables: bias and factors
 * @throws ZodError for a request that isn't one
 */
export async function recommend(
  request: unknown,
  meta: RatingsMeta,
  width: number,
  read: ReadRows,
  block: ReadBlock,
): Promise<Recommendations> {
  const { user, count } = requestSchema.parse(request);
  const key = findUser(meta, user);
  if (key === null) return { user: null, users: meta.users, ratedCount: 0, rated: [], recommended: [] };
  const [rows, items] = await read([Uint32Array.of(key), null]);
  if (rows === undefined || items === undefined) throw new UnsuitableBlock('A table of the model is missing.');
  const predicted = Float64Array.from({ length: meta.items }, (_, item) => {
    return meta.mean + predictRating(rows.values, 0, items.values, item * width, width);
  });
  const ratings = await ratingsOf(key, meta, block);
  const byPrediction = (a: number, b: number) => (predicted[b] as number) - (predicted[a] as number);
  const unrated = Array.from(predicted.keys()).filter((item) => !ratings.has(item));
  const item = (at: number) => ({ name: nameOf(meta.names.items, at, 'Item'), predicted: predicted[at] as number });
  const rated = Array.from(ratings).toSorted(([, a], [, b]) => b - a);
  return {
    user: { key, name: nameOf(meta.names.users, key, 'User') },
    users: meta.users,
    ratedCount: rated.length,
    rated: rated.slice(0, count).map(([at, rating]) => ({ ...item(at), rating })),
    recommended: unrated.toSorted(byPrediction).slice(0, count).map(item),
  };
}

/** All ratings of one user: item → rating. Goes through all the data, which this tab may have to fetch. */
async function ratingsOf(user: number, meta: RatingsMeta, block: ReadBlock): Promise<Map<number, number>> {
  const ratings = new Map<number, number>();
  for (const split of ['train', 'test'] satisfies Split[]) {
    const blocks = Math.ceil(meta.samples[split] / BLOCK_SAMPLES);
    for (let index = 0; index < blocks; index++) {
      const { indices, values } = sparseOf(await block(split, index));
      for (let at = 0; at < indices.length; at += 2) {
        if (indices[at] === user) ratings.set((indices[at + 1] as number) - meta.users, values[at] as number);
      }
    }
  }
  return ratings;
}

function sparseOf(block: Awaited<ReturnType<ReadBlock>>) {
  if (block.kind === 'sparse') return block;
  throw new UnsuitableBlock('Ratings are sparse rows of one user and one item.');
}
