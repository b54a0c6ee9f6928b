import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBlock } from './blocks.ts';
import { BadDataFile, BadLine } from './data-file.ts';
import type { Block, DatasetMeta } from './dataset.ts';
import { DEFAULT_SETTINGS } from './file-format.ts';
import { isTested, sumsGenerator } from './generators/sums.ts';
import { decodeManifest, encodeManifest, entryOf } from './manifest.ts';
import { loadAs, recogniseDataset, type TestFile } from './recognise.testing.ts';
import { textFormat } from './text.ts';
import { firstBadByte } from './utf8.ts';

const file = (text: string | Uint8Array, name = 'poem.txt') => {
  return { name, bytes: typeof text === 'string' ? new TextEncoder().encode(text) : text };
};

const textDataset = (files: readonly TestFile[]) => loadAs(textFormat, files);

function read(block: Block | undefined, { vocabulary }: { vocabulary: readonly string[] }, row: number): string {
  if (block?.kind !== 'dense') throw new Error('text is dense');
  const { x, features } = block;
  return Array.from(x.slice(row * features, (row + 1) * features), (number) => vocabulary[number]).join('');
}

function textMeta(meta: DatasetMeta) {
  if (meta.kind !== 'text') throw new Error(`data of kind ${meta.kind}`);
  return meta;
}

describe('a text', () => {
  const text = Array.from({ length: 700 }, (_, line) => `Line ${line}: größer als 🙂\r\n`).join('');
  const plain = [...text.replaceAll('\r\n', '\n')];
  const { meta, blocks } = textDataset([file(text)]);

  test('becomes rows of 129 characters, one every 64, the last tenth for testing', () => {
    const cut = Math.floor(plain.length * 0.9);
    expect(meta).toMatchObject({ kind: 'text', features: 129, answersAfter: null });
    expect(meta.samples).toEqual({
      train: Math.floor((cut - 129) / 64) + 1,
      test: Math.floor((plain.length - cut - 129) / 64) + 1,
    });
    expect(read(blocks.train[0], textMeta(meta), 0)).toBe(plain.slice(0, 129).join(''));
    expect(read(blocks.train[0], textMeta(meta), 3)).toBe(plain.slice(192, 321).join(''));
    expect(read(blocks.test[0], textMeta(meta), 0)).toBe(plain.slice(cut, cut + 129).join(''));
  });

  test('has the vocabulary of its characters, in order', () => {
    const characters = [...new Set(plain)].toSorted((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
    expect(textMeta(meta).vocabulary).toEqual(characters);
    expect(textMeta(meta).classes).toBe(characters.length);
  });

  test('travels by manifest', () => {
    const entries = (list: readonly Block[]) => list.map((block) => entryOf(block, encodeBlock(block)));
    const manifest = { meta, blocks: { train: entries(blocks.train), test: entries(blocks.test) } };
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  test('is recognised where text is wanted', () => {
    expect(recogniseDataset([file(text)], 1, 'text').meta.kind).toBe('text');
  });
});

test('a file for testing is taken whole; characters that were not learnt become the other', () => {
  const learnt = file('abc '.repeat(100), 'train.txt');
  const held = file('abX '.repeat(40), 'test.txt');
  const { meta, blocks } = textDataset([learnt, held]);
  expect(meta.samples).toEqual({ train: 5, test: 1 });
  expect(read(blocks.test[0], textMeta(meta), 0)).toBe('ab  '.repeat(33).slice(0, 129));
});

test('of more than 256 different characters the rarest become one', () => {
  const many = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(0x4e00 + i).repeat(400 - i)).join('');
  const { vocabulary, classes } = textMeta(textDataset([file(many)]).meta);
  expect(classes).toBe(256);
  expect(vocabulary.at(-1)).toBe('\uFFFD');
  expect(vocabulary[254]).toBe(String.fromCodePoint(0x4e00 + 254));
});

describe('says what is wrong', () => {
  test('with line and column of the first byte that is not UTF-8', () => {
    const bytes = new TextEncoder().encode('first\nsecond line\n');
    bytes[8] = 0xff;
    expect(() => textDataset([file(bytes)])).toThrow(BadLine);
    expect(() => textDataset([file(bytes)])).toThrow('poem.txt: line 2, column 3: not UTF-8');
  });

  test('and leaves lines out that are not UTF-8, where that is wanted', () => {
    const lines = `${'good line\n'.repeat(200)}bad \n`.repeat(2);
    const bytes = new TextEncoder().encode(lines);
    for (const at of [2_004, 4_009]) bytes[at - 1] = 0xff;
    const { meta, skippedRows } = loadAs(textFormat, [file(bytes)], { ...DEFAULT_SETTINGS, skipBadRows: true });
    expect([textMeta(meta).vocabulary.includes('b'), skippedRows]).toEqual([false, 2]);
  });

  test('with a text that is too short or says one thing only', () => {
    expect(() => textDataset([file('short')])).toThrow('too little text');
    expect(() => textDataset([file('a'.repeat(5_000))])).toThrow('one character over and over');
  });

  test('and nothing else, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), (bytes, isText) => {
        const input = isText ? bytes.map((byte) => byte & 0x7f) : bytes;
        try {
          expect(textDataset([file(input)]).meta.kind).toBe('text');
        } catch (error) {
          expect(error).toBeInstanceOf(BadDataFile);
        }
      }),
    );
  });
});

test('the first byte that is no UTF-8 is where a fatal decoder stops', () => {
  const isFine = (bytes: Uint8Array) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const pieces = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3 }).map((text) => [...new TextEncoder().encode(text)]),
    fc.array(
      fc.constantFrom(0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xf5, 0xff),
      {
        maxLength: 4,
      },
    ),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 5 }), (parts) => {
      const bytes = Uint8Array.from(parts.flat());
      const bad = firstBadByte(bytes);
      expect(bad === -1).toBe(isFine(bytes));
      if (bad !== -1) expect(isFine(bytes.subarray(0, bad))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

describe('sums', () => {
  const generator = sumsGenerator(7, { train: 600, test: 300 });
  const lines = (split: 'train' | 'test') =>
    generator.blockSamples[split].flatMap((count, index) => {
      const block = generator.block(split, index);
      const row = (at: number) => read(block, textMeta(generator.meta), at).split('\n').slice(0, -1);
      return Array.from({ length: count }, (_, at) => row(at)).flat();
    });

  test('are right, and begin every row', () => {
    for (const line of [...lines('train'), ...lines('test')]) {
      const [, a, b, sum] = /^(\d{1,2})\+(\d{1,2})=(\d{1,3})$/.exec(line) ?? [];
      expect(Number(a) + Number(b)).toBe(Number(sum));
    }
  });

  test('that are tested are never among those learnt', () => {
    const [learnt, tested] = [new Set(lines('train')), new Set(lines('test'))];
    expect([...tested].filter((line) => learnt.has(line))).toEqual([]);
    expect(tested.size).toBeGreaterThan(800);
    const share = Array.from({ length: 10_000 }, (_, i) => isTested(7, i % 100, Math.floor(i / 100))).filter(
      Boolean,
    ).length;
    expect(share).toBeGreaterThan(850);
    expect(share).toBeLessThan(1_150);
  });
});
