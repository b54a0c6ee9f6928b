// idx files as a dataset of images: which labels belong to which images, by name. They are held whole while they are read.
import { BadDataFile } from './data-file.ts';
import type { DenseBlock } from './dataset.ts';
import {
  assemble,
  bySplit,
  datasetName,
  emitAll,
  type FileFormat,
  type Loaded,
  type LoadSettings,
  splitUp,
} from './file-format.ts';
import { idxDimensions, pairIdx, parseIdxImages, parseIdxLabels } from './idx.ts';
import { MAX_WHOLE_BYTES } from './limits.ts';
import { type Asking, type Emit, type FileHead, readWhole } from './reading.ts';

export const idxFormat: FileFormat = {
  name: 'idx images with their idx labels',
  kind: 'dense',
  isDistinctive: false,
  detect: (files) => files.every(({ head }) => idxDimensions(head) !== null),
  load: loadIdx,
};

function missing(format: 'idx images' | 'idx labels'): BadDataFile {
  const other = format === 'idx images' ? 'labels without images' : 'images without labels';
  return new BadDataFile('', 'missing-file', `${other}: add the ${format} file that belongs to them`);
}

function* loadIdx(files: readonly FileHead[], seed: number, _settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const isLabels = ({ head }: FileHead) => idxDimensions(head) === 1;
  const [imageFiles, labelFiles] = [files.filter((file) => !isLabels(file)), files.filter(isLabels)];
  if (imageFiles.length === 0) throw missing('idx images');
  if (labelFiles.length === 0) throw missing('idx labels');
  const images = bySplit(imageFiles, 'idx images');
  const labels = bySplit(labelFiles, 'idx labels');
  if ((images.test === null) !== (labels.test === null)) {
    const [has, lacks] = images.test === null ? ['labels', 'images'] : ['images', 'labels'];
    throw new BadDataFile('', 'missing-file', `two files of ${has} but one of ${lacks}: add the missing ${lacks} file`);
  }
  const train = yield* readIdx(images.train, labels.train);
  const test = images.test === null || labels.test === null ? null : yield* readIdx(images.test, labels.test);
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
  const loaded = assemble(splitUp(images.train.name, train.block, test?.block ?? null, seed), (samples) => {
    return { kind: 'dense', name, samples, features: height * width, shape: [height, width], classes };
  });
  return emitAll(loaded, emit);
}

function* readIdx(images: FileHead, labels: FileHead): Asking<{ block: DenseBlock; shape: [number, number] }> {
  const parsed = parseIdxImages(images.name, yield* readWhole(images, MAX_WHOLE_BYTES));
  const labelBytes = yield* readWhole(labels, MAX_WHOLE_BYTES);
  const block = pairIdx(labels.name, parsed, parseIdxLabels(labels.name, labelBytes));
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
