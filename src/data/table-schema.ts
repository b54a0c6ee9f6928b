// What the columns of a CSV table are: number, category, or nothing to learn from; and which is to be predicted. Inferred
// from all rows of a file; whatever the user says otherwise wins.
import { type CsvDialect, type CsvFault, CsvReader, type CsvRow } from './csv.ts';
import { readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import { MAX_CLASSES } from './limits.ts';
import type { Asking, FileHead } from './reading.ts';

export type ColumnKind = 'number' | 'category' | 'ignored';

/** What a user may correct. */
export interface TableChoices {
  /** One or two characters; null lets the file tell. */
  readonly delimiter: string | null;
  /** Name of the column to predict; null lets the file tell. */
  readonly target: string | null;
  /** By name of column. */
  readonly kinds: Readonly<Record<string, ColumnKind>>;
}

export const NO_CHOICES: TableChoices = { delimiter: null, target: null, kinds: {} };

export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Fields with nothing in them, or a word for nothing. */
  readonly missing: number;
  /** Of a category: its values, the most frequent first, at most MAX_CATEGORIES. */
  readonly values: readonly string[];
  /** Has it more values than those? */
  readonly hasOthers: boolean;
  /** Of a number: mean and standard deviation over all rows. */
  readonly mean: number;
  readonly deviation: number;
}

export interface TableSchema {
  readonly dialect: CsvDialect;
  readonly rows: number;
  readonly columns: readonly TableColumn[];
  /** Index of the column to predict. A category makes it classification, a number regression. */
  readonly target: number;
}

/** Values of a category that have an input of their own; rarer ones share one. */
export const MAX_CATEGORIES = 100;
/** Different values counted in a column: no fewer than a target may have classes. */
const MAX_TRACKED = 2 * MAX_CLASSES;
/** Characters of a value that is kept: a longer one is no category. */
const MAX_VALUE_LENGTH = 100;
/** A column of numbers with up to this share of other words is one of numbers, with bad rows. */
const MAX_ODD_SHARE = 0.05;
/** A target of at most so many different whole numbers is one of classes. */
const MAX_NUMBERED_CLASSES = 10;

const MISSING = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?', '-']);
const TARGET_NAME = /^(target|label|class|outcome|y)$/i;
const ID_NAME = /^(|id|index|row|row_?id|uuid)$/i;

/** Is this what a table has where a value is missing? */
export const isMissing = (text: string): boolean => text.length <= 4 && MISSING.has(text.toLowerCase());

/** What is known of one column after all rows. */
class ColumnTally {
  missing = 0;
  numbers = 0;
  words = 0;
  mean = 0;
  isWhole = true;
  readonly counts = new Map<string, number>();
  isOverflowing = false;
  private squares = 0;

  add(row: CsvRow, index: number): void {
    const value = row.number(index);
    if (Number.isNaN(value)) {
      const text = row.text(index);
      if (isMissing(text)) {
        this.missing++;
        return;
      }
      this.words++;
      this.count(text);
      return;
    }
    this.addNumber(value);
    // A column of many different numbers is no category: its words are not made.
    if (!this.isOverflowing) this.count(row.text(index));
  }

  get deviation(): number {
    return this.numbers === 0 ? 0 : Math.sqrt(this.squares / this.numbers);
  }

  /** Running mean and sum of squared differences: Welford 1962. */
  private addNumber(value: number): void {
    this.numbers++;
    const before = value - this.mean;
    this.mean += before / this.numbers;
    this.squares += before * (value - this.mean);
    if (!Number.isInteger(value)) this.isWhole = false;
  }

  private count(text: string): void {
    const known = this.counts.get(text);
    if (known !== undefined) this.counts.set(text, known + 1);
    else if (this.counts.size < MAX_TRACKED && text.length <= MAX_VALUE_LENGTH) this.counts.set(text, 1);
    else this.isOverflowing = true;
  }
}

/**
 * Infers the schema of a table from all its rows; rows that can't be read are left out (whoever reads the values next
 * tells of them). Throws `BadDataFile` for what is no table, has no rows, or not the target that was chosen.
 */
export function* inferSchema(file: FileHead, choices: TableChoices): Asking<TableSchema> {
  const { dialect, names } = headerOf(file, choices.delimiter);
  const tallies = names.map(() => new ColumnTally());
  let rows = -1;
  const row = (fields: CsvRow) => {
    if (++rows === 0) return;
    for (let index = 0; index < tallies.length; index++) tallies[index]?.add(fields, index);
  };
  const into = new CsvReader(dialect, { row, bad: (_fault: CsvFault) => undefined });
  yield { file, into, doing: 'Looking through' };
  if (rows < 1) throw new BadDataFile(file.name, 'empty', 'the table has a header and no rows');
  const target = findTarget(file.name, names, tallies, choices);
  const columns = names.map((name, index) => {
    const tally = tallies[index] ?? new ColumnTally();
    const chosen = Object.hasOwn(choices.kinds, name) ? choices.kinds[name] : undefined;
    const kind = chosen ?? inferKind(name, tally, index === target);
    return columnOf(name, kind, tally, index === target);
  });
  return { dialect, rows, columns, target };
}

/** How a table's fields are told apart, and what its columns are called. @throws BadDataFile for what is no table */
export function headerOf(
  { name, head }: FileHead,
  delimiter: string | null,
): { readonly dialect: CsvDialect; readonly names: readonly string[] } {
  const found = readHead(head, delimiter === null ? null : { delimiter, hasQuotes: true });
  if (found?.hasHeader) return { dialect: found.dialect, names: found.rows[0] ?? [] };
  const advice = 'the first row must name the columns, each differently, with a comma, semicolon, tab or | between';
  throw new BadDataFile(name, 'unknown-format', `not a table with a header: ${advice}`);
}

function inferKind(name: string, tally: ColumnTally, isTarget: boolean): ColumnKind {
  const { numbers, words, counts, isOverflowing } = tally;
  const present = numbers + words;
  if (present === 0) return 'ignored';
  if (isTarget) {
    const isNumbered = words === 0 && tally.isWhole && counts.size <= MAX_NUMBERED_CLASSES && !isOverflowing;
    return isNumbered || words > MAX_ODD_SHARE * present ? 'category' : 'number';
  }
  if (counts.size < 2 && !isOverflowing) return 'ignored';
  if (words <= MAX_ODD_SHARE * present) return ID_NAME.test(name) ? 'ignored' : 'number';
  // Nearly as many values as rows: names, ids, free text.
  return isOverflowing || counts.size > Math.max(MAX_CATEGORIES, present / 2) ? 'ignored' : 'category';
}

function findTarget(
  file: string,
  names: readonly string[],
  tallies: readonly ColumnTally[],
  choices: TableChoices,
): number {
  if (choices.target !== null) {
    const chosen = names.indexOf(choices.target);
    if (chosen >= 0) return chosen;
    throw new BadDataFile(file, 'missing-file', `there is no column ${JSON.stringify(choices.target)} to predict`);
  }
  const named = names.findIndex((name) => TARGET_NAME.test(name));
  if (named >= 0) return named;
  const usable = tallies.findLastIndex((tally, index) => inferKind(names[index] ?? '', tally, false) !== 'ignored');
  return usable >= 0 ? usable : names.length - 1;
}

function columnOf(name: string, kind: ColumnKind, tally: ColumnTally, isTarget: boolean): TableColumn {
  const { missing, mean, deviation, counts, isOverflowing } = tally;
  const limit = isTarget ? MAX_CLASSES + 1 : MAX_CATEGORIES;
  const sorted = Array.from(counts).toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const values = kind === 'category' ? sorted.slice(0, limit).map(([value]) => value) : [];
  const hasOthers = kind === 'category' && (isOverflowing || values.length < counts.size);
  return { name, kind, missing, values, hasOthers, mean, deviation };
}
