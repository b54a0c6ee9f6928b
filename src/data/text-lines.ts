// Text files line by line, as bytes become words: what the readers of documents share.
import { BadDataFile } from './data-file.ts';
import { type Corpus, type CountedDocument, documentsDataset } from './documents.ts';
import { bySplit, datasetName, heldOutRows, type LoadedDataset, type NamedFile } from './file-format.ts';
import { MAX_WORD_LENGTH } from './limits.ts';

/** Bytes looked at to tell one kind of text from another. */
const SNIFF_BYTES = 64 * 1024;

/** The first whole lines of a file, for telling formats apart; null where it is no text (NUL, or not UTF-8). */
export function firstLines({ bytes }: NamedFile, most: number): string[] | null {
  const head = bytes.subarray(0, SNIFF_BYTES);
  if (head.includes(0)) return null;
  const text = decode(head, head.length < bytes.length);
  if (text === null) return null;
  const lines = text.split('\n');
  // The last may be cut.
  if (head.length < bytes.length && lines.length > 1) lines.pop();
  return lines.slice(0, most).map((line) => line.replace(/\r$/, ''));
}

function decode(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    // A cut may go through a character: what is missing is waited for, not refused.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

/** All of a file as lines. @throws BadDataFile where it isn't UTF-8 */
export function linesOf({ name, bytes }: NamedFile): string[] {
  const text = decode(bytes, false);
  if (text === null) throw new BadDataFile(name, 'wrong-type', 'not UTF-8 text: save it as UTF-8');
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

export const clipWord = (word: string): string => word.slice(0, MAX_WORD_LENGTH);

/** Documents of one file, whose words are numbers. */
export interface NumberedDocuments {
  readonly documents: readonly CountedDocument[];
  /** Largest word number plus one. */
  readonly words: number;
}

/**
 * A dataset of files whose words are numbers, with a file that names them (a word a line) where there is one: the one
 * among the others with "vocab", "word", "term" or "token" in its name, else the one with a line for each word.
 * @throws BadDataFile
 */
export function numberedCorpus(
  files: readonly NamedFile[],
  isDocuments: (file: NamedFile) => boolean,
  format: string,
  parse: (file: NamedFile) => NumberedDocuments,
  seed: number,
): LoadedDataset {
  const named = bySplit(files.filter(isDocuments), format);
  const train = parse(named.train);
  const test = named.test === null ? null : parse(named.test);
  const needed = Math.max(train.words, test?.words ?? 0);
  const vocabulary = vocabularyFor(
    files.filter((file) => !isDocuments(file)),
    needed,
  );
  const words = Math.max(needed, vocabulary.length);
  return corpusDataset(
    { name: datasetName(named.train.name), words, vocabulary, isText: false, picture: [] },
    train.documents,
    test?.documents ?? null,
    seed,
  );
}

function vocabularyFor(others: readonly NamedFile[], needed: number): string[] {
  if (others.length === 0) return [];
  const lists = others.map((file) => ({ file, lines: linesOf(file) }));
  const chosen =
    lists.find(({ file }) => /vocab|word|term|token/i.test(file.name)) ??
    lists.find(({ lines }) => lines.length === needed);
  if (chosen === undefined) return [];
  const { file, lines } = chosen;
  if (lines.length >= needed) return lines.map((line) => clipWord(line.trim()));
  const sentence = `has ${lines.length} words, but the documents use ${needed}: one word a line, in their order`;
  throw new BadDataFile(file.name, 'counts-differ', sentence);
}

/** A dataset of documents; without test documents some are held out. */
export function corpusDataset(
  what: Omit<Corpus, 'documents'>,
  train: readonly CountedDocument[],
  test: readonly CountedDocument[] | null,
  seed: number,
): LoadedDataset {
  if (test !== null) return documentsDataset({ ...what, documents: { train, test } });
  const rows = heldOutRows(what.name, train.length, seed);
  const pick = (list: Uint32Array) =>
    Array.from(list, (row) => train[row]).filter((document) => document !== undefined);
  return documentsDataset({ ...what, documents: { train: pick(rows.train), test: pick(rows.test) } });
}
