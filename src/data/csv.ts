// CSV as bytes, chunk by chunk (RFC 4180): a state machine that hands out one row at a time and says line and column of
// what it can't read. It knows fields, not what they mean.
import { NumberScanner } from './number-scanner.ts';

/** How fields are told apart. Files with `::` between fields (MovieLens) don't quote. */
export interface CsvDialect {
  /** One or two ASCII characters. */
  readonly delimiter: string;
  readonly hasQuotes: boolean;
}

/** A row that can't be read. Line and column count from 1; columns are bytes. */
export interface CsvFault {
  readonly line: number;
  readonly column: number;
  readonly sentence: string;
}

/** Is told of every row, good or bad, in the file's order. Blank lines are skipped. */
export interface CsvHandler {
  /** @param row valid during the call only: the next row is read into it */
  row(row: CsvRow): void;
  bad(fault: CsvFault): void;
}

/** Bytes of one row: all that is ever buffered. A quote that is never closed is noticed after so many. */
export const MAX_ROW_BYTES = 256 * 1024;
/** Fields of one row. */
export const MAX_COLUMNS = 4_096;

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Stands between fields in a row's buffer, so that a number ends where its field does. */
const SEPARATOR = 0;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The fields of one row, unquoted. */
export class CsvRow {
  count = 0;
  private used = 0;
  private readonly bytes = new Uint8Array(MAX_ROW_BYTES);
  private readonly starts = new Uint32Array(MAX_COLUMNS + 1);
  private readonly lines = new Uint32Array(MAX_COLUMNS + 1);
  private readonly columns = new Uint32Array(MAX_COLUMNS + 1);
  private readonly scanner = new NumberScanner(this.bytes);

  /** Line on which field `index` starts. */
  line(index: number): number {
    return this.lines[index] as number;
  }

  /** Byte of that line at which it starts; both count from 1. */
  column(index: number): number {
    return this.columns[index] as number;
  }

  /** Field `index`, without the spaces around it. */
  text(index: number): string {
    const [start, end] = this.trimmed(index);
    return decoder.decode(this.bytes.subarray(start, end));
  }

  /** Has the field nothing but spaces? */
  isBlank(index: number): boolean {
    const [start, end] = this.trimmed(index);
    return start === end;
  }

  /** The finite number that field `index` is, or NaN where it isn't one. */
  number(index: number): number {
    const [start, end] = this.trimmed(index);
    const value = this.scanner.number(start);
    return start < end && this.scanner.end === end && Number.isFinite(value) ? value : Number.NaN;
  }

  /** An integer that depends on the bytes of field `index` alone (FNV-1a), for a lookup without making a string. */
  hash(index: number): number {
    const [start, end] = this.trimmed(index);
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (this.bytes[at] as number), 0x01000193);
    return hash >>> 0;
  }

  /** For the reader: forgets all fields. */
  clear(): void {
    this.count = 0;
    this.used = 0;
  }

  /** For the reader: a field begins. @returns false where there are too many */
  begin(line: number, column: number): boolean {
    if (this.count >= MAX_COLUMNS) return false;
    this.starts[this.count] = this.used;
    this.lines[this.count] = line;
    this.columns[this.count] = column;
    return true;
  }

  /** For the reader: a byte of the field. @returns false where the row is too long */
  append(byte: number): boolean {
    if (this.used >= MAX_ROW_BYTES - 1) return false;
    this.bytes[this.used++] = byte;
    return true;
  }

  /** For the reader: the field ends. */
  finish(): void {
    this.bytes[this.used++] = SEPARATOR;
    this.starts[++this.count] = this.used;
  }

  private trimmed(index: number): [start: number, end: number] {
    let start = this.starts[index] as number;
    let end = (this.starts[index + 1] as number) - 1;
    while (start < end && (this.bytes[start] as number) <= SPACE) start++;
    while (end > start && (this.bytes[end - 1] as number) <= SPACE) end--;
    return [start, end];
  }
}

type State =
  | 'field-start'
  | 'unquoted'
  | 'quoted'
  /** After a quote inside quotes: the end of the field, or the first of a pair. */
  | 'quote'
  /** In a bad row, whose rest is of no interest. */
  | 'skip';

/** Reads one file: `push` its chunks in order, then `end`. Results don't depend on where chunks are cut. */
export class CsvReader {
  private readonly row = new CsvRow();
  private readonly first: number;
  private readonly second: number;
  private readonly hasQuotes: boolean;
  private state: State = 'field-start';
  /** Has a row been begun on this line? */
  private isInRow = false;
  /** The first half of a two-character delimiter was the last byte. */
  private isHalfDelimiter = false;
  private isAfterReturn = false;
  private line = 1;
  private column = 1;
  private offset = 0;
  private quoteLine = 0;
  private quoteColumn = 0;
  /** Fields of the first row, which all must have. */
  private expected = 0;

  constructor(
    { delimiter, hasQuotes }: CsvDialect,
    private readonly handler: CsvHandler,
  ) {
    this.first = delimiter.charCodeAt(0);
    this.second = delimiter.length > 1 ? delimiter.charCodeAt(1) : 0;
    this.hasQuotes = hasQuotes;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.offset < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[this.offset++]) continue;
      this.offset = BYTE_ORDER_MARK.length;
      this.read(byte);
      if (byte !== NEWLINE && byte !== RETURN) this.column++;
    }
  }

  end(): void {
    this.flushHalfDelimiter();
    if (this.state === 'quoted') {
      this.fault('this quote is never closed', this.quoteLine, this.quoteColumn);
      this.isInRow = false;
    } else this.endRow();
  }

  private read(byte: number): void {
    if (byte === NEWLINE || byte === RETURN) this.lineEnd(byte);
    else {
      this.isAfterReturn = false;
      this.content(byte);
    }
  }

  /** \n, \r\n or \r: all are one line's end, and part of a quoted field. */
  private lineEnd(byte: number): void {
    const isSecondHalf = byte === NEWLINE && this.isAfterReturn;
    this.isAfterReturn = byte === RETURN;
    if (this.state === 'quoted') {
      this.append(byte);
    } else if (!isSecondHalf) {
      this.flushHalfDelimiter();
      this.endRow();
    }
    if (isSecondHalf) return;
    this.line++;
    this.column = 1;
  }

  private content(byte: number): void {
    switch (this.state) {
      case 'field-start':
        return this.startField(byte);
      case 'unquoted':
        return this.unquoted(byte);
      case 'quoted':
        if (byte === QUOTE) this.state = 'quote';
        else this.append(byte);
        return;
      case 'quote':
        return this.afterQuote(byte);
      case 'skip':
        return;
      default:
        this.state satisfies never;
    }
  }

  private startField(byte: number): void {
    this.isInRow = true;
    if (!this.row.begin(this.line, this.column)) return this.fault(`more than ${MAX_COLUMNS} fields in a row`);
    this.state = 'unquoted';
    if (byte !== QUOTE || !this.hasQuotes) return this.unquoted(byte);
    this.state = 'quoted';
    this.quoteLine = this.line;
    this.quoteColumn = this.column;
  }

  private unquoted(byte: number): void {
    if (this.isHalfDelimiter) {
      if (byte === this.second) {
        this.isHalfDelimiter = false;
        return this.endField();
      }
      this.flushHalfDelimiter();
    }
    if (byte === this.first) {
      if (this.second === 0) return this.endField();
      this.isHalfDelimiter = true;
      return;
    }
    if (byte === QUOTE && this.hasQuotes) {
      return this.fault('a quote inside an unquoted field: put the field in quotes, and write its quotes twice');
    }
    this.append(byte);
  }

  private afterQuote(byte: number): void {
    if (byte === QUOTE) {
      this.state = 'quoted';
      this.append(byte);
    } else if (byte === this.first && this.second === 0) this.endField();
    else if (byte !== SPACE) this.fault('text after a closing quote: write quotes inside a quoted field twice');
  }

  private endField(): void {
    this.row.finish();
    this.state = 'field-start';
  }

  private endRow(): void {
    if (this.state === 'skip' || !this.isInRow) {
      this.startRow();
      return;
    }
    if (this.state === 'field-start' && !this.row.begin(this.line, this.column)) {
      this.fault(`more than ${MAX_COLUMNS} fields in a row`);
    } else {
      this.row.finish();
      this.hand();
    }
    this.startRow();
  }

  private hand(): void {
    const { row } = this;
    if (row.count === 1 && row.isBlank(0)) return;
    if (this.expected === 0) this.expected = row.count;
    if (row.count === this.expected) return this.handler.row(row);
    const at = Math.min(row.count, this.expected + 1) - 1;
    const sentence = `${row.count} fields where the first row has ${this.expected}`;
    this.handler.bad({ line: row.line(at), column: row.column(at), sentence });
  }

  private startRow(): void {
    this.row.clear();
    this.isInRow = false;
    this.isHalfDelimiter = false;
    this.state = 'field-start';
  }

  private flushHalfDelimiter(): void {
    if (!this.isHalfDelimiter) return;
    this.isHalfDelimiter = false;
    this.append(this.first);
  }

  private append(byte: number): void {
    if (this.row.append(byte)) return;
    const [line, column] = this.state === 'quoted' ? [this.quoteLine, this.quoteColumn] : [this.line, this.column];
    const reason = this.state === 'quoted' ? '; is a quote not closed?' : '';
    this.fault(`a row of more than ${MAX_ROW_BYTES / 1024} KiB${reason}`, line, column);
  }

  private fault(sentence: string, line = this.line, column = this.column): void {
    this.state = 'skip';
    this.handler.bad({ line, column, sentence });
  }
}

/** Reads a file that is in memory already. */
export function readCsv(bytes: Uint8Array, dialect: CsvDialect, handler: CsvHandler): void {
  const reader = new CsvReader(dialect, handler);
  reader.push(bytes);
  reader.end();
}
