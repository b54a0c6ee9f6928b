// LDA-C: `different-words word:times word:times …`, one document a line (Blei's lda-c, readme). Words count from 0; a file
// that names them, one a line, may stand beside it.
import { BadDataFile, BadLine } from './data-file.ts';
import type { CountedDocument } from './documents.ts';
import type { FileFormat, NamedFile } from './file-format.ts';
import { MAX_TOKENS, MAX_VOCABULARY } from './limits.ts';
import { isSpace, NumberScanner } from './number-scanner.ts';
import { firstLines, type NumberedDocuments, numberedCorpus } from './text-lines.ts';

const NEWLINE = 10;
const COLON = 58;
/** Lines that must all look like it. */
const SNIFF_LINES = 20;

/** libsvm's labels, which stand in the same place, are at most this here. */
const MAX_LIBSVM_LABEL = 2;

/** Whether every one of the first lines begins with the number of its pairs, and some with more than a label could be. */
function isLdac(file: NamedFile): boolean {
  const lines = firstLines(file, SNIFF_LINES)?.filter((line) => line.trim() !== '') ?? [];
  if (lines.length === 0) return false;
  const counts = lines.map((line) => {
    if (!/^\s*\d+(\s+\d+:\d+)*\s*$/.test(line)) return -1;
    const [count, ...pairs] = line.trim().split(/\s+/);
    return Number(count) === pairs.length ? pairs.length : -1;
  });
  return !counts.includes(-1) && counts.some((count) => count > MAX_LIBSVM_LABEL);
}

export const ldac: FileFormat = {
  name: 'LDA-C',
  kind: 'documents',
  isDistinctive: true,
  detect: (files) => files.some(isLdac) && files.every((file) => isLdac(file) || firstLines(file, 1) !== null),
  load: (files, seed) => numberedCorpus(files, isLdac, 'LDA-C', parseLdac, seed),
};

/** @throws BadLine with line and column, BadDataFile for a file without documents */
export function parseLdac({ name, bytes }: NamedFile): NumberedDocuments {
  const documents: CountedDocument[] = [];
  let words = 0;
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const document = parseLine(name, bytes, start, end, line);
    if (document !== null) {
      documents.push(document);
      for (const word of document.words) if (word >= words) words = word + 1;
    }
    start = end + 1;
  }
  if (documents.length === 0 || words === 0)
    throw new BadDataFile(name, 'empty', 'the file has no documents with words');
  return { documents, words };
}

/** The document of one line; null for a blank one. */
function parseLine(file: string, bytes: Uint8Array, start: number, end: number, line: number): CountedDocument | null {
  const scanner = new NumberScanner(bytes);
  const fault = (at: number, sentence: string) => new BadLine(file, line, at - start + 1, 'bad-line', sentence);
  const skip = (from: number): number => {
    let at = from;
    while (at < end && isSpace(bytes[at])) at++;
    return at;
  };
  const whole = (at: number, what: string, most: number): number => {
    const value = scanner.integer(at);
    if (scanner.end === at) throw fault(at, `expected ${what}, found ${scanner.excerpt(at)}`);
    if (value > most) throw fault(at, `${what} is ${value}; at most ${most} is possible`);
    return value;
  };
  let at = skip(start);
  if (at === end) return null;
  const announced = whole(at, 'the number of different words', MAX_VOCABULARY);
  const counts = new Map<number, number>();
  for (at = skip(scanner.end); at < end; at = skip(scanner.end)) {
    const wordAt = at;
    const word = whole(at, 'a word number', MAX_VOCABULARY - 1);
    if (bytes[scanner.end] !== COLON) throw fault(at, `expected word:times, found ${scanner.excerpt(at)}`);
    const times = whole(scanner.end + 1, 'how often the word stands there', MAX_TOKENS);
    if (scanner.end < end && !isSpace(bytes[scanner.end])) {
      throw fault(scanner.end, `expected a space, found ${scanner.excerpt(scanner.end)}`);
    }
    if (counts.has(word)) throw fault(wordAt, `word ${word} stands twice in this document: add its counts up`);
    counts.set(word, times);
  }
  if (counts.size !== announced) {
    throw fault(start, `the line announces ${announced} different words and has ${counts.size}`);
  }
  const words = Uint32Array.from(counts.keys()).sort();
  const document = { words, times: words.map((word) => counts.get(word) ?? 0) };
  // A word that stands there zero times doesn't.
  const kept = words.filter((word) => (counts.get(word) ?? 0) > 0);
  return kept.length === words.length ? document : { words: kept, times: kept.map((word) => counts.get(word) ?? 0) };
}
