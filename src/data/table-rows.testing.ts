// Rows of an encoded table as what they say, for tests: numbers rounded, categories and classes by name.
import type { DatasetMeta, DenseBlock } from './dataset.ts';
import { inputOffsets } from './table-encode.ts';

export function decodeRow(meta: DatasetMeta, block: DenseBlock, row: number): Record<string, string> {
  if (meta.kind !== 'tabular') throw new TypeError('not a table');
  const offsets = inputOffsets(meta.columns);
  const start = row * block.features;
  const fields = meta.columns.map((column, index): [string, string] => {
    const at = start + (offsets[index] ?? 0);
    if (column.kind === 'number') return [column.name, ((block.x[at] ?? 0) * column.scale + column.mean).toFixed(3)];
    return [column.name, column.values.find((_, place) => block.x[at + place] === 1) ?? ''];
  });
  const { target } = meta;
  const label = target.kind === 'classes' ? (target.labels[block.y[row] ?? 0] ?? '') : '';
  return Object.fromEntries([...fields, [target.name, label]]);
}
