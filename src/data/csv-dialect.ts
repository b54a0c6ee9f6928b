// What a text file's rows look like, from its beginning: the delimiter, whether there is a header.
import { type CsvDialect, readCsv } from './csv.ts';

/** Bytes looked at: enough rows to tell chance from habit, little enough to take no time. */
const SNIFF_BYTES = 64 * 1024;
/** Of these, rows kept; columns are compared over them. */
const SNIFF_ROWS = 200;
/** Rows of a differing length that a file may have and still be one of columns. */
const MAX_ODD_SHARE = 0.1;

const DIALECTS: readonly CsvDialect[] = [
  { delimiter: '::', hasQuotes: false },
  { delimiter: '\t', hasQuotes: true },
  { delimiter: ',', hasQuotes: true },
  { delimiter: ';', hasQuotes: true },
  { delimiter: '|', hasQuotes: true },
];

/** The first rows of a file, read as one dialect. */
export interface CsvHead {
  readonly dialect: CsvDialect;
  /** Fields of every row that has as many as the first; the first row may be the header. */
  readonly rows: readonly (readonly string[])[];
  /** The first row has no numbers and no empty fields (but the first), and they differ from each other. */
  readonly hasHeader: boolean;
}

/** How a file's beginning reads: as rows of two or more columns, in the dialect with the most; null where as none. */
export function readHead(bytes: Uint8Array, dialect: CsvDialect | null = null): CsvHead | null {
  const head = wholeLines(bytes);
  if (head.includes(0)) return null;
  let best: CsvHead | null = null;
  for (const candidate of dialect === null ? DIALECTS : [dialect]) {
    const found = readAs(head, candidate);
    if (found !== null && (found.rows[0]?.length ?? 0) > (best?.rows[0]?.length ?? 1)) best = found;
  }
  return best;
}

/** The beginning up to its last line end, so that no row is cut. */
function wholeLines(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= SNIFF_BYTES) return bytes;
  const head = bytes.subarray(0, SNIFF_BYTES);
  const last = Math.max(head.lastIndexOf(10), head.lastIndexOf(13));
  return last < 0 ? head : head.subarray(0, last + 1);
}

function readAs(head: Uint8Array, dialect: CsvDialect): CsvHead | null {
  const rows: string[][] = [];
  let good = 0;
  let odd = 0;
  readCsv(head, dialect, {
    row: (row) => {
      good++;
      if (rows.length < SNIFF_ROWS) rows.push(Array.from({ length: row.count }, (_, at) => row.text(at)));
    },
    bad: () => odd++,
  });
  if (odd > MAX_ODD_SHARE * (good + odd) + 1 || odd >= good) return null;
  return { dialect, rows, hasHeader: isHeader(rows[0] ?? []) };
}

function isHeader(row: readonly string[]): boolean {
  // The first may be unnamed: a row number, as data frames write it.
  return (
    row.length > 1 &&
    new Set(row).size === row.length &&
    row.every((field, at) => (at === 0 && field === '') || Number.isNaN(Number(field || '0')))
  );
}
