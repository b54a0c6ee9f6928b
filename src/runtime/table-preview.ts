// First rows of ratings and of tables, and what a table's columns were taken for, as the page shows them.
import type { DatasetMeta, DenseBlock, SparseBlock } from '../data/dataset.ts';
import { decodeRow } from '../data/table-encode.ts';
import type { TableSchema } from '../data/table-schema.ts';
import type { PreviewView, TableView } from '../store/view.ts';

/** Rows shown as a preview. */
const PREVIEW_ROWS = 6;

export function ratingRows(
  meta: Extract<DatasetMeta, { kind: 'ratings' }>,
  { indices, values }: SparseBlock,
): PreviewView {
  const { users, items } = meta.names;
  const rows = Array.from({ length: Math.min(PREVIEW_ROWS, indices.length / 2) }, (_, row) => {
    const user = indices[2 * row] ?? 0;
    const item = (indices[2 * row + 1] ?? 0) - meta.users;
    const rating = values[2 * row] ?? 0;
    return [users[user] ?? String(user + 1), items[item] ?? String(item + 1), String(Number(rating.toFixed(2)))];
  });
  return { kind: 'table', columns: ['User', 'Item', 'Rating'], rows };
}

export const tableView = ({ dialect, columns, target }: TableSchema): TableView => ({
  delimiter: dialect.delimiter,
  target: columns[target]?.name ?? '',
  columns: columns.map(({ name, kind, missing, values, hasOthers }) => {
    return { name, kind, missing, distinct: kind === 'category' && !hasOthers ? values.length : null };
  }),
});

/** Columns beyond these are not shown: a phone has room for three. */
const PREVIEW_COLUMNS = 12;

export function tableRows(meta: Extract<DatasetMeta, { kind: 'tabular' }>, block: DenseBlock): PreviewView {
  const columns = meta.columns.slice(0, PREVIEW_COLUMNS).map(({ name }) => name);
  const rows = Array.from({ length: Math.min(PREVIEW_ROWS, block.count) }, (_, row) => {
    const { fields, target } = decodeRow(meta, block, row);
    return [target, ...fields.slice(0, PREVIEW_COLUMNS)];
  });
  return { kind: 'table', columns: [meta.target.name, ...columns], rows };
}
