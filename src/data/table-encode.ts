// From the fields of a table to the values that a model takes: numbers standardised, categories one-hot, missing fields
// flagged. The other way round, one sample from what somebody filled in.
import type { BadRowCount } from './bad-rows.ts';
import type { CsvHandler, CsvRow } from './csv.ts';
import { BadDataFile } from './data-file.ts';
import type { DenseBlock, TableInput, TableTarget } from './dataset.ts';
import { MAX_CLASSES, MAX_VALUE } from './limits.ts';
import { isMissing, type TableColumn, type TableSchema } from './table-schema.ts';

/** Values of one sample: a hundred categories of a hundred columns. */
export const MAX_TABLE_FEATURES = 10_000;

/** Values that a column takes in a sample. */
export function inputWidth(input: TableInput): number {
  const flag = input.hasMissing ? 1 : 0;
  return flag + (input.kind === 'number' ? 1 : input.values.length + (input.hasOthers ? 1 : 0));
}

/** Where each column's values begin in a sample, and at the end where they end. */
export function inputOffsets(inputs: readonly TableInput[]): number[] {
  const offsets = [0];
  for (const input of inputs) offsets.push((offsets.at(-1) ?? 0) + inputWidth(input));
  return offsets;
}

/** How a table's columns become values. */
export interface TableCode {
  readonly inputs: readonly TableInput[];
  readonly target: TableTarget;
  /** Values per sample, a regression's target included. */
  readonly features: number;
}

/** Throws `BadDataFile` for a table that can't be learnt from, or whose samples are too large. */
export function codeOf(file: string, { columns, target: index }: TableSchema): TableCode {
  const column = columns[index];
  const inputs = columns.filter((_, at) => at !== index).flatMap((each) => inputOf(each));
  if (column === undefined || column.kind === 'ignored') {
    throw new BadDataFile(
      file,
      'bad-label',
      `column ${JSON.stringify(column?.name)} is ignored: choose another to predict`,
    );
  }
  if (inputs.length === 0) {
    throw new BadDataFile(file, 'too-few', `there is no column to predict ${JSON.stringify(column.name)} from`);
  }
  const target = targetOf(file, column);
  const features = (inputOffsets(inputs).at(-1) ?? 0) + (target.kind === 'number' ? 1 : 0);
  if (features > MAX_TABLE_FEATURES) {
    const advice = `at most ${MAX_TABLE_FEATURES} can be learnt from: ignore columns of many categories`;
    throw new BadDataFile(file, 'too-large', `${features} values for each row; ${advice}`);
  }
  return { inputs, target, features };
}

function inputOf({ name, kind, missing, values, hasOthers, mean, deviation }: TableColumn): TableInput[] {
  const hasMissing = missing > 0;
  if (kind === 'category') return [{ kind, name, hasMissing, values, hasOthers }];
  return kind === 'number' ? [{ kind, name, hasMissing, mean, scale: scaleOf(deviation) }] : [];
}

/** A column that never changes is 0 everywhere. */
const scaleOf = (deviation: number): number => (deviation > 0 && Number.isFinite(deviation) ? deviation : 1);

function targetOf(file: string, { name, kind, values, mean, deviation }: TableColumn): TableTarget {
  if (kind === 'number') return { kind, name, mean, scale: scaleOf(deviation) };
  const [only] = values;
  if (values.length < 2) {
    throw new BadDataFile(
      file,
      'one-class',
      `every ${JSON.stringify(name)} is ${JSON.stringify(only ?? '')}: nothing to learn`,
    );
  }
  if (values.length > MAX_CLASSES) {
    const advice = 'predict another column, or make it a number';
    throw new BadDataFile(file, 'bad-label', `${JSON.stringify(name)} has more than ${MAX_CLASSES} classes: ${advice}`);
  }
  return { kind: 'classes', name, labels: sortLabels(values) };
}

/** Numbers by size, words by letters. */
function sortLabels(labels: readonly string[]): string[] {
  if (labels.every((label) => !Number.isNaN(Number(label)))) return labels.toSorted((a, b) => Number(a) - Number(b));
  return labels.toSorted((a, b) => (a < b ? -1 : 1));
}

/** One row, encoded; valid during the call only. */
export interface EncodedRow {
  readonly x: Float32Array;
  readonly label: number;
}

/**
 * Encodes the rows of a table; columns are found by their names in the header, the first row. Rows where a number or the
 * target can't be read are bad. @throws BadDataFile for a missing column
 */
export class TableRows implements CsvHandler {
  private readonly encoded: { x: Float32Array; label: number };
  private places: number[] | null = null;
  private readonly offsets: readonly number[];
  private readonly lookups: readonly (ReadonlyMap<string, number> | null)[];
  private readonly labels: ReadonlyMap<string, number>;

  /** @param onRow is given every good row */
  constructor(
    private readonly file: string,
    private readonly code: TableCode,
    private readonly badRows: BadRowCount,
    private readonly onRow: (row: EncodedRow) => void,
  ) {
    const { inputs, target, features } = code;
    this.encoded = { x: new Float32Array(features), label: 0 };
    this.offsets = inputOffsets(inputs);
    this.lookups = inputs.map((input) => (input.kind === 'category' ? placesOf(input.values) : null));
    this.labels = placesOf(target.kind === 'classes' ? target.labels : []);
  }

  row(row: CsvRow): void {
    if (this.places === null) {
      this.places = this.findColumns(row);
      return;
    }
    this.encoded.x.fill(0);
    const isGood = this.code.inputs.every((_, index) => this.encode(row, index)) && this.encodeTarget(row);
    if (isGood) this.onRow(this.encoded);
  }

  bad(fault: { line: number; column: number; sentence: string }): void {
    this.badRows.add(fault);
  }

  private findColumns(header: CsvRow): number[] {
    const names = Array.from({ length: header.count }, (_, index) => header.text(index));
    return [...this.code.inputs, this.code.target].map(({ name }) => {
      const place = names.indexOf(name);
      if (place >= 0) return place;
      throw new BadDataFile(
        this.file,
        'missing-file',
        `there is no column ${JSON.stringify(name)}, as in the training file`,
      );
    });
  }

  /** @returns false where the row is bad */
  private encode(row: CsvRow, index: number): boolean {
    const { x } = this.encoded;
    const input = this.code.inputs[index] as TableInput;
    const field = this.places?.[index] as number;
    const at = this.offsets[index] as number;
    const number = input.kind === 'number' ? row.number(field) : Number.NaN;
    if (!Number.isNaN(number)) {
      if (input.kind !== 'number' || Math.abs(number) > MAX_VALUE) return this.refuse(row, field, 'a usable number');
      x[at] = (number - input.mean) / input.scale;
      return true;
    }
    const text = row.text(field);
    if (isMissing(text)) {
      if (input.hasMissing) x[at + inputWidth(input) - 1] = 1;
      return true;
    }
    if (input.kind === 'number') return this.refuse(row, field, 'a number');
    const place = this.lookups[index]?.get(text) ?? (input.hasOthers ? input.values.length : -1);
    if (place >= 0) x[at + place] = 1;
    return true;
  }

  private encodeTarget(row: CsvRow): boolean {
    const { target, inputs, features } = this.code;
    const field = this.places?.[inputs.length] as number;
    if (target.kind === 'classes') {
      const label = this.labels.get(row.text(field));
      if (label === undefined) return this.refuse(row, field, 'a known class');
      this.encoded.label = label;
      return true;
    }
    const number = row.number(field);
    if (!(Math.abs(number) <= MAX_VALUE)) return this.refuse(row, field, 'a number');
    this.encoded.x[features - 1] = (number - target.mean) / target.scale;
    return true;
  }

  private refuse(row: CsvRow, field: number, expected: string): false {
    const found = row.isBlank(field) ? 'nothing' : JSON.stringify(row.text(field).slice(0, 20));
    this.bad({ line: row.line(field), column: row.column(field), sentence: `expected ${expected}, found ${found}` });
    return false;
  }
}

const placesOf = (values: readonly string[]): ReadonlyMap<string, number> =>
  new Map(values.map((value, place) => [value, place]));

/**
 * One sample's values from a field for each column, a regression's target left 0. What is no number, or no value of its
 * category, counts as missing.
 */
export function encodeSample(inputs: readonly TableInput[], fields: readonly string[], features: number): Float32Array {
  const x = new Float32Array(features);
  const offsets = inputOffsets(inputs);
  for (const [index, input] of inputs.entries()) {
    const text = (fields[index] ?? '').trim();
    const at = offsets[index] as number;
    const number = text === '' ? Number.NaN : Number(text);
    const place = input.kind === 'category' ? placeOf(input, text) : -1;
    if (input.kind === 'number' && Math.abs(number) <= MAX_VALUE) x[at] = (number - input.mean) / input.scale;
    else if (place >= 0) x[at + place] = 1;
    else if (input.hasMissing) x[at + inputWidth(input) - 1] = 1;
  }
  return x;
}

function placeOf({ values, hasOthers }: Extract<TableInput, { kind: 'category' }>, text: string): number {
  if (isMissing(text)) return -1;
  const place = values.indexOf(text);
  return place < 0 && hasOthers ? values.length : place;
}

/** The field that a sample's values stand for, as text; empty where it is missing. */
export function decodeField(input: TableInput, x: Float32Array, at: number): string {
  if (input.hasMissing && x[at + inputWidth(input) - 1] === 1) return '';
  if (input.kind === 'number') return numberText(input, x[at] as number);
  const place = x.subarray(at, at + input.values.length).indexOf(1);
  return place < 0 ? (input.hasOthers ? 'other' : '') : (input.values[place] as string);
}

/** One row of a block as people know it: a field for each column, and the target. */
export function decodeRow(
  { columns, target }: { readonly columns: readonly TableInput[]; readonly target: TableTarget },
  { x, y, features }: DenseBlock,
  row: number,
): { readonly fields: string[]; readonly target: string } {
  if (x instanceof Uint8Array) throw new TypeError('a table is encoded as floats');
  const values = x.subarray(row * features, (row + 1) * features);
  const offsets = inputOffsets(columns);
  const fields = columns.map((input, index) => decodeField(input, values, offsets[index] as number));
  if (target.kind === 'classes') return { fields, target: target.labels[y[row] as number] ?? '' };
  return { fields, target: numberText(target, values[features - 1] as number) };
}

/** A standardised value as the number that it stands for, without the digits that f32 doesn't have. */
const numberText = ({ mean, scale }: { mean: number; scale: number }, value: number): string =>
  String(Number((mean + scale * value).toPrecision(6)));
