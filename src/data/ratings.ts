// Ratings as text: `user,item,rating[,time]`, with or without a header, comma or tab or `::` between (MovieLens). Users
// and items get keys in the order in which they first appear.
import { BadRowCount } from './bad-rows.ts';
import { type CsvRow, readCsv } from './csv.ts';
import { type CsvHead, readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import type { SparseBlock } from './dataset.ts';
import { MAX_NAMES_BYTES, MAX_VALUE } from './limits.ts';

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

/** One file's ratings, in its order. */
export interface Ratings {
  readonly users: Uint32Array;
  readonly items: Uint32Array;
  readonly ratings: Float32Array;
  /** Seconds or whatever the file has; 0 where it has none. */
  readonly times: Float32Array;
  readonly skippedRows: number;
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
export function looksLikeRatings(bytes: Uint8Array): boolean {
  const head = readHead(bytes);
  return head !== null && columnsOf(head) !== null;
}

/**
 * Parses ratings; users and items are added to the tables given, so that two files share their keys. Throws `BadRows`
 * with line and column unless bad rows are to be skipped, `BadDataFile` for what isn't ratings at all.
 */
export function parseRatings(
  file: string,
  bytes: Uint8Array,
  tables: { readonly users: NameTable; readonly items: NameTable },
  isSkipping: boolean,
): Ratings {
  if (bytes.byteLength === 0) throw new BadDataFile(file, 'empty', 'the file is empty');
  const head = readHead(bytes);
  const columns = head === null ? null : columnsOf(head);
  if (head === null || columns === null) {
    throw new BadDataFile(file, 'unknown-format', 'not ratings: each row is user, item, rating, and a time or none');
  }
  const list = new RatingList(file, countLines(bytes), columns, tables, new BadRowCount(file, isSkipping));
  readCsv(bytes, head.dialect, list);
  return list.finish();
}

class RatingList {
  private readonly users: Uint32Array;
  private readonly items: Uint32Array;
  private readonly ratings: Float32Array;
  private readonly times: Float32Array;
  private count = 0;
  private isHeader: boolean;

  constructor(
    private readonly file: string,
    capacity: number,
    private readonly columns: RatingColumns,
    private readonly tables: { readonly users: NameTable; readonly items: NameTable },
    private readonly badRows: BadRowCount,
  ) {
    this.users = new Uint32Array(capacity);
    this.items = new Uint32Array(capacity);
    this.ratings = new Float32Array(capacity);
    this.times = new Float32Array(capacity);
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
    this.users[this.count] = this.keyOf(this.tables.users, row, user);
    this.items[this.count] = this.keyOf(this.tables.items, row, item);
    this.ratings[this.count] = value;
    this.times[this.count] = time < 0 ? 0 : timeOf(row.number(time));
    this.count++;
  }

  bad(fault: { line: number; column: number; sentence: string }): void {
    this.badRows.add(fault);
  }

  finish(): Ratings {
    this.badRows.finish();
    const { count } = this;
    if (count === 0) throw new BadDataFile(this.file, 'empty', 'the file has no ratings');
    return {
      users: this.users.subarray(0, count),
      items: this.items.subarray(0, count),
      ratings: this.ratings.subarray(0, count),
      times: this.times.subarray(0, count),
      skippedRows: this.badRows.rows,
    };
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

/** No fewer than the file has rows. */
function countLines(bytes: Uint8Array): number {
  let lines = 1;
  for (const byte of bytes) if (byte === 10 || byte === 13) lines++;
  return lines;
}

/** Ratings as a block: the row of a rating is [user, users + item] with values [rating, time]. */
export function ratingsBlock({ users, items, ratings, times }: Ratings, userCount: number): SparseBlock {
  const count = users.length;
  const indices = new Uint32Array(2 * count);
  const values = new Float32Array(2 * count);
  for (let row = 0; row < count; row++) {
    indices[2 * row] = users[row] as number;
    indices[2 * row + 1] = userCount + (items[row] as number);
    values[2 * row] = ratings[row] as number;
    values[2 * row + 1] = times[row] as number;
  }
  const indptr = Uint32Array.from({ length: count + 1 }, (_, row) => 2 * row);
  return { kind: 'sparse', count, indptr, indices, values, y: new Uint32Array(count) };
}

/** Mean of a block's ratings: what a rating is before anything is known of its user and item. */
export function meanRating({ count, values }: SparseBlock): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum += values[2 * row] as number;
  return sum / count;
}
