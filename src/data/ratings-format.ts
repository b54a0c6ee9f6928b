// Files of ratings as a dataset; what its meta must look like when it comes from outside.
import { z } from 'zod';
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { bySplit, datasetName, type FileFormat, type Loaded, type LoadSettings, testRows } from './file-format.ts';
import { MAX_NAMES_BYTES, MAX_SAMPLES, MAX_SPARSE_FEATURES, MAX_VALUE } from './limits.ts';
import { looksLikeRatings, NameTable, type Rating, ratingsReader } from './ratings.ts';
import type { Asking, Emit, FileHead } from './reading.ts';
import { bothSplits, SparseBlocks, SplitTurns, sparseRowBytes } from './row-blocks.ts';

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
  detect: (files) => files.every(({ head }) => looksLikeRatings(head)),
  load: loadRatings,
};

/** Values of a row: [user, users + item] with [rating, time]. */
const ROW_VALUES = 2;

/** Looked through once for all users and items, as an item's key comes after those of all users; then cut into blocks. */
function* loadRatings(files: readonly FileHead[], seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const { train, test } = bySplit(files, 'ratings');
  const tables = { users: new NameTable(), items: new NameTable() };
  const learnt = yield* survey(train, tables, settings);
  const tested = test === null ? null : yield* survey(test, tables, settings);
  const { size: users } = tables.users;
  const { size: items } = tables.items;
  if (users + items > MAX_SPARSE_FEATURES) {
    throw new BadDataFile(train.name, 'too-large', `${users} users and ${items} items are more than a tab can hold`);
  }
  const held = tested === null ? testRows(train.name, learnt.count, seed) : new Uint32Array(0);
  const samples = { train: learnt.count - held.length, test: tested?.count ?? held.length };
  const out = bothSplits(samples, sparseRowBytes(ROW_VALUES), emit, (size, take) => new SparseBlocks(size, take));
  const turns = new SplitTurns(held);
  const [keys, values] = [new Uint32Array(ROW_VALUES), new Float32Array(ROW_VALUES)];
  const add = (into: SparseBlocks, { user, item, rating, time }: Rating) => {
    keys[0] = user;
    keys[1] = users + item;
    values[0] = rating;
    values[1] = time;
    into.add(0, keys, values, ROW_VALUES);
  };
  let sum = 0;
  const cut = (file: FileHead, onRating: (rating: Rating) => void) => ({
    file,
    into: ratingsReader(file, tables, new BadRowCount(file.name, true), onRating),
    doing: 'Making blocks of',
  });
  yield cut(train, (rating) => {
    const split = turns.next();
    // What a rating is before anything is known of its user and item.
    if (split === 'train') sum += Math.fround(rating.rating);
    add(out[split], rating);
  });
  if (test !== null) yield cut(test, (rating) => add(out.test, rating));
  out.finish();
  const names = { users: tables.users.names(), items: tables.items.names() };
  const mean = sum / samples.train;
  const shape = { features: users + items, users, items, mean, names };
  const meta = { kind: 'ratings', name: datasetName(train.name), samples, ...shape } as const;
  return { meta, skippedRows: learnt.badRows + (tested?.badRows ?? 0) };
}

function* survey(
  file: FileHead,
  tables: { readonly users: NameTable; readonly items: NameTable },
  { skipBadRows }: LoadSettings,
): Asking<{ readonly count: number; readonly badRows: number }> {
  const badRows = new BadRowCount(file.name, skipBadRows);
  let count = 0;
  const look = () => {
    if (++count > MAX_SAMPLES) throw new BadDataFile(file.name, 'too-large', `over ${MAX_SAMPLES} ratings: use fewer`);
  };
  yield { file, into: ratingsReader(file, tables, badRows, look), doing: 'Looking through' };
  badRows.finish();
  if (count === 0) throw new BadDataFile(file.name, 'empty', 'the file has no ratings');
  return { count, badRows: badRows.rows };
}
