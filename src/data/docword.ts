// UCI bag of words: three lines with the number of documents, of words and of pairs, then `document word times`, one pair a
// line, both numbered from 1 (UCI machine learning repository, "Bag of Words"). A file that names the words may stand beside it.
import type { BadRowCount } from './bad-rows.ts';
import type { CsvFault } from './csv.ts';
import { BadDataFile, BadLine } from './data-file.ts';
import type { CountedDocument } from './documents.ts';
import { MAX_TOKENS, MAX_VOCABULARY } from './limits.ts';
import { NumberLines } from './number-lines.ts';
import type { FileHead } from './reading.ts';
import { type DocumentsReader, firstLines, type NumberedDocuments, numberedFormat, TokenCount } from './text-lines.ts';

const SNIFF_LINES = 6;
/** Documents in one file: bounds what its first line can make us allocate. */
const MAX_DOCUMENTS = 4_000_000;

function isDocword(file: FileHead): boolean {
  const lines = firstLines(file, SNIFF_LINES);
  if (lines === null || lines.length < 4) return false;
  const header = lines.slice(0, 3).every((line) => /^\s*\d+\s*$/.test(line));
  return header && lines.slice(3).every((line) => /^\s*\d+\s+\d+\s+\d+\s*$/.test(line) || line.trim() === '');
}

export const docword = numberedFormat(
  'UCI bag of words',
  isDocword,
  (file, badRows) => new DocwordReader(file, badRows),
);

/** What the three lines say that a file begins with, and what they may. */
const HEADER = [
  { name: 'the number of documents', most: MAX_DOCUMENTS },
  { name: 'the number of words', most: MAX_VOCABULARY },
  { name: 'the number of pairs', most: MAX_TOKENS },
] as const;
const PAIR = ['a document number', 'a word number', 'how often the word stands there'] as const;

/** Reads one file; a pair that can't be read is a bad row, a number at the beginning is an error. */
export class DocwordReader extends NumberLines implements DocumentsReader {
  private readonly tokens: TokenCount;
  private readonly header: number[] = [];
  private readonly documents = new Map<number, CountedDocument>();
  /** Pairs of a document mostly follow each other: only one is open. */
  private open = { document: 0, counts: new Map<number, number>() };
  private pairs = 0;

  constructor(
    private readonly file: string,
    badRows: BadRowCount,
  ) {
    super(badRows);
    this.tokens = new TokenCount(file);
  }

  finish(): NumberedDocuments {
    const { file, header, pairs } = this;
    const [, words, announced] = header;
    if (words === undefined || announced === undefined) {
      throw new BadDataFile(file, 'truncated', 'the file ends before its three numbers');
    }
    if (pairs !== announced) {
      throw new BadDataFile(file, 'truncated', `announces ${announced} pairs and has ${pairs}`);
    }
    this.close();
    const documents = [...this.documents].sort(([a], [b]) => a - b).map(([, document]) => document);
    if (documents.length === 0) throw new BadDataFile(file, 'empty', 'the file has no documents with words');
    return { documents, words };
  }

  protected readLine(): void {
    if (this.skipSpaces(this.lineStart) === this.lineEnd) return;
    if (this.header.length < HEADER.length) return this.readHeader();
    this.pairs++;
    const fault = this.readPair();
    if (fault !== null) this.badRows.add(fault);
  }

  private readHeader(): void {
    const { name, most } = HEADER[this.header.length] ?? { name: '', most: 0 };
    const numbers = this.readNumbers([name], [most]);
    if ('sentence' in numbers) {
      throw new BadLine(this.file, numbers.line, numbers.column, 'bad-line', numbers.sentence);
    }
    this.header.push(...numbers);
  }

  private readPair(): CsvFault | null {
    const [documents = 0, words = 0] = this.header;
    const numbers = this.readNumbers(PAIR, [documents, words, MAX_TOKENS]);
    if ('sentence' in numbers) return numbers;
    const [document = 0, word = 0, times = 0] = numbers;
    if (document === 0 || word === 0) return this.fault(this.lineStart, 'documents and words are numbered from 1');
    if (document !== this.open.document) this.reopen(document);
    const { counts } = this.open;
    if (counts.has(word - 1)) {
      return this.fault(this.lineStart, `word ${word} of document ${document} stands twice`);
    }
    if (times > 0) counts.set(word - 1, times);
    this.tokens.add(times);
    return null;
  }

  private reopen(document: number): void {
    this.close();
    const known = this.documents.get(document);
    const pairs = Array.from(known?.words ?? [], (word, at): [number, number] => [word, known?.times[at] ?? 0]);
    this.open = { document, counts: new Map(pairs) };
  }

  private close(): void {
    const { document, counts } = this.open;
    const words = Uint32Array.from(counts.keys()).sort();
    if (document > 0) this.documents.set(document, { words, times: words.map((word) => counts.get(word) ?? 0) });
  }

  /** The numbers of the line, named for messages and bounded. */
  private readNumbers(names: readonly string[], most: readonly number[]): number[] | CsvFault {
    const { scanner } = this;
    let at = this.lineStart;
    const numbers: number[] = [];
    for (const [index, what] of names.entries()) {
      at = this.skipSpaces(at);
      const value = scanner.integer(at);
      if (scanner.end === at) return this.fault(at, `expected ${what}, found ${scanner.excerpt(at)}`);
      if (value > (most[index] ?? 0)) {
        return this.fault(at, `${what} is ${value}; at most ${most[index]} is possible`);
      }
      at = scanner.end;
      numbers.push(value);
    }
    at = this.skipSpaces(at);
    if (at === this.lineEnd) return numbers;
    return this.fault(at, `expected the end of the line, found ${scanner.excerpt(at)}`);
  }
}
