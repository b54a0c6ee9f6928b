// From a handful of dropped files to a dataset: what each file is (by content), which belong together and which are the
// test split (by name), and the blocks. Class count and image size come from the data.
import { Random } from '../random.ts';
import { BadDataFile, isGzip } from './data-file.ts';
import type { Block, DatasetMeta, DenseBlock, Split } from './dataset.ts';
import { idxDimensions, pairIdx, parseIdxImages, parseIdxLabels } from './idx.ts';
import { libsvmBlock, looksLikeLibsvm, parseLibsvm } from './libsvm.ts';
import { HOLD_OUT_FRACTION, MAX_HELD_OUT_SAMPLES, MAX_NAME_LENGTH } from './limits.ts';
import { cutBlocks, selectRows } from './rows.ts';

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
}

type Format = 'idx images' | 'idx labels' | 'libsvm';
type Splits<T> = { train: T; test: T | null };

const ACCEPTED =
  'drop idx images with their idx labels, or libsvm text; each may be .gz, each with or without a test file';

/** What a file is, by its first bytes. Throws `BadDataFile` for an empty, compressed or unknown one. */
export function formatOf(file: NamedFile): Format {
  if (file.bytes.byteLength === 0) throw new BadDataFile(file.name, 'empty', 'the file is empty');
  if (isGzip(file.bytes)) throw new BadDataFile(file.name, 'compressed', 'still compressed: decompress it first');
  const dimensions = idxDimensions(file.bytes);
  if (dimensions === 1) return 'idx labels';
  if (dimensions !== null) return 'idx images';
  if (looksLikeLibsvm(file.bytes)) return 'libsvm';
  throw new BadDataFile(file.name, 'unknown-format', `not a format that can be read here: ${ACCEPTED}`);
}

/**
 * The dataset that a set of files makes. Where no file is for testing, a sixth of the samples (at most 10,000), chosen
 * by `seed`, is held out. Throws `BadDataFile` with a sentence for the user for anything that is wrong with them.
 */
export function recogniseDataset(files: readonly NamedFile[], seed: number): LoadedDataset {
  if (files.length === 0) throw new BadDataFile('', 'missing-file', `no files: ${ACCEPTED}`);
  const byFormat = new Map<Format, NamedFile[]>();
  for (const file of files) {
    const format = formatOf(file);
    byFormat.set(format, [...(byFormat.get(format) ?? []), file]);
  }
  const libsvm = byFormat.get('libsvm');
  const idx = [...(byFormat.get('idx images') ?? []), ...(byFormat.get('idx labels') ?? [])];
  if (libsvm === undefined) return idxDataset(byFormat.get('idx images') ?? [], byFormat.get('idx labels') ?? [], seed);
  const [stray] = idx;
  if (stray === undefined) return libsvmDataset(libsvm, seed);
  throw new BadDataFile(
    '',
    'mixed-kinds',
    `${stray.name} is idx and ${libsvm[0]?.name} is libsvm: use one kind at a time`,
  );
}

/** Whether a name says what a file is for: `train-images…`, `t10k-labels…`, `a9a.t`, `adult_test.txt`. */
export function splitFromName(name: string): Split | null {
  const plain = name.toLowerCase().replace(/\.(gz|gzip)$/, '');
  if (/(^|[^a-z])(t10k|test|testing|val|valid|validation)([^a-z]|$)/.test(plain) || plain.endsWith('.t')) return 'test';
  return /(^|[^a-z])(train|training|tr)([^a-z]|$)/.test(plain) ? 'train' : null;
}

/** At most one file for each split. One file alone is for training, whatever its name says. */
function bySplit(files: readonly NamedFile[], format: Format): Splits<NamedFile> {
  const [first, second, third] = files;
  if (first === undefined) throw missing(format);
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

function missing(format: Format): BadDataFile {
  const other = format === 'idx images' ? 'labels without images' : 'images without labels';
  return new BadDataFile('', 'missing-file', `${other}: add the ${format} file that belongs to them`);
}

function idxDataset(imageFiles: readonly NamedFile[], labelFiles: readonly NamedFile[], seed: number): LoadedDataset {
  const images = bySplit(imageFiles, 'idx images');
  const labels = bySplit(labelFiles, 'idx labels');
  if ((images.test === null) !== (labels.test === null)) {
    const [has, lacks] = images.test === null ? ['labels', 'images'] : ['images', 'labels'];
    throw new BadDataFile('', 'missing-file', `two files of ${has} but one of ${lacks}: add the missing ${lacks} file`);
  }
  const train = readIdx(images.train, labels.train);
  const test = images.test === null || labels.test === null ? null : readIdx(images.test, labels.test);
  const [height, width] = train.shape;
  if (test !== null && (test.shape[0] !== height || test.shape[1] !== width)) {
    const sizes = `${test.shape.join('×')} for testing, ${train.shape.join('×')} for training`;
    throw new BadDataFile(images.test?.name ?? '', 'sizes-differ', `images of ${sizes}: use files of the same size`);
  }
  const classes = classesOf(labels.train.name, train.block);
  const strange = test?.block.y.find((label) => label >= classes);
  if (strange !== undefined) {
    const range = `training labels go from 0 to ${classes - 1}`;
    throw new BadDataFile(labels.test?.name ?? '', 'bad-label', `has label ${strange}, but ${range}`);
  }
  const name = datasetName(images.train.name);
  return assemble(splitUp(images.train.name, train.block, test?.block ?? null, seed), (samples) => {
    return { kind: 'dense', name, samples, features: height * width, shape: [height, width], classes };
  });
}

function readIdx(images: NamedFile, labels: NamedFile): { block: DenseBlock; shape: [number, number] } {
  const parsed = parseIdxImages(images.name, images.bytes);
  const block = pairIdx(labels.name, parsed, parseIdxLabels(labels.name, labels.bytes));
  return { block, shape: [parsed.height, parsed.width] };
}

function classesOf(file: string, block: DenseBlock): number {
  let largest = 0;
  for (const label of block.y) if (label > largest) largest = label;
  if (block.y.every((label) => label === largest)) {
    throw new BadDataFile(file, 'one-class', `every label is ${largest}: there is nothing to learn`);
  }
  return largest + 1;
}

function libsvmDataset(files: readonly NamedFile[], seed: number): LoadedDataset {
  const named = bySplit(files, 'libsvm');
  const train = parseLibsvm(named.train.name, named.train.bytes);
  const test = named.test === null ? null : parseLibsvm(named.test.name, named.test.bytes);
  const features = Math.max(train.features, test?.features ?? 0);
  if (train.features === 0) {
    throw new BadDataFile(named.train.name, 'too-few', 'no line has a feature: write each as index:value');
  }
  const trainBlock = libsvmBlock(named.train.name, train, train.classes);
  const testBlock = named.test && test ? libsvmBlock(named.test.name, test, train.classes) : null;
  const name = datasetName(named.train.name);
  return assemble(splitUp(named.train.name, trainBlock, testBlock, seed), (samples) => {
    return { kind: 'sparse', name, samples, features, classes: 2 };
  });
}

/** `path/train-images-idx3-ubyte.gz` → `train-images-idx3-ubyte`. */
const datasetName = (file: string) =>
  (file.split(/[\\/]/).at(-1) ?? file).replace(/\.(gz|gzip)$/i, '').slice(0, MAX_NAME_LENGTH);

/** Train and test, holding out the latter where it is null. Samples keep their order. */
function splitUp(file: string, train: Block, test: Block | null, seed: number): Record<Split, Block> {
  if (test !== null) return { train, test };
  if (train.count < 2) throw new BadDataFile(file, 'too-few', 'one sample is too few: some are needed to test on');
  const order = Uint32Array.from({ length: train.count }, (_, row) => row);
  new Random(seed).shuffle(order);
  const held = Math.min(Math.max(1, Math.floor(train.count * HOLD_OUT_FRACTION)), MAX_HELD_OUT_SAMPLES);
  return {
    train: selectRows(train, order.slice(held).sort()),
    test: selectRows(train, order.slice(0, held).sort()),
  };
}

function assemble(
  splits: Record<Split, Block>,
  metaOf: (samples: Record<Split, number>) => DatasetMeta,
): LoadedDataset {
  const blocks = { train: cutBlocks(splits.train), test: cutBlocks(splits.test) };
  return { meta: metaOf({ train: splits.train.count, test: splits.test.count }), blocks };
}
