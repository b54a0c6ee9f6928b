import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBlockFits, decodeBlock, encodeBlock } from './blocks.ts';
import { BadDataFile } from './data-file.ts';
import type { DatasetMeta, DenseBlock } from './dataset.ts';
import { DEFAULT_SETTINGS, type LoadedDataset } from './file-format.ts';
import { datasetMetaSchema } from './manifest.ts';
import { loadAs, readInto, recogniseDataset } from './recognise.testing.ts';
import { decodeRow, encodeSample } from './table-encode.ts';
import { tableFormat } from './table-format.ts';
import { inferSchema, NO_CHOICES, type TableChoices, type TableSchema } from './table-schema.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const file = (name: string, text: string) => ({ name, bytes: bytesOf(text) });
function schemaOf(text: string, choices: Partial<TableChoices> = {}): TableSchema {
  const asking = inferSchema({ name: 'f', head: bytesOf(text) }, { ...NO_CHOICES, ...choices });
  for (let step = asking.next(); ; step = asking.next()) {
    if (step.done) return step.value;
    readInto(step.value.into, bytesOf(text));
  }
}
const kindsOf = (text: string, choices: Partial<TableChoices> = {}) =>
  Object.fromEntries(schemaOf(text, choices).columns.map(({ name, kind }) => [name, kind]));

/** Train and test files, so that it is known which row is which. */
function load(train: string, test: string, settings = DEFAULT_SETTINGS) {
  const loaded = loadAs(tableFormat, [file('train.csv', train), file('test.csv', test)], settings);
  const [block, testBlock] = [loaded.blocks.train[0], loaded.blocks.test[0]];
  if (block?.kind !== 'dense' || testBlock?.kind !== 'dense') throw new Error('not dense');
  return { ...loaded, meta: tabularMeta(loaded), train: block, test: testBlock };
}

function tabularMeta({ meta }: LoadedDataset): Extract<DatasetMeta, { kind: 'tabular' }> {
  if (meta.kind !== 'tabular') throw new Error('not a table');
  return meta;
}

const rowsOf = ({ x, count, features }: DenseBlock) =>
  Array.from({ length: count }, (_, row) => [...x.subarray(row * features, (row + 1) * features)]);

describe('columns are what their values are', () => {
  it('numbers, categories, and neither', () => {
    const rows = Array.from(
      { length: 300 },
      (_, row) => `${row},${row % 7}.5,${row % 2 ? 'a' : 'b'},word${row},x,${row % 3}`,
    );
    expect(kindsOf(`id,size,colour,note,same,target\n${rows.join('\n')}`)).toEqual({
      id: 'ignored',
      size: 'number',
      colour: 'category',
      note: 'ignored',
      same: 'ignored',
      target: 'category',
    });
  });

  it('with gaps of every spelling', () => {
    const { columns } = schemaOf('a,b,y\n1,x,1\nNA,?,2\n,null,3\nNaN,-,4.5\n5,z,5\n');
    expect(columns.map(({ kind, missing }) => [kind, missing])).toEqual([
      ['number', 3],
      ['category', 3],
      ['number', 0],
    ]);
  });

  it('a few words among many numbers are bad rows, many make a category', () => {
    const rows = (odd: number) => Array.from({ length: 100 }, (_, row) => `${row < odd ? 'ten' : row % 9},${row % 2}`);
    expect(kindsOf(`a,y\n${rows(3).join('\n')}`)).toMatchObject({ a: 'number' });
    expect(kindsOf(`a,y\n${rows(30).join('\n')}`)).toMatchObject({ a: 'category' });
  });

  it.each([
    ['the one called so', 'label,a\nx,1\ny,2\n', 'label'],
    ['else the last that is of use', 'a,b,note\n1,2,\n3,5,\n', 'b'],
  ])('the target is %s', (_, text, expected) => {
    const { columns, target } = schemaOf(text);
    expect(columns[target]?.name).toBe(expected);
  });

  it.each([
    ['words', 'yes', 'no', 'category'],
    ['a few whole numbers', '0', '1', 'category'],
    ['measurements', '0.5', '1', 'number'],
  ])('a target of %s', (_, one, other, kind) => {
    expect(kindsOf(`a,y\n1,${one}\n2,${other}\n3,${one}\n`)).toMatchObject({ y: kind });
  });

  it('and what the user says, where they say so', () => {
    const text = 'a;b;c\n1;2;3\n2;3;4\n3;4;5.5\n';
    expect(kindsOf(text)).toEqual({ a: 'number', b: 'number', c: 'number' });
    const choices = { target: 'a', kinds: { a: 'category', b: 'ignored' } } as const;
    expect(kindsOf(text, choices)).toEqual({ a: 'category', b: 'ignored', c: 'number' });
    expect(schemaOf(text, choices).target).toBe(0);
    expect(schemaOf('a b,c\n1,2\n1 2,4', { delimiter: ',' }).columns.map(({ name }) => name)).toEqual(['a b', 'c']);
  });
});

describe('a table becomes', () => {
  it('standardised numbers, one-hot categories, flags of gaps, and classes', () => {
    // Mean of 1, 3, 5 is 3, their variance 8/3.
    const train = 'n,c,y\n1,red,no\n3,blue,yes\n,red,no\n5,,yes\n';
    const { meta, train: block, test } = load(train, 'c,y,n\nblue,no,3\ngreen,yes,7\n');
    const one = 2 / Math.sqrt(8 / 3);
    expect(meta).toMatchObject({ features: 5, classes: 2, target: { kind: 'classes', labels: ['no', 'yes'] } });
    expect([...block.y]).toEqual([0, 1, 0, 1]);
    expect(rowsOf(block).flat()).toEqual(
      [
        [-one, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 1, 1, 0, 0],
        [one, 0, 0, 0, 1],
      ]
        .flat()
        .map((v) => expect.closeTo(v, 6)),
    );
    // Columns in another order, and a category that was not trained on.
    expect([...test.y]).toEqual([0, 1]);
    expect(rowsOf(test).flat()).toEqual([0, 0, 0, 1, 0, 2 * one, 0, 0, 0, 0].map((v) => expect.closeTo(v, 6)));
  });

  it('a number to predict, as the last value', () => {
    const { meta, train, test } = load('a,price\n0,10.5\n1,20.5\n', 'a,price\n0,15.5\n');
    expect(meta).toMatchObject({ features: 2, classes: 1, target: { kind: 'number', mean: 15.5, scale: 5 } });
    expect(rowsOf(train)).toEqual([
      [-1, -1],
      [1, 1],
    ]);
    expect(rowsOf(test)).toEqual([[-1, 0]]);
  });

  it('the mean is that of the rows trained on, to the last digit, whatever the size of the numbers', () => {
    const rows = Array.from({ length: 600 }, (_, row) => `${1.7e9 + row},${row % 2 ? 'a' : 'b'}`);
    const loaded = recogniseDataset([file('t.csv', `time,y\n${rows.join('\n')}`)], 1, 'tabular');
    const [block] = loaded.blocks.train;
    if (block?.kind !== 'dense') throw new Error('not dense');
    const values = Float32Array.from(block.x);
    const mean = values.reduce((sum, value) => sum + value, 0) / block.count;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / block.count;
    expect(mean).toBeCloseTo(0, 6);
    expect(variance).toBeCloseTo(1, 6);
    const times = Array.from({ length: 500 }, (_, row) => Number(decodeRow(tabularMeta(loaded), block, row).fields[0]));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1.7e9);
  });

  it('blocks and a meta that travel', () => {
    const { meta, train } = load('n,c,y\n1,red,no\n3,blue,yes\n', 'n,c,y\n1,red,no\n');
    expect(datasetMetaSchema.parse(JSON.parse(JSON.stringify(meta)))).toEqual(meta);
    checkBlockFits(decodeBlock(encodeBlock(train)), meta);
    expect(() => datasetMetaSchema.parse({ ...meta, features: 9 })).toThrow(/do not make the features/);
  });
});

it('is the same in pieces of any size, bad rows left out', () => {
  const row = fc.oneof(
    fc.tuple(fc.float({ noNaN: true }), fc.constantFrom('red', 'blue', '"a, ""b"""', ''), fc.constantFrom('x', 'y')),
    fc.constantFrom(['bad', 'red', 'x'], ['1'], ['2', '3', '']),
  );
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  const good = Array.from({ length: 30 }, (_, row) => `${row},red,${row % 2 ? 'x' : 'y'}`).join('\n');
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), pieces, fc.constantFrom('\n', '\r\n'), (rows, sizes, newline) => {
      const text = `n,c,target\n${good}\n${rows.map((fields) => fields.join(',')).join(newline)}`;
      const settings = { ...DEFAULT_SETTINGS, skipBadRows: true };
      const load = (pieces: readonly number[]) => {
        try {
          return loadAs(tableFormat, [file('f.csv', text)], settings, pieces);
        } catch (error) {
          return String(error);
        }
      };
      expect(load(sizes)).toEqual(load([]));
    }),
  );
});

describe('one sample', () => {
  const { meta, train } = load('n,c,y\n1,red,no\n3,blue,yes\n,red,no\n5,,yes\n', 'n,c,y\n1,red,no\n');

  it('is filled in by hand as it stands in a file', () => {
    const fields = [
      ['1', 'red'],
      ['3', 'blue'],
      ['', 'red'],
      ['5', ''],
    ];
    const samples = fields.map((row) => [...encodeSample(meta.columns, row, meta.features)]);
    expect(samples).toEqual(rowsOf(train).map((row) => row.map((value) => expect.closeTo(value, 5))));
    // Without a number in a number's place it is a gap.
    expect([...encodeSample(meta.columns, ['many', 'green'], meta.features)]).toEqual([0, 1, 0, 0, 1]);
  });

  it('is shown as it stood there', () => {
    expect([0, 1, 2, 3].map((row) => decodeRow(meta, train, row))).toEqual([
      { fields: ['1', 'red'], target: 'no' },
      { fields: ['3', 'blue'], target: 'yes' },
      { fields: ['', 'red'], target: 'no' },
      { fields: ['5', ''], target: 'yes' },
    ]);
  });
});

describe('what is wrong with a table', () => {
  const good = Array.from({ length: 40 }, (_, row) => `${row},${row % 2 ? 'a' : 'b'}`).join('\n');
  const recognise = (text: string, settings = DEFAULT_SETTINGS) =>
    recogniseDataset([file('t.csv', text)], 1, 'tabular', settings);

  it.each<[string, string, number, number, RegExp]>([
    ['a word for a number', `n,y\n${good}\nmany,a\n`, 42, 1, /expected a number, found "many"; mend this row/],
    ['no target', `n,y\n${good}\n5,\n`, 42, 3, /expected a known class, found nothing/],
    ['a row too short', `n,y\n${good}\n5\n`, 42, 1, /1 fields where the first row has 2/],
    ['a number too large', `n,y\n${good}\n1e35,a\n`, 42, 1, /expected a usable number/],
  ])('%s is said with line and column, or skipped', (_, text, line, column, message) => {
    expect(() => recognise(text)).toThrow(message);
    expect(() => recognise(text)).toThrow(expect.objectContaining({ name: 'BadRows', line, column, rows: 1 }));
    const { meta, skippedRows } = recognise(text, { ...DEFAULT_SETTINGS, skipBadRows: true });
    expect([meta.samples.train + meta.samples.test, skippedRows]).toEqual([40, 1]);
  });

  it.each<[string, string, Partial<TableChoices>, RegExp]>([
    ['one class', 'a,y\n1,x\n2,x\n', {}, /every "y" is "x"/],
    ['nothing to predict from', 'id,y\n1,a\n2,b\n', {}, /no column to predict "y" from/],
    [
      'a target that is ignored',
      'a,y\n1,a\n2,b\n',
      { kinds: { y: 'ignored' } },
      /column "y" is ignored: choose another/,
    ],
    ['a target that is not there', 'a,y\n1,a\n2,b\n', { target: 'z' }, /no column "z" to predict/],
    ['a header alone', 'a,y\n', {}, /a header and no rows/],
  ])('%s', (_, text, choices, message) => {
    expect(() => recognise(text, { ...DEFAULT_SETTINGS, table: { ...NO_CHOICES, ...choices } })).toThrow(message);
  });

  it('a test file without one of the columns', () => {
    expect(() => load('a,b,y\n1,2,x\n2,3,z\n', 'a,y\n1,x\n')).toThrow(
      /test.csv: there is no column "b", as in the training/,
    );
  });

  it('never is anything but told', () => {
    const token = fc.constantFrom(
      'a',
      'b',
      '1',
      '2.5',
      ',',
      ',',
      ',',
      '\n',
      '\n',
      '\n',
      '"',
      'NA',
      ';',
      'a,b,y\n1,x,2\n3,z,4\n',
    );
    const text = fc.array(token, { maxLength: 50 }).map((tokens) => bytesOf(tokens.join('')));
    const kinds = fc.dictionary(
      fc.constantFrom('a', 'b', 'y'),
      fc.constantFrom('number', 'category', 'ignored' as const),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), fc.boolean(), kinds, (bytes, skipBadRows, choices) => {
        const table = { ...NO_CHOICES, kinds: choices as TableChoices['kinds'] };
        try {
          const loaded = loadAs(tableFormat, [{ name: 'f', bytes }], { ...DEFAULT_SETTINGS, skipBadRows, table });
          for (const block of loaded.blocks.train) checkBlockFits(decodeBlock(encodeBlock(block)), loaded.meta);
        } catch (error) {
          if (!(error instanceof BadDataFile)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
