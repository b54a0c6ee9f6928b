// Any UTF-8 text as rows of characters: numbers of a vocabulary that is the text's own, overlapping rows, the end held out.
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import type { DenseBlock, Split } from './dataset.ts';
import {
  assemble,
  bySplit,
  datasetName,
  emitAll,
  type FileFormat,
  type Loaded,
  type LoadSettings,
} from './file-format.ts';
import { MAX_CHARACTERS, MAX_TEXT_BYTES, TEXT_STRIDE, TEXT_WINDOW } from './limits.ts';
import { type Asking, type Emit, type FileHead, readWhole } from './reading.ts';
import { firstLines } from './text-lines.ts';
import { firstBadByte } from './utf8.ts';

const NEWLINE = 10;

/** The end of a text is for testing where no file is: other parts of it would be half known. */
const HELD_OUT = 0.1;
/** Stands for the rarest characters, where a text has more than MAX_CHARACTERS. */
const OTHER = '\uFFFD';

export const textFormat: FileFormat = {
  name: 'text',
  kind: 'text',
  isDistinctive: false,
  detect: (files) => files.every(({ head }) => looksLikeText(head)),
  load: loadText,
};

/** Text, as far as its beginning shows, and enough of it to hold some out. */
function looksLikeText(head: Uint8Array): boolean {
  if (head.length * HELD_OUT < TEXT_WINDOW + 1) return false;
  return firstLines({ name: '', head }, 1) !== null;
}

function* loadText(files: readonly FileHead[], _seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const { train, test } = bySplit(files, 'text');
  let skippedRows = 0;
  function* read(file: FileHead): Asking<string[]> {
    const badRows = new BadRowCount(file.name, settings.skipBadRows);
    const text = charactersOf(yield* readWhole(file, MAX_TEXT_BYTES), badRows);
    badRows.finish();
    skippedRows += badRows.rows;
    return text;
  }
  const whole = yield* read(train);
  const cut = test === null ? Math.floor(whole.length * (1 - HELD_OUT)) : whole.length;
  const [learnt, held] = [whole.slice(0, cut), test === null ? whole.slice(cut) : yield* read(test)];
  const vocabulary = vocabularyOf(learnt);
  const splits = { train: rowsOf(train.name, learnt, vocabulary), test: rowsOf(train.name, held, vocabulary) };
  const loaded = assemble(splits, (samples: Record<Split, number>) => ({
    kind: 'text',
    name: datasetName(train.name),
    samples,
    features: TEXT_WINDOW + 1,
    classes: vocabulary.length,
    vocabulary,
    answersAfter: null,
  }));
  return { ...emitAll(loaded, emit), skippedRows };
}

/** Characters of a file, line ends as \n; lines that aren't UTF-8 are bad rows, and left out. */
function charactersOf(bytes: Uint8Array, badRows: BadRowCount): string[] {
  const good: Uint8Array[] = [];
  for (let [start, line] = [0, 1]; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const own = bytes.subarray(start, newline === -1 ? bytes.length : newline + 1);
    const bad = firstBadByte(own);
    if (bad === -1) good.push(own);
    else badRows.add({ line, column: bad + 1, sentence: 'not UTF-8: save the file as UTF-8 text' });
    start += own.length;
  }
  const decoder = new TextDecoder();
  const text = badRows.rows === 0 ? decoder.decode(bytes) : good.map((own) => decoder.decode(own)).join('');
  return [...text.replaceAll(/\r\n?/g, '\n')];
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
