import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { DEFAULT_SETTINGS } from './file-format.ts';
import { LibsvmLabels, LibsvmReader, looksLikeLibsvm } from './libsvm.ts';
import { libsvmFormat } from './libsvm-format.ts';
import { MAX_SPARSE_FEATURES } from './limits.ts';
import { NumberScanner } from './number-scanner.ts';
import { loadAs, readInto } from './recognise.testing.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** All rows of a text, read in pieces. */
function parse(text: string | Uint8Array, pieces: readonly number[] = [], isSkipping = false) {
  const labels = new LibsvmLabels();
  const badRows = new BadRowCount('f', isSkipping);
  const rows: { label: number; indices: number[]; values: number[] }[] = [];
  const reader = new LibsvmReader(labels, badRows, ({ label, length, indices, values }) =>
    rows.push({ label, indices: [...indices.subarray(0, length)], values: [...values.subarray(0, length)] }),
  );
  readInto(reader, typeof text === 'string' ? bytesOf(text) : text, pieces);
  badRows.finish();
  return { rows, classes: labels.classes, badRows: badRows.rows };
}

const load = (text: string) => loadAs(libsvmFormat, [{ name: 'f', bytes: bytesOf(text) }]);
const files = (train: string, test: string) => [
  { name: 'train', bytes: bytesOf(train) },
  { name: 'test', bytes: bytesOf(test) },
];

describe('libsvm text', () => {
  it('becomes rows of the file’s own indexes', () => {
    const { rows, classes } = parse('+1 1:0.5 3:-2e1\n-1\n-1 2:7\n');
    expect(classes).toEqual([-1, 1]);
    expect(rows).toEqual([
      { label: 1, indices: [1, 3], values: [0.5, -20] },
      { label: -1, indices: [], values: [] },
      { label: -1, indices: [2], values: [7] },
    ]);
  });

  it('may start its indexes at 0', () => {
    expect(load('1 0:1 2:1\n0 1:1').meta.features).toBe(3);
  });

  it('may have blank lines, comments, tabs, CRLF, spaces at the end and no newline at the end', () => {
    const { rows } = parse('# head 1:1\r\n\r\n  1\t1:1 \r\n0 2:2 # tail 9:9\n1 3:3#x');
    expect(rows.map(({ label, indices }) => [label, ...indices])).toEqual([
      [1, 1],
      [0, 2],
      [1, 3],
    ]);
  });

  it.each([
    ['0 and 1', '0 1:1\n1 1:1', [0, 1]],
    ['-1 and +1', '+1 1:1\n-1 1:1', [1, 0]],
    ['1 and 2', '2 1:1\n1.0 1:1', [1, 0]],
  ])('labels %s become classes 0 and 1', (_, text, expected) => {
    const [block] = loadAs(libsvmFormat, files(text, text)).blocks.train;
    expect([...(block?.y ?? [])]).toEqual(expected);
  });

  it('of a test file takes the classes of the training file', () => {
    const [block] = loadAs(libsvmFormat, files('1 1:1\n2 1:1', '1 1:1')).blocks.test;
    expect([...(block?.y ?? [])]).toEqual([0]);
    expect(() => loadAs(libsvmFormat, files('0 1:1\n1 1:1', '0 1:1\n-1 1:1'))).toThrow(
      /^test: line 2, column 1: label "-1", .* labels are 0 and 1/,
    );
  });

  it('with one class only cannot be learnt from', () => {
    expect(() => load('1 1:1\n1 2:1')).toThrow(/every label is 1/);
  });

  it('is the same in pieces of any size', () => {
    const token = fc.constantFrom('1', '0', ' ', ' ', '\n', '\r\n', '1:1', '2:-3.25e1', '70:.5', '#', 'nan', 'é');
    const text = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''));
    const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(text, pieces, (text, pieces) => {
        expect(parse(text, pieces, true)).toEqual(parse(text, [], true));
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves bad rows out where that is wanted, and counts them; their labels are not remembered', () => {
    const { rows, badRows, classes } = parse('0 1:1\n2 1:x\ncat\n1 2:1\n0 3:1 2:1\n', [], true);
    expect(rows.map(({ label }) => label)).toEqual([0, 1]);
    expect([badRows, classes]).toEqual([3, [0, 1]]);
    const text = '0 1:1\n1 2:1\n0 1:1\n1 2:bad\n';
    const settings = { ...DEFAULT_SETTINGS, skipBadRows: true };
    const { meta, skippedRows } = loadAs(libsvmFormat, files(text, '1 1:1\n7 1:1\n'), settings);
    expect([meta.samples, skippedRows]).toEqual([{ train: 3, test: 1 }, 2]);
  });
});

describe('libsvm text is refused with line and column', () => {
  it.each<[string, string, number, number, RegExp]>([
    ['a third label', '0 1:1\n1 1:1\n2 1:1', 3, 1, /label "2" after 0 and 1/],
    ['labels that are no pair', '0 1:1\n2 1:1', 2, 1, /label "2" after 0/],
    ['a regression target', '0.5 1:1', 1, 1, /label "0\.5": labels must be two classes/],
    ['a word for a label', '0 1:1\n\n cat 1:1', 3, 2, /expected a label, found "cat"/],
    ['a label of NaN', 'nan 1:1', 1, 1, /expected a label, found "nan"/],
    ['a label that runs on', '1x 1:1', 1, 1, /found "1x"/],
    ['a word for a feature', '1 x', 1, 3, /expected index:value, found "x"/],
    ['a query id', '1 qid:3 1:1', 1, 3, /expected index:value/],
    ['an index alone', '1 1:1 22', 1, 7, /expected index:value, found "22"/],
    ['a negative index', '1 -1:1', 1, 3, /expected index:value/],
    ['a missing value', '1 1:1\n0 12:', 2, 6, /value of index 12 is nothing/],
    ['NaN', '1 1:NaN', 1, 5, /value of index 1 is "NaN", not a finite number/],
    ['Infinity', '1 1:1 2:-inf', 1, 9, /"-inf", not a finite/],
    ['a huge value', '1 1:1e31', 1, 5, /larger than 1e\+30/],
    ['an overflowing value', '1 1:1e999', 1, 5, /larger than/],
    ['a value that runs on', '1 1:1,2', 1, 5, /"1,2"/],
    ['indexes that repeat', '1 2:1 2:1', 1, 7, /index 2 after 2: indexes must ascend/],
    ['indexes that descend', '1 3:1 2:1', 1, 7, /index 2 after 3/],
    ['an index past the limit', `1 ${MAX_SPARSE_FEATURES}:1`, 1, 3, /too large/],
  ])('%s', (_, text, line, column, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'BadRows', file: 'f', line, column, rows: 1 }));
  });

  it('and without, where there is nothing in it', () => {
    expect(() => load('\n# only words\n')).toThrow(/no samples/);
  });

  it('whatever its bytes are', () => {
    const token = fc.constantFrom('1', '0', '-1', '2', ' ', ' ', '\n', ':', '1:1', '2:3', '.5', 'e9', '#', 'nan', 'é');
    const text = fc.array(token, { maxLength: 30 }).map((tokens) => bytesOf(tokens.join('')));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), (bytes) => {
        try {
          for (const { indices, values } of parse(bytes).rows) {
            expect(values.length).toBe(indices.length);
            expect(indices).toEqual(indices.toSorted((a, b) => a - b));
          }
        } catch (error) {
          if (!(error instanceof BadDataFile)) throw error;
          expect(error.name).toBe('BadRows');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('libsvm is told from other text', () => {
  it.each(['1 1:1\n', '+1 3:0.5', '-1', '0 1:nan', '# comment\n1 2:3', '1 1:1 # c', ' 2\t7:1'])('yes: %j', (text) => {
    expect(looksLikeLibsvm(bytesOf(text))).toBe(true);
  });

  it.each(['', 'First Citizen:\nspeak', '1,2,3\n', 'a 1:1', '{"a": 1}', '5.1 3.5 1.4 0.2'])('no: %j', (text) => {
    expect(looksLikeLibsvm(bytesOf(text))).toBe(false);
  });
});

describe('numbers in bytes', () => {
  const read = (text: string) => {
    const scanner = new NumberScanner(bytesOf(text));
    return [scanner.number(0), scanner.end];
  };

  it('are the doubles that JavaScript reads', () => {
    const texts = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc
        .tuple(fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.nat(20), fc.integer({ min: -30, max: 30 }))
        .map(([digits, point, power]) => {
          const text = digits.toString().padStart(point + 1, '0');
          return `${text.slice(0, text.length - point)}.${text.slice(text.length - point)}e${power}`;
        }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(read(text)).toEqual([Number(text), text.length]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('end where they end', () => {
    expect(read('12abc')).toEqual([12, 2]);
    expect(read('1e')).toEqual([1, 1]);
    expect(read('1e+')).toEqual([1, 1]);
    expect(read('-.5:')).toEqual([-0.5, 3]);
    expect(read('5.')).toEqual([5, 2]);
  });

  it.each(['', '-', '.', 'e5', 'nan', 'inf', ':'])('are not in %j', (text) => {
    expect(read(text)).toEqual([0, 0]);
  });
});
