// From a handful of dropped files to a dataset: what each file is (by content), which belong together and which are the
// test split (by name), and the blocks. Class count and image size come from the data.
import { BadDataFile, isGzip } from './data-file.ts';
import type { DatasetMeta, DenseBlock } from './dataset.ts';
import {
  assemble,
  bySplit,
  DEFAULT_SETTINGS,
  datasetName,
  type FileFormat,
  type LoadedDataset,
  type LoadSettings,
  type NamedFile,
  splitUp,
} from './file-format.ts';
import { formats } from './formats.ts';
import { idxDimensions, pairIdx, parseIdxImages, parseIdxLabels } from './idx.ts';
import { libsvmBlock, looksLikeLibsvm, parseLibsvm } from './libsvm.ts';

type Format = 'idx images' | 'idx labels' | 'libsvm';

/** What may be dropped, as advice. */
function acceptedFormats(): string {
  const others = formats.map(({ name }) => `, or ${name}`).join('');
  return `drop idx images with their idx labels, or libsvm text${others}; each may be .gz, each with or without a test file`;
}

/** What a file is, by its first bytes. Throws `BadDataFile` for an empty, compressed or unknown one. */
export function formatOf(file: NamedFile): Format {
  checkIsReadable(file);
  const format = basicFormatOf(file);
  if (format !== null) return format;
  throw new BadDataFile(file.name, 'unknown-format', `not a format that can be read here: ${acceptedFormats()}`);
}

function basicFormatOf({ bytes }: NamedFile): Format | null {
  const dimensions = idxDimensions(bytes);
  if (dimensions === 1) return 'idx labels';
  if (dimensions !== null) return 'idx images';
  return looksLikeLibsvm(bytes) ? 'libsvm' : null;
}

/**
 * The dataset that a set of files makes. Where no file is for testing, a sixth of the samples (at most 10,000), chosen
 * by `seed`, is held out. What could be several things is data of the `wanted` kind. Throws `BadDataFile` with a sentence for the user for anything that is wrong with them.
 */
export function recogniseDataset(
  files: readonly NamedFile[],
  seed: number,
  wanted: DatasetMeta['kind'] = 'dense',
  settings: LoadSettings = DEFAULT_SETTINGS,
): LoadedDataset {
  if (files.length === 0) throw new BadDataFile('', 'missing-file', `no files: ${acceptedFormats()}`);
  for (const file of files) checkIsReadable(file);
  const format = otherFormat(files, wanted);
  return format === null ? idxOrLibsvm(files, seed) : format.load(files, seed, settings);
}

function checkIsReadable({ name, bytes }: NamedFile): void {
  if (bytes.byteLength === 0) throw new BadDataFile(name, 'empty', 'the file is empty');
  if (isGzip(bytes)) throw new BadDataFile(name, 'compressed', 'still compressed: decompress it first');
}

/** The format of the list in formats.ts that the files have; null where they are idx or libsvm, or nothing known. */
function otherFormat(files: readonly NamedFile[], wanted: DatasetMeta['kind']): FileFormat | null {
  const distinctive = formats.find((format) => format.isDistinctive && format.detect(files));
  if (distinctive !== undefined) return distinctive;
  if (files.every((file) => basicFormatOf(file) !== null)) return null;
  const able = formats.filter((format) => !format.isDistinctive && format.detect(files));
  return able.find(({ kind }) => kind === wanted) ?? able[0] ?? null;
}

function idxOrLibsvm(files: readonly NamedFile[], seed: number): LoadedDataset {
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

function missing(format: Format): BadDataFile {
  const other = format === 'idx images' ? 'labels without images' : 'images without labels';
  return new BadDataFile('', 'missing-file', `${other}: add the ${format} file that belongs to them`);
}

function idxDataset(imageFiles: readonly NamedFile[], labelFiles: readonly NamedFile[], seed: number): LoadedDataset {
  if (imageFiles.length === 0) throw missing('idx images');
  if (labelFiles.length === 0) throw missing('idx labels');
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
