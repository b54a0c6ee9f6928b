// LDA-C: `different-words word:times word:times …`, one document a line (Blei's lda-c, readme). Words count from 0; a file
// that names them, one a line, may stand beside it.
import type { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import type { CountedDocument } from './documents.ts';
import { MAX_TOKENS, MAX_VOCABULARY } from './limits.ts';
import { NumberLines } from './number-lines.ts';
import { isSpace } from './number-scanner.ts';
import type { FileHead } from './reading.ts';
import { type DocumentsReader, firstLines, type NumberedDocuments, numberedFormat, TokenCount } from './text-lines.ts';

const COLON = 58;
/** Lines that must look like it, but for a bad row or two. */
const SNIFF_LINES = 20;
const MAX_ODD_SHARE = 0.1;

/** libsvm's labels, which stand in the same place, are at most this here. */
const MAX_LIBSVM_LABEL = 2;

/** Whether the first lines begin with the number of their pairs, and some with more than a label could be. */
function isLdac(file: FileHead): boolean {
  const lines = firstLines(file, SNIFF_LINES)?.filter((line) => line.trim() !== '') ?? [];
  if (lines.length === 0) return false;
  const counts = lines.map((line) => {
    if (!/^\s*\d+(\s+\d+:\d+)*\s*$/.test(line)) return -1;
    const [count, ...pairs] = line.trim().split(/\s+/);
    return Number(count) === pairs.length ? pairs.length : -1;
  });
  const odd = counts.filter((count) => count === -1).length;
  return odd <= MAX_ODD_SHARE * lines.length && counts.some((count) => count > MAX_LIBSVM_LABEL);
}

export const ldac = numberedFormat('LDA-C', isLdac, (file, badRows) => new LdacReader(file, badRows));

/** Reads one file; a line that can't be read is a bad row. */
export class LdacReader extends NumberLines implements DocumentsReader {
  private readonly documents: CountedDocument[] = [];
  private readonly tokens: TokenCount;
  private words = 0;

  constructor(
    private readonly file: string,
    badRows: BadRowCount,
  ) {
    super(badRows);
    this.tokens = new TokenCount(file);
  }

  finish(): NumberedDocuments {
    const { documents, words } = this;
    if (documents.length === 0 || words === 0) {
      throw new BadDataFile(this.file, 'empty', 'the file has no documents with words');
    }
    return { documents, words };
  }

  protected readLine(): void {
    const at = this.skipSpaces(this.lineStart);
    if (at === this.lineEnd) return;
    const counts = this.readDocument(at);
    if (counts !== null) this.add(counts);
  }

  private add(counts: ReadonlyMap<number, number>): void {
    // A word that stands there zero times doesn't.
    const words = Uint32Array.from(counts.keys())
      .filter((word) => (counts.get(word) ?? 0) > 0)
      .sort();
    const times = words.map((word) => counts.get(word) ?? 0);
    this.tokens.add(times.reduce((sum, count) => sum + count, 0));
    this.documents.push({ words, times });
    this.words = Math.max(this.words, (words.at(-1) ?? -1) + 1);
  }

  /** How often each word stands in the line's document; null where it can't be read. */
  private readDocument(start: number): Map<number, number> | null {
    const { bytes, scanner, lineEnd: end } = this;
    const announced = this.whole(start, 'the number of different words', MAX_VOCABULARY);
    if (announced === null) return null;
    const counts = new Map<number, number>();
    for (let at = this.skipSpaces(scanner.end); at < end; at = this.skipSpaces(scanner.end)) {
      const word = this.whole(at, 'a word number', MAX_VOCABULARY - 1);
      if (word === null) return null;
      if (bytes[scanner.end] !== COLON) return this.refuse(at, `expected word:times, found ${scanner.excerpt(at)}`);
      const times = this.whole(scanner.end + 1, 'how often the word stands there', MAX_TOKENS);
      if (times === null) return null;
      if (scanner.end < end && !isSpace(bytes[scanner.end])) {
        return this.refuse(scanner.end, `expected a space, found ${scanner.excerpt(scanner.end)}`);
      }
      if (counts.has(word)) return this.refuse(at, `word ${word} stands twice in this document: add its counts up`);
      counts.set(word, times);
    }
    if (counts.size === announced) return counts;
    return this.refuse(this.lineStart, `the line announces ${announced} different words and has ${counts.size}`);
  }

  private whole(at: number, what: string, most: number): number | null {
    const value = this.scanner.integer(at);
    if (this.scanner.end === at) return this.refuse(at, `expected ${what}, found ${this.scanner.excerpt(at)}`);
    return value > most ? this.refuse(at, `${what} is ${value}; at most ${most} is possible`) : value;
  }
}
