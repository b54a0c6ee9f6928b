// Ratings as text: `user,item,rating[,time]`, with or without a header, comma or tab or `::` between (MovieLens). Users
// and items get keys in the order in which they first appear.
import type { BadRowCount } from './bad-rows.ts';
import { type CsvHandler, CsvReader, type CsvRow } from './csv.ts';
import { type CsvHead, readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import { MAX_NAMES_BYTES, MAX_VALUE } from './limits.ts';
import type { FileHead } from './reading.ts';

/** Names of users, or of items, and their keys. */
export class NameTable {
  private readonly keys = new Map<string | number, number>();
  private bytes = 0;

  get size(): number {
    return this.keys.size;
  }

  /** The key of the name in field `index`; a new one where it wasn't seen before. Null where the names get too long. */
  key(row: CsvRow, index: number): number | null {
    const number = row.number(index);
    // A number is looked up without making a string of it.
    const name = Number.isSafeInteger(number) ? number : row.text(index);
    const known = this.keys.get(name);
    if (known !== undefined) return known;
    this.bytes += 3 * String(name).length + 3;
    if (this.bytes > MAX_NAMES_BYTES) return null;
    this.keys.set(name, this.keys.size);
    return this.keys.size - 1;
  }

  names(): string[] {
    return Array.from(this.keys.keys(), String);
  }
}

/** Columns of a ratings file. */
interface RatingColumns {
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  /** −1 where there is none. */
  readonly time: number;
  readonly hasHeader: boolean;
}

/** One rating of a file. */
export interface Rating {
  /** Keys. */
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  /** Seconds or whatever the file has; 0 where it has none. */
  readonly time: number;
}

const HEADERS = {
  user: /^(user|customer|reviewer|reader|person|member)/i,
  item: /^(item|movie|book|isbn|product|song|track|artist|film|anime|joke|business|restaurant)/i,
  rating: /(rating|score|stars)/i,
  time: /(time|date)/i,
};

function columnsOf({ rows, hasHeader }: CsvHead): RatingColumns | null {
  const [first = []] = rows;
  if (hasHeader) {
    const find = (pattern: RegExp) => first.findIndex((name) => pattern.test(name));
    const [user, item, rating] = [find(HEADERS.user), find(HEADERS.item), find(HEADERS.rating)];
    if (user < 0 || item < 0 || rating < 0) return null;
    return { user, item, rating, time: find(HEADERS.time), hasHeader };
  }
  if (first.length !== 3 && first.length !== 4) return null;
  const isRated = rows.every((row) => row[2] !== '' && Number.isFinite(Number(row[2])));
  return isRated ? { user: 0, item: 1, rating: 2, time: first.length === 4 ? 3 : -1, hasHeader } : null;
}

/** Whether a file begins like ratings. */
export function looksLikeRatings(head: Uint8Array): boolean {
  const rows = readHead(head);
  return rows !== null && columnsOf(rows) !== null;
}

/**
 * Reads ratings; users and items are added to the tables given, so that two files share their keys.
 * @param onRating is given every good row
 * @throws BadDataFile for what isn't ratings at all
 */
export function ratingsReader(
  { name, head }: FileHead,
  tables: { readonly users: NameTable; readonly items: NameTable },
  badRows: BadRowCount,
  onRating: (rating: Rating) => void,
): CsvReader {
  const rows = readHead(head);
  const columns = rows === null ? null : columnsOf(rows);
  if (rows === null || columns === null) {
    throw new BadDataFile(name, 'unknown-format', 'not ratings: each row is user, item, rating, and a time or none');
  }
  return new CsvReader(rows.dialect, new RatingRows(name, columns, tables, badRows, onRating));
}

class RatingRows implements CsvHandler {
  private readonly rating = { user: 0, item: 0, rating: 0, time: 0 };
  private isHeader: boolean;

  constructor(
    private readonly file: string,
    private readonly columns: RatingColumns,
    private readonly tables: { readonly users: NameTable; readonly items: NameTable },
    private readonly badRows: BadRowCount,
    private readonly onRating: (rating: Rating) => void,
  ) {
    this.isHeader = columns.hasHeader;
  }

  row(row: CsvRow): void {
    if (this.isHeader) {
      this.isHeader = false;
      return;
    }
    const { user, item, rating, time } = this.columns;
    const value = row.number(rating);
    // Written so that NaN fails it too.
    if (!(Math.abs(value) <= MAX_VALUE)) return this.refuse(row, rating, 'a rating must be a number');
    if (row.isBlank(user)) return this.refuse(row, user, 'no user');
    if (row.isBlank(item)) return this.refuse(row, item, 'no item');
    this.rating.user = this.keyOf(this.tables.users, row, user);
    this.rating.item = this.keyOf(this.tables.items, row, item);
    this.rating.rating = value;
    this.rating.time = time < 0 ? 0 : timeOf(row.number(time));
    this.onRating(this.rating);
  }

  bad(fault: { line: number; column: number; sentence: string }): void {
    this.badRows.add(fault);
  }

  private keyOf(table: NameTable, row: CsvRow, index: number): number {
    const key = table.key(row, index);
    if (key !== null) return key;
    const limit = `${MAX_NAMES_BYTES / 2 ** 20} MiB`;
    throw new BadDataFile(this.file, 'too-large', `names of users or items are over ${limit}: number them instead`);
  }

  private refuse(row: CsvRow, index: number, reason: string): void {
    const found = row.isBlank(index) ? '' : `, found ${JSON.stringify(row.text(index).slice(0, 20))}`;
    this.bad({ line: row.line(index), column: row.column(index), sentence: `${reason}${found}` });
  }
}

/** A time is only carried along: what isn't a usable number is none. */
const timeOf = (value: number): number => (Math.abs(value) <= MAX_VALUE ? value : 0);
