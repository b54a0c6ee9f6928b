// CSV tables as a dataset for classification or regression; what its meta must look like when it comes from outside.
import { z } from 'zod';
import { readHead } from './csv-dialect.ts';
import type { DatasetMeta, DenseBlock, Split, TableInput, TableTarget } from './dataset.ts';
import {
  assemble,
  bySplit,
  DEFAULT_SETTINGS,
  datasetName,
  type FileFormat,
  type LoadedDataset,
  splitUp,
} from './file-format.ts';
import { MAX_CLASSES, MAX_VALUE } from './limits.ts';
import { codeOf, encodeTable, inputOffsets, MAX_TABLE_FEATURES, type TableCode } from './table-encode.ts';
import { inferSchema } from './table-schema.ts';

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
  detect: (files) => files.every(({ bytes }) => readHead(bytes)?.hasHeader === true),
  load(files, seed, { skipBadRows, table } = DEFAULT_SETTINGS): LoadedDataset {
    const { train, test } = bySplit(files, 'CSV');
    const schema = inferSchema(train.name, train.bytes, table);
    const code = codeOf(train.name, schema);
    const trained = encodeTable(train.name, train.bytes, schema, code, skipBadRows);
    const tested =
      test === null ? null : encodeTestFile(test.name, test.bytes, schema.dialect.delimiter, code, skipBadRows);
    const splits = splitUp(train.name, trained.block, tested?.block ?? null, seed) as Record<Split, DenseBlock>;
    const { inputs, target } = standardise(splits, code);
    const loaded = assemble(splits, (samples) => tableMeta(datasetName(train.name), samples, inputs, target));
    return { ...loaded, schema, skippedRows: trained.skippedRows + (tested?.skippedRows ?? 0) };
  },
};

function encodeTestFile(name: string, bytes: Uint8Array, delimiter: string, code: TableCode, isSkipping: boolean) {
  const { rows, dialect } = inferSchema(name, bytes, { delimiter, target: code.target.name, kinds: {} });
  return encodeTable(name, bytes, { rows, dialect }, code, isSkipping);
}

/**
 * Makes every number's mean 0 and variance 1 over the training split, in place. They were standardised by all rows of the
 * file before, in doubles, so that large offsets (a year, a time) cost no digits; what held-out rows added to that goes.
 */
function standardise(splits: Record<Split, DenseBlock>, { inputs, target, features }: TableCode) {
  const offsets = inputOffsets(inputs);
  const again = <T extends { mean: number; scale: number }>(old: T, column: number, hasMissing: boolean): T => {
    const flag = hasMissing ? column + 1 : -1;
    const { mean, deviation } = moments(splits.train, column, flag);
    for (const { x, count } of [splits.train, splits.test]) {
      for (let at = column; at < count * features; at += features) {
        const isPresent = flag < 0 || x[at + 1] === 0;
        x[at] = isPresent ? ((x[at] as number) - mean) / deviation : 0;
      }
    }
    return { ...old, mean: old.mean + old.scale * mean, scale: old.scale * deviation };
  };
  const newInputs = inputs.map((input, index) =>
    input.kind === 'number' ? again(input, offsets[index] as number, input.hasMissing) : input,
  );
  return { inputs: newInputs, target: target.kind === 'number' ? again(target, features - 1, false) : target };
}

function moments({ x, count, features }: DenseBlock, column: number, flag: number) {
  let [sum, squares, present] = [0, 0, 0];
  for (let row = 0; row < count; row++) {
    if (flag >= 0 && x[row * features + flag] === 1) continue;
    const value = x[row * features + column] as number;
    sum += value;
    squares += value * value;
    present++;
  }
  const mean = present === 0 ? 0 : sum / present;
  const variance = present === 0 ? 0 : squares / present - mean * mean;
  return { mean, deviation: variance > 1e-12 ? Math.sqrt(variance) : 1 };
}
