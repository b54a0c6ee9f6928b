// One column of a table as a stream of words: every field is one, and some hundred rows are a document.
import type { BadRowCount } from './bad-rows.ts';
import { type CsvFault, type CsvHandler, CsvReader, type CsvRow } from './csv.ts';
import { readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import type { CountedDocument } from './documents.ts';
import type { ByteSink, FileHead } from './reading.ts';
import { clipWord } from './text-lines.ts';
import type { WordNumbers } from './word-numbers.ts';

/** Fields of one document: a push stands for many of them. */
const DOCUMENT_ROWS = 256;

/** Names of a table's columns; none where the file is no table with a header. */
export function columnNames({ head }: FileHead): readonly string[] {
  const rows = readHead(head);
  return rows?.hasHeader ? (rows.rows[0] ?? []) : [];
}

/** Reads one column; fields with nothing in them are passed over. */
export class ColumnReader implements ByteSink, CsvHandler {
  private readonly csv: CsvReader;
  private index = -1;
  private fields: string[] = [];

  /** @throws BadDataFile where the file is no table */
  constructor(
    private readonly file: FileHead,
    private readonly column: string,
    private readonly words: WordNumbers,
    private readonly badRows: BadRowCount,
    private readonly onDocument: (document: CountedDocument) => void,
  ) {
    const head = readHead(file.head);
    if (head === null) throw this.missing();
    this.csv = new CsvReader(head.dialect, this);
  }

  push(chunk: Uint8Array): void {
    this.csv.push(chunk);
  }

  end(): void {
    this.csv.end();
    this.flush();
  }

  row(row: CsvRow): void {
    if (this.index < 0) {
      this.index = Array.from({ length: row.count }, (_, index) => row.text(index)).indexOf(this.column);
      if (this.index < 0) throw this.missing();
    } else if (!row.isBlank(this.index)) {
      this.fields.push(clipWord(row.text(this.index)));
      if (this.fields.length === DOCUMENT_ROWS) this.flush();
    }
  }

  bad(fault: CsvFault): void {
    this.badRows.add(fault);
  }

  private flush(): void {
    const document = this.words.document(this.fields);
    this.fields = [];
    if (document !== null) this.onDocument(document);
  }

  private missing(): BadDataFile {
    const { name } = this.file;
    return new BadDataFile(name, 'missing-file', `there is no column ${JSON.stringify(this.column)}: choose another`);
  }
}
