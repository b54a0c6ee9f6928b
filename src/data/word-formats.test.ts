// LDA-C, UCI bag of words and plain text: what they read, what they refuse and where, and that nothing else comes out of them.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadRowCount } from './bad-rows.ts';
import { checkBlockFits, decodeBlock, encodeBlock } from './blocks.ts';
import { BadDataFile, BadLine } from './data-file.ts';
import type { DatasetMeta } from './dataset.ts';
import { type CountedDocument, wordName, wordsOf } from './documents.ts';
import { DocwordReader } from './docword.ts';
import { DEFAULT_SETTINGS, type NamedFile } from './file-format.ts';
import { LdacReader } from './ldac.ts';
import { decodeManifest, encodeManifest, entryOf } from './manifest.ts';
import { readInto, recogniseDataset } from './recognise.testing.ts';
import { wordsIn } from './text-documents.ts';

const file = (name: string, text: string): NamedFile => ({ name, bytes: new TextEncoder().encode(text) });
const plain = ({ words, times }: CountedDocument) => [...words].map((word, at) => [word, times[at]]);

const READERS = { ldac: LdacReader, docword: DocwordReader };

/** All documents of a file, read in pieces. */
function parse(format: keyof typeof READERS, text: string, pieces: readonly number[] = [], isSkipping = false) {
  const { name, bytes } = file(`a.${format}`, text);
  const badRows = new BadRowCount(name, isSkipping);
  const reader = new READERS[format](name, badRows);
  readInto(reader, bytes, pieces);
  badRows.finish();
  return reader.finish();
}

const LDAC = '3 0:1 1:1 3:2\n1 1:5\n\n2 4:1 2:1\n';
const DOCWORD = '3\n5\n4\n1 1 1\n1 4 2\n2 2 5\n3 5 1\n';

describe('LDA-C', () => {
  test('reads documents; words may be in any order', () => {
    const { documents, words } = parse('ldac', LDAC);
    expect(documents.map(plain)).toEqual([
      [
        [0, 1],
        [1, 1],
        [3, 2],
      ],
      [[1, 5]],
      [
        [2, 1],
        [4, 1],
      ],
    ]);
    expect(words).toBe(5);
  });

  test.each([
    ['2 0:1 3:2\n1 x:5', 2, 3, 'expected a word number, found "x:5"'],
    ['1 3=2', 1, 3, 'expected word:times, found "3=2"'],
    ['1 3:', 1, 5, 'expected how often the word stands there, found nothing'],
    ['3 0:1 3:2', 1, 1, 'the line announces 3 different words and has 2'],
    ['2 0:1 0:2', 1, 7, 'word 0 stands twice in this document: add its counts up'],
    ['1 99999:1', 1, 3, 'a word number is 99999; at most 65535 is possible'],
    ['1 1:2x', 1, 6, 'expected a space, found "x"'],
  ])('says what is wrong in %j', (text, line, column, sentence) => {
    expect(() => parse('ldac', text)).toThrow(`a.ldac: line ${line}, column ${column}: ${sentence}`);
  });

  test('without documents is refused', () => {
    expect(() => parse('ldac', '\n\n')).toThrow('the file has no documents with words');
  });
});

describe('UCI bag of words', () => {
  test('reads documents; both numbers count from 1 in the file', () => {
    const { documents, words } = parse('docword', DOCWORD);
    expect(documents.map(plain)).toEqual([
      [
        [0, 1],
        [3, 2],
      ],
      [[1, 5]],
      [[4, 1]],
    ]);
    expect(words).toBe(5);
  });

  test.each([
    ['3\n5\n1\n1 6 1\n', 'line 4, column 3: a word number is 6; at most 5 is possible'],
    ['3\n5\n1\n0 5 1\n', 'line 4, column 1: documents and words are numbered from 1'],
    ['3\n5\n1\n1 5\n', 'line 4, column 4: expected how often the word stands there, found nothing'],
    ['3\n5\n1\n1 5 1 1\n', 'line 4, column 7: expected the end of the line, found "1"'],
    ['3\n5\n2\n1 5 1\n1 5 2\n', 'line 5, column 1: word 5 of document 1 stands twice'],
    ['3\n5\n9\n1 5 1\n', 'announces 9 pairs and has 1'],
    ['3\n5\n', 'the file ends before its three numbers'],
  ])('says what is wrong in %j', (text, sentence) => {
    expect(() => parse('docword', text)).toThrow(sentence);
  });
});

test('words of running text are lower case, of any script, with apostrophes inside', () => {
  expect(wordsIn("Don't stop — the Über-café, 'tis 42!")).toEqual([
    "don't",
    'stop',
    'the',
    'über',
    'café',
    'tis',
    '42',
  ]);
});

describe('a dataset of documents', () => {
  const lines = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 'one two two' : 'two three')).join('\n');
  const { meta, blocks } = recogniseDataset([file('lines.txt', lines)], 1, 'documents');

  test('numbers every occurrence of a word in the training documents, one after the other', () => {
    if (meta.kind !== 'documents') throw new Error('documents');
    const seen = new Map<number, number>();
    for (const block of blocks.train) {
      if (block.kind !== 'sparse') throw new Error('sparse');
      for (let row = 0; row < block.count; row++) {
        for (const { word, times, before } of wordsOf(block, row, meta.words)) {
          expect(before).toBe(seen.get(word) ?? 0);
          seen.set(word, before + times);
        }
      }
    }
    expect(meta.totals).toEqual(meta.totals.map((_, word) => seen.get(word) ?? 0));
    expect(meta.samples).toEqual({ train: 25, test: 5 });
    expect(meta.vocabulary.toSorted()).toEqual(['one', 'three', 'two']);
    expect(wordName(meta, 0)).toBe('two');
  });

  test('travels as bytes: manifest and blocks', () => {
    const entries = { train: blocks.train.map((block) => entryOf(block, encodeBlock(block))), test: [] };
    const sent = { meta: { ...meta, samples: { ...meta.samples, test: 0 } }, blocks: entries };
    expect(decodeManifest(encodeManifest(sent))).toEqual(sent);
    for (const block of blocks.train) checkBlockFits(decodeBlock(encodeBlock(block)), meta);
  });

  test.each([
    ['totals that don’t add up', { totals: [1, 2, 3] }],
    ['a vocabulary too short', { vocabulary: ['one'] }],
    ['features that aren’t twice the words', { features: 7 }],
    ['a picture of another size', { picture: [2, 2] }],
  ])('a manifest with %s is refused', (_, change) => {
    const wrong = { meta: { ...meta, ...change } as DatasetMeta, blocks: { train: [], test: [] } };
    expect(() => decodeManifest(encodeManifest(wrong))).toThrow('not a manifest');
  });

  test('is of at least two documents', () => {
    expect(() => recogniseDataset([file('one.txt', 'a single line')], 1, 'documents')).toThrow(BadDataFile);
  });

  test.each([
    ['LDA-C', Array.from({ length: 7 }, (_, row) => `3 0:1 1:1 ${row + 2}:2\n`).join(''), 28],
    ['text', Array.from({ length: 7 }, (_, row) => `a b word${row}\n`).join(''), 21],
  ])('as a stream is counted whole: %s', (_, text, tokens) => {
    const settings = { ...DEFAULT_SETTINGS, isStream: true };
    const { meta } = recogniseDataset([file('a.txt', text)], 1, 'documents', settings);
    expect(meta).toMatchObject({ samples: { train: 7 }, tokens: { train: tokens } });
    const heldOut = recogniseDataset([file('a.txt', text)], 1, 'documents').meta;
    expect(heldOut.samples).toEqual({ train: 6, test: 1 });
  });

  test('keeps its train and test files apart', () => {
    const files = [file('words.train.txt', 'a b\nb c'), file('words.test.txt', 'c d\n')];
    const { meta } = recogniseDataset(files, 1, 'documents');
    expect(meta.samples).toEqual({ train: 2, test: 1 });
  });
});

describe('which format it is', () => {
  test.each([
    ['LDA-C', LDAC, 5],
    ['UCI bag of words', DOCWORD, 5],
  ])('%s, with its words beside it', (_, text, words) => {
    const names = Array.from({ length: words }, (_, word) => `w${word}`).join('\n');
    const { meta } = recogniseDataset([file('vocab.txt', names), file('data.txt', text)], 1);
    expect(meta).toMatchObject({ kind: 'documents', words, vocabulary: names.split('\n'), isText: false });
  });

  test('a list of words that is too short says so', () => {
    const files = [file('vocab.txt', 'a\nb'), file('data.ldac', LDAC)];
    expect(() => recogniseDataset(files, 1)).toThrow('vocab.txt: has 2 words, but the documents use 5');
  });

  test('libsvm stays libsvm, also for a job that wants documents', () => {
    const { meta } = recogniseDataset([file('a.txt', '1 3:1\n0 4:1\n1 2:2 3:1\n0 1:1\n')], 1, 'documents');
    expect(meta.kind).toBe('sparse');
  });
});

test('whatever a text is, it is read or refused by name, with its line', () => {
  const token = fc.oneof(fc.nat({ max: 9 }).map(String), fc.constantFrom(':', ' ', '\n', 'x', '1:2', '-', '\u00e4'));
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), (tokens) => {
      for (const format of ['ldac', 'docword'] as const) {
        try {
          const { documents, words } = parse(format, tokens.join(''));
          for (const document of documents) for (const word of document.words) expect(word).toBeLessThan(words);
        } catch (error) {
          expect(error).toBeInstanceOf(BadDataFile);
          if (error instanceof BadLine) expect(Math.min(error.line, error.column)).toBeGreaterThanOrEqual(1);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('documents are the same in pieces of any size', () => {
  const token = fc.oneof(
    fc.nat({ max: 9 }).map(String),
    fc.constantFrom(' ', ' ', '\n', '\n', '\r\n', '2 1:2 3:1\n', '1 1 1\n', 'x'),
  );
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  const outcome = (read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      return String(error);
    }
  };
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), pieces, (tokens, pieces) => {
      const text = tokens.join('');
      for (const format of ['ldac', 'docword'] as const) {
        const whole = outcome(() => parse(format, text, [], true));
        expect(outcome(() => parse(format, text, pieces, true))).toEqual(whole);
      }
      const words = (sizes: readonly number[]) => () =>
        recogniseDataset([file('f', `a b\nc d\n${text}`)], 1, 'documents', DEFAULT_SETTINGS, sizes);
      expect(outcome(words(pieces))).toEqual(outcome(words([])));
    }),
    { numRuns: 500 },
  );
});

test('rows that can’t be read are left out where that is wanted, and counted', () => {
  const settings = { ...DEFAULT_SETTINGS, skipBadRows: true };
  const skipped = (name: string, bytes: Uint8Array) => {
    const loaded = recogniseDataset([{ name, bytes }], 1, 'documents', settings);
    return [loaded.meta.samples.train + loaded.meta.samples.test, loaded.skippedRows];
  };
  expect(skipped('a.ldac', file('', `${LDAC.repeat(8)}3 1:1\n1 x\n`).bytes)).toEqual([24, 2]);
  expect(skipped('d.txt', file('', '3\n5\n6\n1 1 1\n1 4 2\n2 2 5\n9 5 1\n3 5 1\n3 5 1\n').bytes)).toEqual([3, 2]);
  const lines = Array.from({ length: 2_000 }, (_, line) => `one line of number ${line}\n`).join('');
  expect(skipped('t.txt', Uint8Array.of(...file('', lines).bytes, 0xff, 0x41, 10, 0x42))).toEqual([2_001, 1]);
});

test('whatever bytes are, they become documents or are refused by name', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      try {
        const { meta, blocks } = recogniseDataset([{ name: 'f', bytes }], 1, 'documents');
        for (const block of [...blocks.train, ...blocks.test]) checkBlockFits(decodeBlock(encodeBlock(block)), meta);
      } catch (error) {
        expect(error).toBeInstanceOf(BadDataFile);
      }
    }),
    { numRuns: 2_000 },
  );
});

const REUTERS = fileURLToPath(new URL('../../../shared/data/reuters/', import.meta.url));

test.runIf(existsSync(REUTERS))('reuters is 395 documents, 84,010 words, 4,258 different ones', () => {
  const files = ['reuters.ldac', 'reuters.tokens'].map((name) => ({
    name,
    bytes: new Uint8Array(readFileSync(`${REUTERS}${name}`)),
  }));
  const { meta } = recogniseDataset(files, 1);
  if (meta.kind !== 'documents') throw new Error('documents');
  expect(meta.words).toBe(4_258);
  expect(meta.tokens.train + meta.tokens.test).toBe(84_010);
  expect(meta.samples.train + meta.samples.test).toBe(395);
  expect(meta.vocabulary.slice(0, 2)).toEqual(['church', 'pope']);
});
