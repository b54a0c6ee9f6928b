// Files of ratings as a dataset; what its meta must look like when it comes from outside.
import { z } from 'zod';
import { BadDataFile } from './data-file.ts';
import type { SparseBlock, Split } from './dataset.ts';
import {
  assemble,
  bySplit,
  DEFAULT_SETTINGS,
  datasetName,
  type FileFormat,
  type LoadedDataset,
  splitUp,
} from './file-format.ts';
import { MAX_NAMES_BYTES, MAX_SPARSE_FEATURES, MAX_VALUE } from './limits.ts';
import { looksLikeRatings, meanRating, NameTable, parseRatings, ratingsBlock } from './ratings.ts';

const names = z.array(z.string().max(MAX_NAMES_BYTES));
const keys = z.int().min(1).max(MAX_SPARSE_FEATURES);

/** Name and samples are every dataset's: they are added where the schemas of all kinds stand together. */
export const ratingsMetaSchema = z.strictObject({
  kind: z.literal('ratings'),
  features: keys,
  users: keys,
  items: keys,
  mean: z.number().min(-MAX_VALUE).max(MAX_VALUE),
  names: z.strictObject({ users: names, items: names }),
});

export const ratingsFormat: FileFormat = {
  name: 'ratings (user, item, rating)',
  kind: 'ratings',
  isDistinctive: false,
  detect: (files) => files.every(({ bytes }) => looksLikeRatings(bytes)),
  load(files, seed, { skipBadRows } = DEFAULT_SETTINGS): LoadedDataset {
    const { train, test } = bySplit(files, 'ratings');
    const tables = { users: new NameTable(), items: new NameTable() };
    const read = ({ name, bytes }: typeof train) => parseRatings(name, bytes, tables, skipBadRows);
    const [trainRatings, testRatings] = [read(train), test === null ? null : read(test)];
    const { size: users } = tables.users;
    const { size: items } = tables.items;
    if (users + items > MAX_SPARSE_FEATURES) {
      throw new BadDataFile(train.name, 'too-large', `${users} users and ${items} items are more than a tab can hold`);
    }
    const block = (ratings: typeof trainRatings) => ratingsBlock(ratings, users);
    const splits = splitUp(train.name, block(trainRatings), testRatings && block(testRatings), seed);
    const loaded = assemble(splits, (samples: Record<Split, number>) => ({
      kind: 'ratings',
      name: datasetName(train.name),
      samples,
      features: users + items,
      users,
      items,
      mean: meanRating(splits.train as SparseBlock),
      names: { users: tables.users.names(), items: tables.items.names() },
    }));
    return { ...loaded, skippedRows: trainRatings.skippedRows + (testRatings?.skippedRows ?? 0) };
  },
};
