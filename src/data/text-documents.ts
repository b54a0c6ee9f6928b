// Plain text as documents: one a line, cut into words. The vocabulary comes from the training documents.
import type { BadRowCount } from './bad-rows.ts';
import { ColumnReader, columnNames } from './column-documents.ts';
import { bySplit, type FileFormat, type Loaded, type LoadSettings } from './file-format.ts';
import { type LineHandler, LineReader, tooLongFault } from './line-reader.ts';
import type { Asking, ByteSink, Emit, FileHead } from './reading.ts';
import { clipWord, firstLines } from './text-lines.ts';
import { firstBadByte } from './utf8.ts';
import { type OpenDocuments, WordNumbers, wordCorpus } from './word-numbers.ts';

/** Letters and digits of any script, with apostrophes inside: "don't" is one word. */
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;

/** Lines looked at to tell text from what isn't. */
const SNIFF_LINES = 100;

/** The words of a text, in lower case. */
export const wordsIn = (text: string): string[] => (text.toLowerCase().match(WORD) ?? []).map(clipWord);

export const textDocuments: FileFormat = {
  name: 'plain text (a document a line)',
  kind: 'documents',
  isDistinctive: false,
  detect: (files) => files.length <= 2 && files.some(hasLines) && files.every((file) => firstLines(file, 1) !== null),
  load: loadText,
};

/** Two documents are the least that can be learnt from and tested on; fewer lines are something else. */
const hasLines = (file: FileHead): boolean =>
  (firstLines(file, SNIFF_LINES) ?? []).filter((line) => line.trim() !== '').length >= 2;

function* loadText(files: readonly FileHead[], seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const named = bySplit(files, 'plain text');
  const words = new WordNumbers(named.train.name);
  const { column, skipBadRows } = settings;
  const open: OpenDocuments = (file, badRows, onDocument) => {
    if (column !== null) return new ColumnReader(file, column, words, badRows, onDocument);
    return new TextLines(badRows, (text) => {
      const document = words.document(wordsIn(text));
      if (document !== null) onDocument(document);
    });
  };
  const isStream = column !== null || settings.isStream === true;
  const loaded = yield* wordCorpus(named, words, open, column === null, { seed, skipBadRows, isStream }, emit);
  const names = columnNames(named.train);
  return names.length === 0 ? loaded : { ...loaded, columns: { names, chosen: column } };
}

/** Reads text line by line; a line that isn't UTF-8 is a bad row. */
class TextLines implements ByteSink, LineHandler {
  private readonly lines = new LineReader(this);
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(
    private readonly badRows: BadRowCount,
    private readonly onLine: (text: string) => void,
  ) {}

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
  }

  end(): void {
    this.lines.end();
  }

  line(bytes: Uint8Array, start: number, end: number, line: number): void {
    const own = bytes.subarray(start, end);
    const bad = firstBadByte(own);
    if (bad === -1) this.onLine(this.decoder.decode(own));
    else this.badRows.add({ line, column: bad + 1, sentence: 'not UTF-8: save the file as UTF-8 text' });
  }

  tooLong(line: number): void {
    this.badRows.add(tooLongFault(line));
  }
}
