// UCI bag of words: three lines with the number of documents, of words and of pairs, then `document word times`, one pair a
// line, both numbered from 1 (UCI machine learning repository, "Bag of Words"). A file that names the words may stand beside it.
import { BadDataFile, BadLine } from './data-file.ts';
import type { CountedDocument } from './documents.ts';
import type { FileFormat, NamedFile } from './file-format.ts';
import { MAX_TOKENS, MAX_VOCABULARY } from './limits.ts';
import { isSpace, NumberScanner } from './number-scanner.ts';
import { firstLines, type NumberedDocuments, numberedCorpus } from './text-lines.ts';

const NEWLINE = 10;
const SNIFF_LINES = 6;
/** Documents in one file: bounds what its first line can make us allocate. */
const MAX_DOCUMENTS = 4_000_000;

function isDocword(file: NamedFile): boolean {
  const lines = firstLines(file, SNIFF_LINES);
  if (lines === null || lines.length < 4) return false;
  const header = lines.slice(0, 3).every((line) => /^\s*\d+\s*$/.test(line));
  return header && lines.slice(3).every((line) => /^\s*\d+\s+\d+\s+\d+\s*$/.test(line) || line.trim() === '');
}

export const docword: FileFormat = {
  name: 'UCI bag of words',
  kind: 'documents',
  isDistinctive: true,
  detect: (files) => files.some(isDocword) && files.every((file) => isDocword(file) || firstLines(file, 1) !== null),
  load: (files, seed) => numberedCorpus(files, isDocword, 'UCI bag of words', parseDocword, seed),
};

/** @throws BadLine with line and column, BadDataFile for a file without documents */
export function parseDocword({ name, bytes }: NamedFile): NumberedDocuments {
  const reader = new IntegerLines(name, bytes);
  const [documents] = reader.next(['the number of documents'], [MAX_DOCUMENTS]);
  const [words] = reader.next(['the number of words'], [MAX_VOCABULARY]);
  const [pairs] = reader.next(['the number of pairs'], [MAX_TOKENS]);
  if (documents === undefined || words === undefined || pairs === undefined) {
    throw new BadDataFile(name, 'truncated', 'the file ends before its three numbers');
  }
  const all = new Map<number, Map<number, number>>();
  let found = 0;
  for (; ; found++) {
    const [document, word, times] = reader.next(
      ['a document number', 'a word number', 'how often the word stands there'],
      [documents, words, MAX_TOKENS],
    );
    if (document === undefined || word === undefined || times === undefined) break;
    if (document === 0 || word === 0) throw reader.faultOfLine('documents and words are numbered from 1');
    const counts = all.get(document) ?? new Map<number, number>();
    all.set(document, counts);
    if (counts.has(word - 1)) throw reader.faultOfLine(`word ${word} of document ${document} stands twice`);
    if (times > 0) counts.set(word - 1, times);
  }
  if (found !== pairs) throw new BadDataFile(name, 'truncated', `announces ${pairs} pairs and has ${found}`);
  if (found === 0) throw new BadDataFile(name, 'empty', 'the file has no documents with words');
  const inOrder = [...all].sort(([a], [b]) => a - b).map(([, counts]) => counts);
  return { documents: inOrder.map(countedDocument), words };
}

function countedDocument(counts: ReadonlyMap<number, number>): CountedDocument {
  const words = Uint32Array.from(counts.keys()).sort();
  return { words, times: words.map((word) => counts.get(word) ?? 0) };
}

/** Lines of whole numbers; blank ones are skipped. */
class IntegerLines {
  private readonly scanner: NumberScanner;
  private at = 0;
  private line = 0;
  private lineStart = 0;

  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
  ) {
    this.scanner = new NumberScanner(bytes);
  }

  /** The numbers of the next line, named for messages and bounded; empty at the end of the file. @throws BadLine */
  next(names: readonly string[], most: readonly number[]): number[] {
    if (!this.skipBlankLines()) return [];
    const numbers = names.map((what, index) => {
      this.skipSpaces();
      const value = this.scanner.integer(this.at);
      if (this.scanner.end === this.at) throw this.fault(`expected ${what}, found ${this.scanner.excerpt(this.at)}`);
      if (value > (most[index] ?? 0)) throw this.fault(`${what} is ${value}; at most ${most[index]} is possible`);
      this.at = this.scanner.end;
      return value;
    });
    this.skipSpaces();
    if (this.at < this.bytes.length && this.bytes[this.at] !== NEWLINE) {
      throw this.fault(`expected the end of the line, found ${this.scanner.excerpt(this.at)}`);
    }
    this.at++;
    return numbers;
  }

  /** What is wrong with the line that was read last. */
  faultOfLine(sentence: string): BadLine {
    return new BadLine(this.file, this.line, 1, 'bad-line', sentence);
  }

  private fault(sentence: string): BadLine {
    const column = Math.max(1, this.at - this.lineStart + 1);
    return new BadLine(this.file, this.line, column, 'bad-line', sentence);
  }

  /** @returns false at the end of the file */
  private skipBlankLines(): boolean {
    for (;;) {
      this.line++;
      this.lineStart = this.at;
      this.skipSpaces();
      if (this.at >= this.bytes.length) return false;
      if (this.bytes[this.at] !== NEWLINE) return true;
      this.at++;
    }
  }

  private skipSpaces(): void {
    while (isSpace(this.bytes[this.at])) this.at++;
  }
}
