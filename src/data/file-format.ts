// What a file format is, and what formats share: which files are for testing, holding out a test split, cutting into blocks.
import { Random } from '../random.ts';
import { BadDataFile } from './data-file.ts';
import type { Block, DatasetMeta, Split } from './dataset.ts';
import { BLOCK_SAMPLES, HOLD_OUT_FRACTION, MAX_HELD_OUT_SAMPLES, MAX_NAME_LENGTH } from './limits.ts';
import { cutBlocks, selectRows } from './rows.ts';
import { NO_CHOICES, type TableChoices, type TableSchema } from './table-schema.ts';

/** A file already decompressed. `split` says what it is for; without it the name decides. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly split?: Split;
}

/** A dataset in memory: what a manifest describes, with the blocks themselves. */
export interface LoadedDataset {
  readonly meta: DatasetMeta;
  readonly blocks: Readonly<Record<Split, readonly Block[]>>;
  /** Rows that could not be read and were left out, as was asked for. */
  readonly skippedRows?: number;
  /** Of a table: what its columns were taken for. */
  readonly schema?: TableSchema;
}

/** What a user may say about files beyond dropping them. */
export interface LoadSettings {
  /** Leave out rows that can't be read; otherwise the first of them is an error. */
  readonly skipBadRows: boolean;
  /** Of a table: what its columns are, where that isn't what they seem. */
  readonly table: TableChoices;
  /** Pixels a side of pictures; null lets them tell. */
  readonly imageSide: number | null;
}

export const DEFAULT_SETTINGS: LoadSettings = { skipBadRows: false, table: NO_CHOICES, imageSide: null };

/** A format that a set of files may have. One file in this folder, and one line in formats.ts. */
export interface FileFormat {
  /** For people: "LDA-C". */
  readonly name: string;
  /** Kind of data that it makes. */
  readonly kind: DatasetMeta['kind'];
  /** Nothing else looks like it: it is asked before libsvm. Other formats are asked last, those of the wanted kind first. */
  readonly isDistinctive: boolean;
  /** By content, and by names where these say something, whether the files together are of this format. */
  detect(files: readonly NamedFile[]): boolean;
  /**
   * @param seed of the held-out test split, where there are no test files
   * @throws BadDataFile with a sentence for the user, BadLine with line and column, and nothing else
   */
  load(files: readonly NamedFile[], seed: number, settings?: LoadSettings): LoadedDataset;
}

/** Whether a name says what a file is for: `train-images…`, `t10k-labels…`, `a9a.t`, `adult_test.txt`. */
export function splitFromName(name: string): Split | null {
  const plain = name.toLowerCase().replace(/\.(gz|gzip)$/, '');
  if (/(^|[^a-z])(t10k|test|testing|val|valid|validation)([^a-z]|$)/.test(plain) || plain.endsWith('.t')) return 'test';
  return /(^|[^a-z])(train|training|tr)([^a-z]|$)/.test(plain) ? 'train' : null;
}

/** At most one file for each split. One file alone is for training, whatever its name says. */
export function bySplit(files: readonly NamedFile[], format: string): { train: NamedFile; test: NamedFile | null } {
  const [first, second, third] = files;
  if (first === undefined) throw new BadDataFile('', 'missing-file', `no file of ${format}: add one`);
  if (third !== undefined) {
    const names = files.map((file) => file.name).join(', ');
    throw new BadDataFile(
      '',
      'too-many-files',
      `${files.length} files of ${format} (${names}): at most train and test`,
    );
  }
  if (second === undefined) {
    if (first.split === 'test')
      throw new BadDataFile(first.name, 'missing-file', `for testing, but nothing to train on`);
    return { train: first, test: null };
  }
  const hints = files.map((file) => file.split ?? splitFromName(file.name));
  if (hints[0] === hints[1]) {
    const advice = 'put "train" in the name of one and "test" in the name of the other';
    throw new BadDataFile('', 'too-many-files', `${first.name} and ${second.name} are both ${format}: ${advice}`);
  }
  return hints[0] === 'test' || hints[1] === 'train' ? { train: second, test: first } : { train: first, test: second };
}

/** `path/train-images-idx3-ubyte.gz` → `train-images-idx3-ubyte`. */
export const datasetName = (file: string) =>
  (file.split(/[\\/]/).at(-1) ?? file).replace(/\.(gz|gzip)$/i, '').slice(0, MAX_NAME_LENGTH);

/** Rows of each split, ascending, where the test split is to be held out. Throws `BadDataFile` for a single sample. */
export function heldOutRows(file: string, count: number, seed: number): Record<Split, Uint32Array> {
  if (count < 2) throw new BadDataFile(file, 'too-few', 'one sample is too few: some are needed to test on');
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  new Random(seed).shuffle(order);
  const held = Math.min(Math.max(1, Math.floor(count * HOLD_OUT_FRACTION)), MAX_HELD_OUT_SAMPLES);
  return { train: order.slice(held).sort(), test: order.slice(0, held).sort() };
}

/** Train and test, holding out the latter where it is null. Samples keep their order. */
export function splitUp(file: string, train: Block, test: Block | null, seed: number): Record<Split, Block> {
  if (test !== null) return { train, test };
  const rows = heldOutRows(file, train.count, seed);
  return { train: selectRows(train, rows.train), test: selectRows(train, rows.test) };
}

/** Blocks of both splits, and the meta that goes with them. */
export function assemble(
  splits: Record<Split, Block>,
  metaOf: (samples: Record<Split, number>) => DatasetMeta,
  samplesPerBlock = BLOCK_SAMPLES,
): LoadedDataset {
  const blocks = { train: cutBlocks(splits.train, samplesPerBlock), test: cutBlocks(splits.test, samplesPerBlock) };
  return { meta: metaOf({ train: splits.train.count, test: splits.test.count }), blocks };
}
