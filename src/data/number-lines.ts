// What readers of lines of numbers share: where they are in a line, and how they say what is wrong there.
import type { BadRowCount } from './bad-rows.ts';
import type { CsvFault } from './csv.ts';
import { type LineHandler, LineReader, tooLongFault } from './line-reader.ts';
import { isSpace, NumberScanner } from './number-scanner.ts';
import type { ByteSink } from './reading.ts';

export abstract class NumberLines implements ByteSink, LineHandler {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected scanner = new NumberScanner(this.bytes);
  protected lineStart = 0;
  protected lineEnd = 0;
  private number = 0;
  private readonly lines = new LineReader(this);

  constructor(protected readonly badRows: BadRowCount) {}

  /** Reads the line that begins at `lineStart`. */
  protected abstract readLine(): void;

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
  }

  end(): void {
    this.lines.end();
  }

  line(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.scanner = new NumberScanner(bytes);
    }
    this.lineStart = start;
    this.lineEnd = end;
    this.number = line;
    this.readLine();
  }

  tooLong(line: number): void {
    this.badRows.add(tooLongFault(line));
  }

  /** The first place from `at` that is no space, the line's end at the latest. */
  protected skipSpaces(at: number): number {
    let next = at;
    while (next < this.lineEnd && isSpace(this.bytes[next])) next++;
    return next;
  }

  /** What is wrong at a place of the line. */
  protected fault(at: number, sentence: string): CsvFault {
    return { line: this.number, column: at - this.lineStart + 1, sentence };
  }

  /** The line is a bad row. */
  protected refuse(at: number, sentence: string): null {
    this.badRows.add(this.fault(at, sentence));
    return null;
  }
}
