import { expect, test } from 'vitest';
import { fitter, parseShape, ShapesDiffer, shapeText, unite } from './agreement.ts';
import type { DatasetMeta, DenseBlock } from './dataset.ts';
import { recogniseDataset } from './recognise.testing.ts';
import { decodeRow } from './table-rows.testing.ts';

const samples = { train: 4, test: 1 };
const images = (side: number, classes: number): DatasetMeta => ({
  kind: 'dense',
  name: 'x',
  samples,
  features: side * side,
  shape: [side, side],
  classes,
});

test('of images the number of classes is the larger one, and sizes must match', () => {
  const both = [
    { meta: images(2, 3), samples: 4 },
    { meta: images(2, 7), samples: 4 },
  ];
  expect(unite(both)).toMatchObject({ classes: 7, shape: [2, 2] });
  expect(() => unite([...both, { meta: images(3, 2), samples: 1 }])).toThrow(
    new ShapesDiffer('These samples are 3×3, the others’ are 2×2: use the same size.'),
  );
  expect(() => fitter(images(3, 2), images(2, 2))).toThrow(ShapesDiffer);
  expect(() => fitter(images(2, 8), images(2, 7))).toThrow('8 classes');
});

test('of pictures in folders the class names are united, and labels renumbered by name', () => {
  const pictures = (labels: string[]): DatasetMeta => ({
    kind: 'images',
    name: 'x',
    samples,
    features: 4,
    shape: [2, 2, 1],
    classes: labels.length,
    labels,
    counts: labels.map((_, at) => (at === 0 ? 4 : 0)),
  });
  const [a, b] = [pictures(['cat', 'dog']), pictures(['dog', 'eel'])];
  const agreed = unite([a, b].map((meta) => ({ meta, samples: 4 })));
  expect(agreed).toMatchObject({ labels: ['cat', 'dog', 'eel'], counts: [0, 0, 0] });
  const block: DenseBlock = { kind: 'dense', count: 2, features: 4, x: new Uint8Array(8), y: Uint32Array.of(0, 1) };
  expect([...fitter(b, agreed)(block).y]).toEqual([1, 2]);
});

test('the text of a shape has neither the name nor the number of samples, and nothing else is parsed', () => {
  const text = shapeText({ ...images(2, 3), name: 'patients-of-dr-x.csv' });
  expect(text).not.toContain('patients');
  expect(parseShape(text)).toMatchObject({ name: '', samples: { train: 0, test: 0 }, classes: 3 });
  for (const bad of ['', '{', '{"kind":"dense"}', '7']) expect(() => parseShape(bad)).toThrow(ShapesDiffer);
});

const csv = (name: string, rows: string) => {
  const bytes = new TextEncoder().encode(rows);
  return recogniseDataset([{ name, bytes }], 1, 'tabular');
};
const header = 'size,colour,kind\n';
const rows = (count: number, row: (index: number) => string) =>
  header + Array.from({ length: count }, (_, index) => row(index)).join('\n');
const colours = { a: ['red', 'blue'], b: ['blue', 'green'] };
const kinds = { a: ['cat', 'dog'], b: ['dog', 'eel'] };
const own = (which: 'a' | 'b', from: number) =>
  csv(
    `${which}.csv`,
    rows(40, (i) => `${from + (i % 7)},${colours[which][i % 2]},${kinds[which][(i >> 1) % 2]}`),
  );

test('two tables with other categories and classes fit the shape that both agreed on', () => {
  const [a, b] = [own('a', 0), own('b', 100)];
  const agreed = unite([a, b].map(({ meta }) => ({ meta, samples: meta.samples.train })));
  if (agreed.kind !== 'tabular' || agreed.target.kind !== 'classes') throw new TypeError('not a table');
  expect(agreed.target.labels).toEqual(expect.arrayContaining(['cat', 'dog', 'eel']));
  expect(agreed.columns[1]).toMatchObject({ values: expect.arrayContaining(['red', 'blue', 'green']) });
  // What a row says stays the same: decoded by its own shape before and by the agreed one after.
  for (const { meta, blocks } of [a, b]) {
    const adapt = fitter(meta, agreed);
    for (const block of blocks.train as DenseBlock[]) {
      const fitted = adapt(block) as DenseBlock;
      for (let row = 0; row < block.count; row++) {
        expect(decodeRow(agreed, fitted, row)).toEqual(decodeRow(meta, block, row));
      }
    }
  }
});

test('numbers of all tabs together have mean 0 and variance 1 in the agreed shape', () => {
  const [a, b] = [own('a', 0), own('b', 100)];
  const agreed = unite([a, b].map(({ meta }) => ({ meta, samples: meta.samples.train })));
  const values = [a, b].flatMap(({ meta, blocks }) =>
    (blocks.train as DenseBlock[]).flatMap((block) => {
      const { x, features, count } = fitter(meta, agreed)(block) as DenseBlock;
      return Array.from({ length: count }, (_, row) => x[row * features] ?? 0);
    }),
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length - mean ** 2;
  expect(mean).toBeCloseTo(0, 4);
  expect(variance).toBeCloseTo(1, 4);
});

test('a class that nobody agreed on is named, with what to do', () => {
  const [a, b] = [own('a', 0), own('b', 100)];
  expect(() => fitter(b.meta, a.meta)).toThrow(
    /doesn’t know the (class “eel”|value of “colour” “green”).*start it again/,
  );
});

test('a column that is missing is named', () => {
  const other = csv(
    'c.csv',
    own('a', 0) && `size,kind\n${Array.from({ length: 20 }, (_, i) => `${i},${i % 2 ? 'cat' : 'dog'}`).join('\n')}`,
  );
  const parts = [own('a', 0), other].map(({ meta }) => ({ meta, samples: 10 }));
  expect(() => unite(parts)).toThrow('no column “colour”');
});

test('of texts the characters are united, and rows keep saying the same', () => {
  const text = (name: string, line: string) =>
    recogniseDataset([{ name, bytes: new TextEncoder().encode(line.repeat(60)) }], 1, 'text');
  const [a, b] = [text('a.txt', 'the quick brown fox, \n'), text('b.txt', 'JUMPS over lazy dogs! \n')];
  const agreed = unite([a, b].map(({ meta }) => ({ meta, samples: meta.samples.train })));
  const words = (meta: DatasetMeta, { x }: DenseBlock) =>
    meta.kind === 'text' ? Array.from(x, (character) => meta.vocabulary[character]).join('') : '';
  for (const { meta, blocks } of [a, b]) {
    const block = blocks.train[0] as DenseBlock;
    expect(words(agreed, fitter(meta, agreed)(block) as DenseBlock)).toBe(words(meta, block));
  }
});

test('data whose words or users are shared by name can’t be private, and say so', () => {
  const documents = recogniseDataset(
    [
      {
        name: 'd.txt',
        bytes: new TextEncoder().encode(Array.from({ length: 30 }, (_, i) => `alpha beta${i} gamma`).join('\n')),
      },
    ],
    1,
    'documents',
  );
  expect(() => unite([{ meta: documents.meta, samples: 1 }])).toThrow('can’t stay in each tab');
});
