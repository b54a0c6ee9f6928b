import { describe, expect, it } from 'vitest';
import { BadDataFile, type DataFileFault } from './data-file.ts';
import type { Block } from './dataset.ts';
import { splitFromName } from './file-format.ts';
import { recogniseDataset, type TestFile } from './recognise.testing.ts';
import { formatOf } from './recognise.ts';

/** An idx file: magic, sizes, bytes. */
function idx(name: string, sizes: number[], values: number[]): TestFile {
  const header = [0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, size >>> 8, size & 255])];
  return { name, bytes: Uint8Array.of(...header, ...values) };
}
/** `labels.length` images of 1×2 whose pixels tell which image they are. */
const images = (name: string, count: number) =>
  idx(
    name,
    [count, 1, 2],
    Array.from({ length: 2 * count }, (_, at) => at >> 1),
  );
const labels = (name: string, values: number[]) => idx(name, [values.length], values);
const text = (name: string, lines: string): TestFile => ({ name, bytes: new TextEncoder().encode(lines) });

const TRAIN = [images('train-images', 3), labels('train-labels', [0, 2, 1])];
const TEST = [images('t10k-images', 2), labels('t10k-labels', [2, 0])];
const ys = (blocks: readonly Block[]) => blocks.flatMap((block) => [...block.y]);

function faultOf(files: TestFile[]): DataFileFault | 'fine' {
  try {
    recogniseDataset(files, 1);
  } catch (error) {
    if (error instanceof BadDataFile) return error.fault;
    throw error;
  }
  return 'fine';
}

describe('four idx files', () => {
  it('in any order become a dataset whose size and classes come from the data', () => {
    const [a, b, c, d] = [...TRAIN, ...TEST];
    if (!(a && b && c && d)) throw new Error('four files');
    const { meta, blocks } = recogniseDataset([d, a, c, b], 1);
    expect(meta).toEqual({
      kind: 'dense',
      name: 'train-images',
      samples: { train: 3, test: 2 },
      features: 2,
      shape: [1, 2],
      classes: 3,
    });
    expect(ys(blocks.train)).toEqual([0, 2, 1]);
    expect(ys(blocks.test)).toEqual([2, 0]);
  });

  it('go where the caller says, whatever their names', () => {
    const files = [
      { ...images('a', 3), split: 'test' as const },
      { ...labels('b', [0, 1, 1]), split: 'test' as const },
      { ...images('c', 2), split: 'train' as const },
      { ...labels('d', [0, 1]), split: 'train' as const },
    ];
    expect(recogniseDataset(files, 1).meta.samples).toEqual({ train: 2, test: 3 });
  });
});

describe('without a test file', () => {
  const values = Array.from({ length: 60 }, (_, at) => at % 10);
  const files = [images('digits', 60), labels('classes', values)];

  it('a sixth is held out, and every sample is in exactly one split', () => {
    const { meta, blocks } = recogniseDataset(files, 1);
    expect(meta.samples).toEqual({ train: 50, test: 10 });
    const firstPixels = [...blocks.train, ...blocks.test].flatMap((block) =>
      block.kind === 'dense' ? [...block.x].filter((_, at) => at % 2 === 0) : [],
    );
    expect(firstPixels.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at));
  });

  it('the seed chooses which', () => {
    expect(recogniseDataset(files, 1)).toEqual(recogniseDataset(files, 1));
    expect(recogniseDataset(files, 1)).not.toEqual(recogniseDataset(files, 2));
  });

  it('at most 10,000 are', () => {
    const lines = Array.from({ length: 70_000 }, (_, at) => `${at % 2} 1:1`).join('\n');
    expect(recogniseDataset([text('big', lines)], 1).meta.samples).toEqual({ train: 60_000, test: 10_000 });
  });

  it('blocks have at most 512 samples', () => {
    const lines = Array.from({ length: 1_236 }, (_, at) => `${at % 2} 1:1`).join('\n');
    const { blocks } = recogniseDataset([text('big', lines)], 1);
    expect(blocks.train.map((block) => block.count)).toEqual([512, 512, 6]);
  });
});

describe('libsvm files', () => {
  it('share the key space of the larger and the labels of the first', () => {
    const files = [text('a9a.t', '2 9:1'), text('a9a', '1 1:1\n2 3:1')];
    const { meta, blocks } = recogniseDataset(files, 1);
    expect(meta).toEqual({ kind: 'sparse', name: 'a9a', samples: { train: 2, test: 1 }, features: 10, classes: 2 });
    expect([ys(blocks.train), ys(blocks.test)]).toEqual([[0, 1], [1]]);
  });
});

describe('files that make no dataset are refused', () => {
  const [trainImages, trainLabels] = TRAIN;
  const [testImages, testLabels] = TEST;
  if (!(trainImages && trainLabels && testImages && testLabels)) throw new Error('four files');
  const libsvm = text('clicks', '0 1:1\n1 2:1');

  it.each<[string, DataFileFault, TestFile[]]>([
    ['none', 'missing-file', []],
    ['an empty file', 'empty', [text('a', '')]],
    ['a gzip file', 'compressed', [{ name: 'a', bytes: Uint8Array.of(0x1f, 0x8b, 8, 0) }]],
    ['prose', 'unknown-format', [text('a', 'Once upon a time')]],
    ['images without labels', 'missing-file', [trainImages]],
    ['labels without images', 'missing-file', [trainLabels]],
    ['test images without their labels', 'missing-file', [trainImages, trainLabels, testImages]],
    ['test labels without their images', 'missing-file', [trainImages, trainLabels, testLabels]],
    ['only a test file', 'missing-file', [{ ...libsvm, split: 'test' }]],
    ['two kinds', 'mixed-kinds', [libsvm, trainImages]],
    ['two that nothing tells apart', 'too-many-files', [libsvm, { ...libsvm, name: 'more' }]],
    ['three of a kind', 'too-many-files', [libsvm, text('x.t', '0 1:1'), text('y.t', '0 1:1')]],
    ['four dimensions', 'wrong-dimensions', [idx('a', [1, 1, 1, 1], [0]), trainLabels]],
    ['numbers that differ', 'counts-differ', [trainImages, labels('l', [0, 1])]],
    [
      'sizes that differ',
      'sizes-differ',
      [trainImages, trainLabels, idx('test', [1, 2, 2], [1, 2, 3, 4]), labels('test', [0])],
    ],
    ['a test label unknown in training', 'bad-label', [trainImages, trainLabels, testImages, labels('test', [3, 0])]],
    ['one class of images', 'one-class', [trainImages, labels('l', [1, 1, 1])]],
    ['one class of lines', 'one-class', [text('a', '1 1:1\n1 2:1')]],
    ['lines without features', 'too-few', [text('a', '1\n0\n')]],
    ['a single sample', 'one-class', [text('a', '1 1:1')]],
    ['a bad line', 'bad-line', [text('a', '1 1:nan')]],
  ])('%s: %s', (_, fault, files) => {
    expect(faultOf(files)).toBe(fault);
  });

  it('with a sentence that says what to do', () => {
    expect(() => recogniseDataset([text('a.bin', '\0\0')], 1)).toThrow(
      /^a\.bin: not a format that can be read here: drop idx images with their idx labels, or libsvm text(, or .+)*; each may be \.gz, each with or without a test file$/,
    );
    expect(() => recogniseDataset([trainImages], 1)).toThrow(
      'images without labels: add the idx labels file that belongs to them',
    );
  });
});

it('formats are told by content, not by name', () => {
  const nameOf = (files: readonly TestFile[]) =>
    formatOf(
      files.map(({ name, bytes }) => ({ name, head: bytes })),
      'dense',
    ).name;
  expect(nameOf(TRAIN)).toBe('idx images with their idx labels');
  expect(nameOf([text('looks-like.idx3-ubyte', '1 1:1')])).toBe('libsvm text');
});

it.each([
  ['train-images-idx3-ubyte.gz', 'train'],
  ['t10k-labels-idx1-ubyte.gz', 'test'],
  ['a9a.t', 'test'],
  ['a9a.t.gz', 'test'],
  ['adult_test.txt', 'test'],
  ['validation.svm', 'test'],
  ['a9a', null],
  ['latest.svm', null],
  ['constraints.svm', null],
])('the name %s says %s', (name, split) => {
  expect(splitFromName(name)).toBe(split);
});
