// What a file format is, and what formats share: which files are for testing, holding out a test split, cutting into blocks.
import { Random } from '../random.ts';
import { BadDataFile } from './data-file.ts';
import type { Block, DatasetMeta, Split } from './dataset.ts';
import { HOLD_OUT_FRACTION, MAX_HELD_OUT_SAMPLES, MAX_NAME_LENGTH } from './limits.ts';
import type { Asking, Emit, FileHead } from './reading.ts';
import { blockSamplesFor, denseRowBytes, sparseRowBytes } from './row-blocks.ts';
import { cutBlocks, selectRows } from './rows.ts';
import { NO_CHOICES, type TableChoices, type TableSchema } from './table-schema.ts';

/** A file in memory, already decompressed. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What files were found to be, beside the blocks that they became. */
export interface Loaded {
  readonly meta: DatasetMeta;
  /** Rows that could not be read and were left out, as was asked for. */
  readonly skippedRows?: number;
  /** Of a table: what its columns were taken for. */
  readonly schema?: TableSchema;
  /** Of a table read as documents: its columns, and which of them was counted alone. */
  readonly columns?: { readonly names: readonly string[]; readonly chosen: string | null };
}

/** A dataset in memory: what a manifest describes, with the blocks themselves. */
export interface LoadedDataset extends Loaded {
  readonly blocks: Readonly<Record<Split, readonly Block[]>>;
}

/** What a user may say about files beyond dropping them. */
export interface LoadSettings {
  /** Leave out rows that can't be read; otherwise the first of them is an error. */
  readonly skipBadRows: boolean;
  /** Of a table: what its columns are, where that isn't what they seem. */
  readonly table: TableChoices;
  /** Pixels a side of pictures; null lets them tell. */
  readonly imageSide: number | null;
  /** Of a table read as documents: the column whose fields are the words; null takes its lines as text. */
  readonly column: string | null;
  /** Said by the job: documents are counted, all of them, and none held out. */
  readonly isStream?: boolean;
}

export const DEFAULT_SETTINGS: LoadSettings = { skipBadRows: false, table: NO_CHOICES, imageSide: null, column: null };

/** A format that a set of files may have. One file in this folder, and one line in formats.ts. */
export interface FileFormat {
  /** For people: "LDA-C". */
  readonly name: string;
  /** Kind of data that it makes. */
  readonly kind: DatasetMeta['kind'];
  /** Nothing else looks like it: it is asked before libsvm. Other formats are asked last, those of the wanted kind first. */
  readonly isDistinctive: boolean;
  /** By content, and by names where these say something, whether the files together are of this format. */
  detect(files: readonly FileHead[]): boolean;
  /**
   * Asks for the files, and makes blocks of them.
   * @param seed of the held-out test split, where there are no test files
   * @param emit takes the blocks; all of a split are equally large but the last
   * @throws BadDataFile with a sentence for the user, BadRows with line and column, and nothing else
   */
  load(files: readonly FileHead[], seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded>;
}

/** Whether a name says what a file is for: `train-images…`, `t10k-labels…`, `a9a.t`, `adult_test.txt`. */
export function splitFromName(name: string): Split | null {
  const plain = name.toLowerCase().replace(/\.(gz|gzip)$/, '');
  if (/(^|[^a-z])(t10k|test|testing|val|valid|validation)([^a-z]|$)/.test(plain) || plain.endsWith('.t')) return 'test';
  return /(^|[^a-z])(train|training|tr)([^a-z]|$)/.test(plain) ? 'train' : null;
}

/** At most one file for each split. One file alone is for training, whatever its name says. */
export function bySplit(files: readonly FileHead[], format: string): { train: FileHead; test: FileHead | null } {
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

/** Rows to hold out for testing, ascending. Throws `BadDataFile` for a single sample. */
export function testRows(file: string, count: number, seed: number): Uint32Array {
  if (count < 2) throw new BadDataFile(file, 'too-few', 'one sample is too few: some are needed to test on');
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  new Random(seed).shuffle(order);
  const held = Math.min(Math.max(1, Math.floor(count * HOLD_OUT_FRACTION)), MAX_HELD_OUT_SAMPLES);
  return order.slice(0, held).sort();
}

/** Rows of each split, ascending, where the test split is to be held out. Throws `BadDataFile` for a single sample. */
export function heldOutRows(file: string, count: number, seed: number): Record<Split, Uint32Array> {
  const test = testRows(file, count, seed);
  const isHeld = new Set(test);
  return { train: Uint32Array.from({ length: count }, (_, row) => row).filter((row) => !isHeld.has(row)), test };
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
): LoadedDataset {
  const cut = (block: Block) => cutBlocks(block, blockSamplesFor(block.count, longestRowBytes(block)));
  const blocks = { train: cut(splits.train), test: cut(splits.test) };
  return { meta: metaOf({ train: splits.train.count, test: splits.test.count }), blocks };
}

function longestRowBytes(block: Block): number {
  if (block.kind === 'dense') return denseRowBytes(block.features, block.x.BYTES_PER_ELEMENT);
  let longest = 0;
  for (let row = 0; row < block.count; row++) {
    longest = Math.max(longest, (block.indptr[row + 1] as number) - (block.indptr[row] as number));
  }
  return sparseRowBytes(longest);
}

/** Hands out the blocks of a dataset that was made as a whole. */
export function emitAll({ blocks, ...loaded }: LoadedDataset, emit: Emit): Loaded {
  for (const split of ['train', 'test'] as const) for (const block of blocks[split]) emit(split, block);
  return loaded;
}
