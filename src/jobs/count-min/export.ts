// A sketch as files: what it says of every item, and the sketch itself.
import { encodeCsv, encodeJson } from '../../data/csv-write.ts';
import type { DocumentsMeta } from '../../data/dataset.ts';
import { wordName } from '../../data/documents.ts';
import { estimateAll, totalOf } from './look.ts';
import { errorShare, failureShare, type SketchShape } from './sketch.ts';

const tableOf = (values: Float32Array | undefined) => ({ keys: null, values: values ?? new Float32Array() });

/** Every item with its estimate, the most frequent first; its exact count where that is kept. */
export function countsCsv(meta: DocumentsMeta, shape: SketchShape, tables: readonly Float32Array[]): Uint8Array {
  const [cells, exact] = tables;
  const estimates = estimateAll(meta.words, shape, tableOf(cells));
  const order = Uint32Array.from(estimates, (_, item) => item).sort(
    (a, b) => (estimates[b] ?? 0) - (estimates[a] ?? 0) || a - b,
  );
  const rows = Array.from(order, (item) => {
    const row = [wordName(meta, item), estimates[item] ?? 0];
    return exact === undefined ? row : [...row, exact[item] ?? 0];
  });
  return encodeCsv([exact === undefined ? ['item', 'estimate'] : ['item', 'estimate', 'exact'], ...rows]);
}

/** Cells row by row, and what their estimates promise. */
export function sketchJson(shape: SketchShape, [cells]: readonly Float32Array[]): Uint8Array {
  const { width, depth } = shape;
  const counted = totalOf(tableOf(cells), shape);
  const rows = Array.from({ length: depth }, (_, row) => [...(cells?.subarray(row * width, (row + 1) * width) ?? [])]);
  return encodeJson({ width, depth, counted, bound: errorShare(shape) * counted, failure: failureShare(shape), rows });
}
