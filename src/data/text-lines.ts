// Text files line by line, as bytes become words: what the readers of documents share.
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { type Corpus, type CountedDocument, documentsDataset } from './documents.ts';
import {
  bySplit,
  datasetName,
  emitAll,
  type FileFormat,
  heldOutRows,
  type Loaded,
  type LoadedDataset,
  type LoadSettings,
} from './file-format.ts';
import { MAX_TOKENS, MAX_VOCABULARY, MAX_WORD_LENGTH } from './limits.ts';
import { type Asking, type ByteSink, type Emit, type FileHead, readWhole } from './reading.ts';
import { firstBadByte } from './utf8.ts';

/** Bytes looked at to tell one kind of text from another. */
const SNIFF_BYTES = 64 * 1024;

/** A list of words, one a line. */
const MAX_LIST_BYTES = MAX_VOCABULARY * (4 * MAX_WORD_LENGTH + 2);

/** Share of the first lines that may be no UTF-8 in a text: bad rows, which are told of when they are read. */
const MAX_ODD_SHARE = 0.1;
/** Stands where bytes are no UTF-8. */
const NO_CHARACTER = '\uFFFD';

/** The first whole lines of a file, for telling formats apart; null where it is no text (NUL, or mostly not UTF-8). */
export function firstLines({ head }: FileHead, most: number): string[] | null {
  const start = head.subarray(0, SNIFF_BYTES);
  if (start.includes(0)) return null;
  const isCut = start.length < head.length;
  // A cut may go through a character: what is missing is waited for, not refused.
  const lines = new TextDecoder().decode(start, { stream: isCut }).split('\n');
  // The last may be cut.
  if (isCut && lines.length > 1) lines.pop();
  const good = lines.filter((line) => !line.includes(NO_CHARACTER));
  if (lines.length - good.length > MAX_ODD_SHARE * lines.length) return null;
  return good.slice(0, most).map((line) => line.replace(/\r$/, ''));
}

/** All of a list as lines. @throws BadDataFile where it isn't UTF-8, or is too long for a list of words */
function* linesOf(file: FileHead): Asking<string[]> {
  const bytes = yield* readWhole(file, MAX_LIST_BYTES);
  if (firstBadByte(bytes) !== -1) throw new BadDataFile(file.name, 'wrong-type', 'not UTF-8 text: save it as UTF-8');
  const lines = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
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

/** How documents are read and split. */
export type CorpusSettings = Pick<LoadSettings, 'skipBadRows' | 'isStream'> & { readonly seed: number };

/** Reads the documents of one file. */
export interface DocumentsReader extends ByteSink {
  /** After the end. @throws BadDataFile, BadRows */
  finish(): NumberedDocuments;
}

/**
 * A format of documents whose words are numbers, beside which a file may name them.
 * @param open a reader of one file
 */
export const numberedFormat = (
  name: string,
  isDocuments: (file: FileHead) => boolean,
  open: (file: string, badRows: BadRowCount) => DocumentsReader,
): FileFormat => ({
  name,
  kind: 'documents',
  isDistinctive: true,
  detect: (files) =>
    files.some(isDocuments) && files.every((file) => isDocuments(file) || firstLines(file, 1) !== null),
  load: (files, seed, settings, emit) => numberedCorpus(files, isDocuments, name, open, { ...settings, seed }, emit),
});

/**
 * A dataset of files whose words are numbers, with a file that names them (a word a line) where there is one: the one
 * among the others with "vocab", "word", "term" or "token" in its name, else the one with a line for each word.
 * @throws BadDataFile
 */
function* numberedCorpus(
  files: readonly FileHead[],
  isDocuments: (file: FileHead) => boolean,
  format: string,
  open: (file: string, badRows: BadRowCount) => DocumentsReader,
  { seed, skipBadRows, isStream = false }: CorpusSettings,
  emit: Emit,
): Asking<Loaded> {
  const named = bySplit(files.filter(isDocuments), format);
  let skippedRows = 0;
  function* read(file: FileHead): Asking<NumberedDocuments> {
    const badRows = new BadRowCount(file.name, skipBadRows);
    const into = open(file.name, badRows);
    yield { file, into, doing: 'Reading' };
    badRows.finish();
    skippedRows += badRows.rows;
    return into.finish();
  }
  const train = yield* read(named.train);
  const test = named.test === null ? null : yield* read(named.test);
  const needed = Math.max(train.words, test?.words ?? 0);
  const others = files.filter((file) => !isDocuments(file));
  const vocabulary = yield* vocabularyFor(others, needed);
  const words = Math.max(needed, vocabulary.length);
  const what = { name: datasetName(named.train.name), words, vocabulary, isText: false, picture: [] };
  const loaded = corpusDataset(what, train.documents, test?.documents ?? null, isStream ? null : seed);
  return { ...emitAll(loaded, emit), skippedRows };
}

function* vocabularyFor(others: readonly FileHead[], needed: number): Asking<string[]> {
  const lists: { file: FileHead; lines: string[] }[] = [];
  for (const file of others) lists.push({ file, lines: yield* linesOf(file) });
  const chosen =
    lists.find(({ file }) => /vocab|word|term|token/i.test(file.name)) ??
    lists.find(({ lines }) => lines.length === needed);
  if (chosen === undefined) return [];
  const { file, lines } = chosen;
  if (lines.length >= needed) return lines.map((line) => clipWord(line.trim()));
  const sentence = `has ${lines.length} words, but the documents use ${needed}: one word a line, in their order`;
  throw new BadDataFile(file.name, 'counts-differ', sentence);
}

/** Adds up the words of documents. @throws BadDataFile as soon as there are more than can be counted */
export class TokenCount {
  private tokens = 0;

  constructor(private readonly file: string) {}

  add(tokens: number): void {
    this.tokens += tokens;
    if (this.tokens <= MAX_TOKENS) return;
    throw new BadDataFile(this.file, 'too-large', `over ${MAX_TOKENS} words: no more can be counted; use fewer`);
  }
}

/** Of a stream all is counted; so much of it is looked at to see how well. */
const LOOKED_AT = 6;

/** A dataset of documents; without test documents some are held out by `seed`, or looked at twice where that is null. */
export function corpusDataset(
  what: Omit<Corpus, 'documents'>,
  train: readonly CountedDocument[],
  test: readonly CountedDocument[] | null,
  seed: number | null,
): LoadedDataset {
  const dataset = (documents: Corpus['documents']) => documentsDataset({ ...what, documents });
  if (test !== null) return dataset({ train, test });
  if (seed === null) return dataset({ train, test: train.filter((_, index) => index % LOOKED_AT === 0) });
  const rows = heldOutRows(what.name, train.length, seed);
  const pick = (list: Uint32Array) =>
    Array.from(list, (row) => train[row]).filter((document) => document !== undefined);
  return dataset({ train: pick(rows.train), test: pick(rows.test) });
}
