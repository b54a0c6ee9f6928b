// Text as bytes, line by line, whatever pieces it comes in. Lines inside a piece are handed out where they lie; only what a
// piece cuts in two is copied.
import type { ByteSink } from './reading.ts';

/** The longest line: a sample must fit a block, and a text of a line is a book already. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 10;
const RETURN = 13;

export interface LineHandler {
  /**
   * A line, without its end (\n or \r\n).
   * @param bytes valid during the call only; `bytes[end]` is a line end, or nothing
   * @param line counts from 1
   */
  line(bytes: Uint8Array, start: number, end: number, line: number): void;
  /** A line of more than MAX_LINE_BYTES, which is not handed out. */
  tooLong(line: number): void;
}

/** Reads one file: `push` its pieces in order, then `end`. */
export class LineReader implements ByteSink {
  private carry = new Uint8Array(4_096);
  private carried = 0;
  private isTooLong = false;
  private line = 0;

  constructor(private readonly handler: LineHandler) {}

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.endLine(chunk, start, end);
      start = end + 1;
    }
    this.keep(chunk, start, chunk.length);
  }

  end(): void {
    if (this.carried > 0 || this.isTooLong) this.endLine(this.carry, 0, 0);
  }

  private endLine(bytes: Uint8Array, start: number, end: number): void {
    this.line++;
    if (this.carried === 0 && !this.isTooLong) return this.hand(bytes, start, end);
    this.keep(bytes, start, end);
    const { carried, isTooLong } = this;
    this.carried = 0;
    this.isTooLong = false;
    if (isTooLong) this.handler.tooLong(this.line);
    else this.hand(this.carry.subarray(0, carried), 0, carried);
  }

  private hand(bytes: Uint8Array, start: number, end: number): void {
    const isReturn = end > start && bytes[end - 1] === RETURN;
    this.handler.line(bytes, start, isReturn ? end - 1 : end, this.line);
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.carried + end - start;
    if (this.isTooLong || needed > MAX_LINE_BYTES) {
      this.isTooLong = true;
      this.carried = 0;
      return;
    }
    if (needed > this.carry.length) {
      const larger = new Uint8Array(Math.min(MAX_LINE_BYTES, Math.max(needed, 2 * this.carry.length)));
      larger.set(this.carry.subarray(0, this.carried));
      this.carry = larger;
    }
    this.carry.set(bytes.subarray(start, end), this.carried);
    this.carried = needed;
  }
}

/** What is wrong with a line that is too long. */
export const tooLongFault = (line: number) => ({
  line,
  column: 1,
  sentence: `a line of more than ${MAX_LINE_BYTES / 2 ** 20} MB`,
});
