import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadDataFile, BadLine } from './data-file.ts';
import { libsvmBlock, looksLikeLibsvm, parseLibsvm } from './libsvm.ts';
import { MAX_SPARSE_FEATURES } from './limits.ts';
import { NumberScanner } from './number-scanner.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseLibsvm('f', bytesOf(text));

describe('libsvm text', () => {
  it('becomes rows of the file’s own indexes', () => {
    const parsed = parse('+1 1:0.5 3:-2e1\n-1\n-1 2:7\n');
    expect(parsed).toMatchObject({ count: 3, features: 4, classes: [-1, 1] });
    expect([...parsed.labels]).toEqual([1, -1, -1]);
    expect([...parsed.indptr]).toEqual([0, 2, 2, 3]);
    expect([...parsed.indices]).toEqual([1, 3, 2]);
    expect([...parsed.values]).toEqual([0.5, -20, 7]);
  });

  it('may start its indexes at 0', () => {
    expect(parse('1 0:1 2:1\n0 1:1').features).toBe(3);
  });

  it('may have blank lines, comments, tabs, CRLF, spaces at the end and no newline at the end', () => {
    const parsed = parse('# head 1:1\r\n\r\n  1\t1:1 \r\n0 2:2 # tail 9:9\n1 3:3#x');
    expect([...parsed.labels]).toEqual([1, 0, 1]);
    expect([...parsed.indices]).toEqual([1, 2, 3]);
  });

  it.each([
    ['0 and 1', '0 1:1\n1 1:1', [0, 1]],
    ['-1 and +1', '+1 1:1\n-1 1:1', [1, 0]],
    ['1 and 2', '2 1:1\n1.0 1:1', [1, 0]],
  ])('labels %s become classes 0 and 1', (_, text, expected) => {
    const parsed = parse(text);
    expect([...libsvmBlock('f', parsed, parsed.classes).y]).toEqual(expected);
  });

  it('of a test file takes the classes of the training file', () => {
    expect([...libsvmBlock('t', parse('1 1:1'), [1, 2]).y]).toEqual([0]);
    expect(() => libsvmBlock('t', parse('-1 1:1'), [0, 1])).toThrow(/^t: has label -1, .* labels are 0 and 1/);
  });

  it('with one class only cannot be learnt from', () => {
    expect(() => libsvmBlock('f', parse('1 1:1\n1 2:1'), [1])).toThrow(/every label is 1/);
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
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'BadLine', file: 'f', line, column }));
  });

  it('and without, where there is nothing in it', () => {
    expect(() => parse('')).toThrow('f: the file is empty');
    expect(() => parse('\n# only words\n')).toThrow(/no samples/);
  });

  it('whatever its bytes are', () => {
    const token = fc.constantFrom('1', '0', '-1', '2', ' ', ' ', '\n', ':', '1:1', '2:3', '.5', 'e9', '#', 'nan', 'é');
    const text = fc.array(token, { maxLength: 30 }).map((tokens) => bytesOf(tokens.join('')));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), (bytes) => {
        try {
          const parsed = parseLibsvm('f', bytes);
          expect(parsed.indptr.at(-1)).toBe(parsed.indices.length);
          expect(parsed.labels.length).toBe(parsed.count);
        } catch (error) {
          if (!(error instanceof BadDataFile)) throw error;
          expect(error instanceof BadLine || error.fault === 'empty').toBe(true);
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
