// Counts the rows of a file that can't be read, and decides what that means.
import type { CsvFault } from './csv.ts';
import { BadRows } from './data-file.ts';

export class BadRowCount {
  rows = 0;
  private first: CsvFault | null = null;

  constructor(
    private readonly file: string,
    private readonly isSkipping: boolean,
  ) {}

  add(fault: CsvFault): void {
    this.rows++;
    this.first ??= fault;
  }

  /** At the end of the file. @throws BadRows where there were any and they aren't to be skipped */
  finish(): void {
    if (this.first !== null && !this.isSkipping) throw new BadRows(this.file, this.rows, this.first);
  }
}
