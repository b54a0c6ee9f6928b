// CSV tables as a dataset for classification or regression; what its meta must look like when it comes from outside.
import { z } from 'zod';
import { BadRowCount } from './bad-rows.ts';
import { type CsvDialect, CsvReader } from './csv.ts';
import { readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import type { DatasetMeta, Split, TableInput, TableTarget } from './dataset.ts';
import { bySplit, datasetName, type FileFormat, type Loaded, type LoadSettings, testRows } from './file-format.ts';
import { MAX_CLASSES, MAX_SAMPLES, MAX_VALUE } from './limits.ts';
import type { Asking, Emit, FileHead, Reading } from './reading.ts';
import { bothSplits, DenseBlocks, denseRowBytes, SplitTurns } from './row-blocks.ts';
import {
  codeOf,
  type EncodedRow,
  inputOffsets,
  MAX_TABLE_FEATURES,
  type TableCode,
  TableRows,
} from './table-encode.ts';
import { headerOf, inferSchema, type TableSchema } from './table-schema.ts';

const name = z.string().max(256 * 1024);
const standard = { mean: z.number().min(-MAX_VALUE).max(MAX_VALUE), scale: z.number().positive().max(MAX_VALUE) };
const inputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), name, hasMissing: z.boolean(), ...standard }),
  z.strictObject({
    kind: z.literal('category'),
    name,
    hasMissing: z.boolean(),
    values: z.array(name).max(MAX_TABLE_FEATURES),
    hasOthers: z.boolean(),
  }),
]);
const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('classes'), name, labels: z.array(name).min(2).max(MAX_CLASSES) }),
  z.strictObject({ kind: z.literal('number'), name, ...standard }),
]);

/** Name and samples are every dataset's: they are added where the schemas of all kinds stand together. */
export const tabularMetaSchema = z.strictObject({
  kind: z.literal('tabular'),
  features: z.int().min(1).max(MAX_TABLE_FEATURES),
  classes: z.int().min(1).max(MAX_CLASSES),
  columns: z.array(inputSchema).min(1).max(MAX_TABLE_FEATURES),
  target: targetSchema,
});

/** Do features and classes say what columns and target say? */
export function isConsistentTable({ features, classes, columns, target }: z.infer<typeof tabularMetaSchema>): boolean {
  const values = inputOffsets(columns).at(-1) ?? 0;
  return target.kind === 'classes'
    ? features === values && classes === target.labels.length
    : features === values + 1 && classes === 1;
}

/** The meta of a table that is encoded so. */
export function tableMeta(
  name: string,
  samples: Readonly<Record<Split, number>>,
  columns: readonly TableInput[],
  target: TableTarget,
): Extract<DatasetMeta, { kind: 'tabular' }> {
  const values = inputOffsets(columns).at(-1) ?? 0;
  const [features, classes] = target.kind === 'classes' ? [values, target.labels.length] : [values + 1, 1];
  return { kind: 'tabular', name, samples, features, classes, columns, target };
}

export const tableFormat: FileFormat = {
  name: 'CSV with a header',
  kind: 'tabular',
  isDistinctive: false,
  detect: (files) => files.every(({ head }) => readHead(head)?.hasHeader === true),
  load: loadTable,
};

/**
 * Looked through once for what the columns are, once for means and deviations of the rows to train on, and then cut into
 * blocks. Rows are standardised by all rows of the file at first, in doubles, so that large offsets (a year, a time) cost no
 * digits; then what held-out rows added to that is taken off.
 */
function* loadTable(files: readonly FileHead[], seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const { train, test } = bySplit(files, 'CSV');
  const schema = yield* inferSchema(train, settings.table);
  const table = new Table(schema, codeOf(train.name, schema), settings.skipBadRows);
  const learnt = yield* table.study(train, seed, test === null);
  const testDialect = test === null ? null : headerOf(test, schema.dialect.delimiter).dialect;
  const tested = test === null || testDialect === null ? null : yield* table.count(test, testDialect);
  const samples = { train: learnt.count - learnt.held.length, test: tested?.count ?? learnt.held.length };
  const { features } = table.code;
  const out = bothSplits(
    samples,
    denseRowBytes(features, 4),
    emit,
    (size, take) => new DenseBlocks(features, size, take),
  );
  const turns = new SplitTurns(learnt.held);
  const add = (into: DenseBlocks, { x, label }: EncodedRow) => {
    standardise(x, learnt.scales);
    into.add(label, x);
  };
  yield table.reading(train, schema.dialect, (row) => add(out[turns.next()], row), 'Making blocks of');
  if (test !== null && testDialect !== null) {
    yield table.reading(test, testDialect, (row) => add(out.test, row), 'Making blocks of');
  }
  out.finish();
  const { inputs, target } = restandardised(table.code, learnt.scales);
  const meta = tableMeta(datasetName(train.name), samples, inputs, target);
  return { meta, schema, skippedRows: learnt.badRows + (tested?.badRows ?? 0) };
}

class Table {
  private readonly columns: readonly { readonly at: number; readonly flag: number }[];

  constructor(
    private readonly schema: TableSchema,
    readonly code: TableCode,
    private readonly isSkipping: boolean,
  ) {
    this.columns = numberColumns(code);
  }

  /** Moments of all rows but those held out. */
  *study(file: FileHead, seed: number, isHoldingOut: boolean) {
    // Rows that look well may still be bad; then others are held out, and the moments are those of others.
    for (let expected = this.schema.rows; ; ) {
      const held = isHoldingOut ? testRows(file.name, expected, seed) : new Uint32Array(0);
      const moments = this.columns.map(({ at, flag }) => new Moments(at, flag));
      const turns = new SplitTurns(held);
      const counted = yield* this.count(file, this.schema.dialect, ({ x }) => {
        if (turns.next() === 'train') for (const column of moments) column.add(x);
      });
      if (counted.count === expected) return { ...counted, held, scales: moments.map((column) => column.scale()) };
      expected = counted.count;
    }
  }

  /** @throws BadRows, BadDataFile where no row can be read */
  *count(file: FileHead, dialect: CsvDialect, onRow: (row: EncodedRow) => void = () => undefined) {
    const badRows = new BadRowCount(file.name, this.isSkipping);
    let count = 0;
    const rows = new TableRows(file.name, this.code, badRows, (row) => {
      if (++count > MAX_SAMPLES) throw new BadDataFile(file.name, 'too-large', `over ${MAX_SAMPLES} rows: use fewer`);
      onRow(row);
    });
    yield { file, into: new CsvReader(dialect, rows), doing: 'Looking through' };
    badRows.finish();
    if (count === 0) throw new BadDataFile(file.name, 'empty', 'the table has no rows that can be read');
    return { count, badRows: badRows.rows };
  }

  /** Reads again what has been judged. */
  reading(file: FileHead, dialect: CsvDialect, onRow: (row: EncodedRow) => void, doing: string): Reading {
    const rows = new TableRows(file.name, this.code, new BadRowCount(file.name, true), onRow);
    return { file, into: new CsvReader(dialect, rows), doing };
  }
}

/** Where the numbers are in a row, and for each where it says that it is missing; −1 where it never is. */
function numberColumns({ inputs, target, features }: TableCode) {
  const offsets = inputOffsets(inputs);
  const columns = inputs.flatMap((input, index) => {
    const at = offsets[index] as number;
    return input.kind === 'number' ? [{ at, flag: input.hasMissing ? at + 1 : -1 }] : [];
  });
  return target.kind === 'number' ? [...columns, { at: features - 1, flag: -1 }] : columns;
}

/** How a column's values are brought to mean 0 and variance 1. */
interface Scale {
  readonly at: number;
  readonly flag: number;
  readonly mean: number;
  readonly deviation: number;
}

/** Mean and variance of one column (Welford 1962). */
class Moments {
  private mean = 0;
  private count = 0;
  private squares = 0;

  constructor(
    private readonly at: number,
    private readonly flag: number,
  ) {}

  add(x: Float32Array): void {
    if (this.flag >= 0 && x[this.flag] === 1) return;
    const value = x[this.at] as number;
    const before = value - this.mean;
    this.mean += before / ++this.count;
    this.squares += before * (value - this.mean);
  }

  scale(): Scale {
    const { at, flag, mean, count } = this;
    const variance = count === 0 ? 0 : this.squares / count;
    return { at, flag, mean, deviation: variance > 1e-12 ? Math.sqrt(variance) : 1 };
  }
}

/** In place; what is missing stays 0. */
function standardise(x: Float32Array, scales: readonly Scale[]): void {
  for (const { at, flag, mean, deviation } of scales) {
    x[at] = flag >= 0 && x[flag] === 1 ? 0 : ((x[at] as number) - mean) / deviation;
  }
}

/** What a table's numbers mean after that: scales are in the order of `numberColumns`. */
function restandardised({ inputs, target }: TableCode, scales: readonly Scale[]) {
  const rest = [...scales];
  const again = <T extends { mean: number; scale: number }>(old: T): T => {
    const { mean, deviation } = rest.shift() ?? { mean: 0, deviation: 1 };
    return { ...old, mean: old.mean + old.scale * mean, scale: old.scale * deviation };
  };
  const columns = inputs.map((input) => (input.kind === 'number' ? again(input) : input));
  return { inputs: columns, target: target.kind === 'number' ? again(target) : target };
}
