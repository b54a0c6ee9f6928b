import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvDialect, type CsvFault, CsvReader, MAX_COLUMNS, MAX_ROW_BYTES } from './csv.ts';

const COMMA: CsvDialect = { delimiter: ',', hasQuotes: true };
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Rows and faults of a file handed over in chunks of `size` bytes. */
function read(bytes: Uint8Array, dialect = COMMA, size = bytes.length) {
  const rows: string[][] = [];
  const faults: CsvFault[] = [];
  const reader = new CsvReader(dialect, {
    row: (row) => rows.push(Array.from({ length: row.count }, (_, at) => row.text(at))),
    bad: (fault) => faults.push(fault),
  });
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) reader.push(bytes.subarray(at, at + Math.max(1, size)));
  reader.end();
  return { rows, faults };
}
const rowsOf = (text: string, dialect = COMMA) => read(bytesOf(text), dialect).rows;
const faultsOf = (text: string, dialect = COMMA) => read(bytesOf(text), dialect).faults;

describe('CSV', () => {
  it.each<[string, string, string[][]]>([
    [
      'fields and rows',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a last row without a newline',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['line ends of every system', 'a\r\nb\rc\nd', [['a'], ['b'], ['c'], ['d']]],
    [
      'blank lines, skipped',
      '\n\na,b\n \n1,2\n\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'empty fields',
      'a,,c\n,,\n1,2,',
      [
        ['a', '', 'c'],
        ['', '', ''],
        ['1', '2', ''],
      ],
    ],
    ['spaces around fields, dropped', ' a ,\tb\n', [['a', 'b']]],
    [
      'quoted delimiters and newlines',
      '"a,b","c\nd"\n1,2',
      [
        ['a,b', 'c\nd'],
        ['1', '2'],
      ],
    ],
    ['doubled quotes', '"say ""hi""",""""\n', [['say "hi"', '"']]],
    ['an empty quoted field', '"",b', [['', 'b']]],
    ['spaces after a closing quote', '"a" ,b', [['a', 'b']]],
    [
      'a byte order mark',
      '\uFEFF"a",b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['letters of every script', 'naïve,日本\n', [['naïve', '日本']]],
  ])('has %s', (_, text, expected) => {
    expect(rowsOf(text)).toEqual(expected);
    expect(faultsOf(text)).toEqual([]);
  });

  it('may have two characters between fields, and then no quotes', () => {
    expect(rowsOf('1::"a": b::5\n2::c:::6:\n', { delimiter: '::', hasQuotes: false })).toEqual([
      ['1', '"a": b', '5'],
      ['2', 'c', ':6:'],
    ]);
  });

  it('gives numbers and where they stand', () => {
    const seen: unknown[] = [];
    const reader = new CsvReader(COMMA, {
      row: (row) => {
        for (let at = 0; at < row.count; at++) seen.push([row.number(at), row.line(at), row.column(at)]);
      },
      bad: () => undefined,
    });
    reader.push(bytesOf('12, -3.5e2 ,4x\n"7\n",,1e999'));
    reader.end();
    expect(seen).toEqual([
      [12, 1, 1],
      [-350, 1, 4],
      [Number.NaN, 1, 13],
      [7, 2, 1],
      [Number.NaN, 3, 3],
      [Number.NaN, 3, 4],
    ]);
  });
});

describe('a bad row of CSV is told with line and column, and the next is read', () => {
  it.each<[string, string, number, number, RegExp]>([
    ['too few fields', 'a,b,c\n1,2\n3,4,5', 2, 3, /2 fields where the first row has 3/],
    ['too many fields', 'a,b\n1,2,3,4\n5,6', 2, 5, /4 fields where the first row has 2/],
    ['a quote inside a field', 'a,b\n1,5" pipe\n5,6', 2, 4, /a quote inside an unquoted field/],
    ['text after a quote', 'a,b\n"1"x,2\n5,6', 2, 4, /text after a closing quote/],
  ])('%s', (_, text, line, column, sentence) => {
    const { rows, faults } = read(bytesOf(text));
    expect(faults).toEqual([{ line, column, sentence: expect.stringMatching(sentence) }]);
    expect(rows).toHaveLength(2);
  });

  it('a quote that is never closed', () => {
    expect(faultsOf('a,b\n1,"2\n3,4\n')).toEqual([{ line: 2, column: 3, sentence: 'this quote is never closed' }]);
  });

  it('a quote that is closed too late to be meant', () => {
    const { rows, faults } = read(bytesOf(`a,b\n1,"${'x\n'.repeat(MAX_ROW_BYTES / 2)}`));
    expect(faults[0]).toMatchObject({ line: 2, column: 3, sentence: expect.stringMatching(/256 KiB; is a quote not/) });
    expect(rows.length).toBeLessThan(5);
  });

  it('too many columns', () => {
    expect(faultsOf(`${','.repeat(MAX_COLUMNS)}\n`)).toMatchObject([{ line: 1, column: MAX_COLUMNS + 1 }]);
    expect(rowsOf(`${','.repeat(MAX_COLUMNS - 1)}\n`)).toHaveLength(1);
  });
});

describe('any bytes', () => {
  const token = fc.constantFrom(
    'a',
    '1.5',
    ',',
    ',',
    '\n',
    '\r',
    '\r\n',
    '"',
    '""',
    ' ',
    ':',
    '::',
    ';',
    'é',
    '\uFEFF',
  );
  const text = fc.array(token, { maxLength: 40 }).map((tokens) => bytesOf(tokens.join('')));
  const dialect = fc.constantFrom<CsvDialect>(
    COMMA,
    { delimiter: ';', hasQuotes: true },
    { delimiter: '::', hasQuotes: false },
  );

  it('read the same however they are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.oneof(text, fc.uint8Array({ maxLength: 60 })),
        dialect,
        fc.integer({ min: 1, max: 7 }),
        (bytes, how, size) => {
          expect(read(bytes, how, size)).toEqual(read(bytes, how));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('come back from what a writer makes of them', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'é', '1'), maxLength: 6 });
    const table = fc.array(fc.tuple(fc.constant('x'), field, field), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(table, (rows) => {
        const csv = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(read(bytesOf(csv))).toEqual({ rows: rows.map((row) => row.map((value) => value.trim())), faults: [] });
      }),
      { numRuns: 500 },
    );
  });
});
