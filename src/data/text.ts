// Any UTF-8 text as rows of characters: numbers of a vocabulary that is the text's own, overlapping rows, the end held out.
import { BadDataFile, BadLine } from './data-file.ts';
import type { DenseBlock, Split } from './dataset.ts';
import { assemble, bySplit, datasetName, type FileFormat, type LoadedDataset, type NamedFile } from './file-format.ts';
import { MAX_CHARACTERS, MAX_TEXT_BYTES, TEXT_STRIDE, TEXT_WINDOW } from './limits.ts';

/** The end of a text is for testing where no file is: other parts of it would be half known. */
const HELD_OUT = 0.1;
/** Stands for the rarest characters, where a text has more than MAX_CHARACTERS. */
const OTHER = '\uFFFD';
/** Bytes looked at to tell text from other things. */
const DETECT_BYTES = 64 * 1024;

export const textFormat: FileFormat = {
  name: 'text',
  kind: 'text',
  isDistinctive: false,
  detect: (files) => files.every(({ bytes }) => looksLikeText(bytes)),
  load: (files) => textDataset(files),
};

/** UTF-8 without zero bytes, as far as its beginning shows, and enough of it to hold some out. */
function looksLikeText(bytes: Uint8Array): boolean {
  if (bytes.length * HELD_OUT < TEXT_WINDOW + 1) return false;
  const start = bytes.subarray(0, DETECT_BYTES);
  if (start.includes(0)) return false;
  const bad = firstBadByte(start);
  // The last character may be cut off.
  return bad === -1 || (bytes.length > start.length && bad >= start.length - 3);
}

/** @throws BadDataFile, BadLine */
export function textDataset(files: readonly NamedFile[]): LoadedDataset {
  const { train, test } = bySplit(files, 'text');
  const whole = readText(train);
  const cut = test === null ? Math.floor(whole.length * (1 - HELD_OUT)) : whole.length;
  const [learnt, held] = [whole.slice(0, cut), test === null ? whole.slice(cut) : readText(test)];
  const vocabulary = vocabularyOf(learnt);
  const splits = { train: rowsOf(train.name, learnt, vocabulary), test: rowsOf(train.name, held, vocabulary) };
  return assemble(splits, (samples: Record<Split, number>) => ({
    kind: 'text',
    name: datasetName(train.name),
    samples,
    features: TEXT_WINDOW + 1,
    classes: vocabulary.length,
    vocabulary,
    answersAfter: null,
  }));
}

/** Characters of a file, line ends as \n. */
function readText({ name, bytes }: NamedFile): string[] {
  if (bytes.byteLength > MAX_TEXT_BYTES) {
    const megabytes = Math.round(MAX_TEXT_BYTES / 2 ** 20);
    throw new BadDataFile(name, 'too-large', `over ${megabytes} MB of text: use a part of it`);
  }
  const bad = firstBadByte(bytes);
  if (bad !== -1) {
    const before = bytes.subarray(0, bad);
    const line = before.reduce((lines, byte) => lines + Number(byte === 10), 1);
    throw new BadLine(name, line, bad - before.lastIndexOf(10), 'bad-line', 'not UTF-8: save the file as UTF-8 text');
  }
  return [...new TextDecoder().decode(bytes).replaceAll(/\r\n?/g, '\n')];
}

/** The different characters, by code point; beyond MAX_CHARACTERS the rarest become one. */
function vocabularyOf(characters: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  const byCodePoint = (a: string, b: string) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
  if (counts.size <= MAX_CHARACTERS) return [...counts.keys()].toSorted(byCodePoint);
  counts.delete(OTHER);
  const frequent = [...counts].toSorted(([a, x], [b, y]) => y - x || byCodePoint(a, b)).slice(0, MAX_CHARACTERS - 1);
  return [...frequent.map(([character]) => character), OTHER].toSorted(byCodePoint);
}

/** Rows of TEXT_WINDOW + 1 characters, one every TEXT_STRIDE. Characters that are not in the vocabulary become the other. */
function rowsOf(file: string, characters: readonly string[], vocabulary: readonly string[]): DenseBlock {
  const features = TEXT_WINDOW + 1;
  const count = Math.floor((characters.length - features) / TEXT_STRIDE) + 1;
  if (count < 1) {
    const advice = `${features} characters at least to train on, and as many to test on`;
    throw new BadDataFile(file, 'too-few', `too little text (${characters.length} characters): it takes ${advice}`);
  }
  if (vocabulary.length < 2) throw new BadDataFile(file, 'one-class', 'one character over and over: nothing to learn');
  const numbers = new Map(vocabulary.map((character, number) => [character, number]));
  const other = numbers.get(OTHER) ?? numbers.get(' ') ?? 0;
  const text = Uint8Array.from(characters, (character) => numbers.get(character) ?? other);
  const x = new Uint8Array(count * features);
  for (let row = 0; row < count; row++) {
    x.set(text.subarray(row * TEXT_STRIDE, row * TEXT_STRIDE + features), row * features);
  }
  return { kind: 'dense', count, features, x, y: new Uint32Array(count) };
}

/** Place of the first byte that is no UTF-8 (RFC 3629, section 4), or −1. */
export function firstBadByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

/** Bytes of the character at `at`; 0 where there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (let i = 1; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] as number;
  // Overlong forms, surrogates, and what is beyond U+10FFFF.
  const [low, high] = first === 0xe0 ? [0xa0, 0xbf] : first === 0xed ? [0x80, 0x9f] : [0x80, 0xbf];
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return second < low || second > high ? 0 : length;
}
