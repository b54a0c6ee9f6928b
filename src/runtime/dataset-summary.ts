// A dataset in words and pictures, for the page.
import type { Block, DatasetMeta, DenseBlock, SparseBlock } from '../data/dataset.ts';
import { decodeRow } from '../data/table-encode.ts';
import type { TableSchema } from '../data/table-schema.ts';
import { jobs } from '../jobs/registry.ts';
import type { DataPlan } from '../protocol/control.ts';
import type { DatasetView, PreviewView, TableView } from '../store/view.ts';

export interface DatasetSummary {
  readonly meta: DatasetMeta;
  readonly plan: DataPlan;
  readonly view: DatasetView;
}

const count = (samples: number) => samples.toLocaleString('en');

/** Rows shown as a preview. */
const PREVIEW_ROWS = 6;

/** Pictures shown as a preview. */
const PREVIEW_IMAGES = 24;

/** What is known of data only where their files were read. */
interface ReadFrom {
  readonly schema: TableSchema | null;
  readonly skippedRows: number;
}

export function describeDataset(meta: DatasetMeta, plan: DataPlan, first: Block, from?: ReadFrom): DatasetSummary {
  const skippedRows = from?.skippedRows ?? 0;
  const skipped = skippedRows === 0 ? '' : `; ${plural(skippedRows, 'bad row')} skipped`;
  const { train, test } = meta.samples;
  const view: DatasetView = {
    name: meta.name,
    description: `${count(train)} training and ${count(test)} test samples; ${contentsOf(meta)}${skipped}`,
    source: plan.source.kind === 'generated' ? 'generated' : 'files',
    jobs: jobs.filter(({ dataKind }) => dataKind === meta.kind).map(({ name }) => name),
    preview: previewOf(meta, first),
    ...(from?.schema && { table: tableView(from.schema) }),
  };
  return { meta, plan, view };
}

const plural = (many: number, what: string) => `${count(many)} ${what}${many === 1 ? '' : 's'}`;

/** What a sample is, in words. */
function contentsOf(meta: DatasetMeta): string {
  switch (meta.kind) {
    case 'dense':
      return `${meta.shape.join('×')}, ${meta.classes} classes`;
    case 'sparse':
      return `${count(meta.features)} features, few of them in each sample`;
    case 'ratings':
      return `ratings of ${count(meta.items)} items by ${count(meta.users)} users`;
    case 'tabular': {
      const what = meta.target.kind === 'classes' ? `${meta.classes} classes` : 'a number';
      return `${plural(meta.columns.length, 'column')} to predict ${meta.target.name} from (${what})`;
    }
    default:
      return meta satisfies never;
  }
}

function ratingRows(meta: Extract<DatasetMeta, { kind: 'ratings' }>, { indices, values }: SparseBlock): PreviewView {
  const { users, items } = meta.names;
  const rows = Array.from({ length: Math.min(PREVIEW_ROWS, indices.length / 2) }, (_, row) => {
    const user = indices[2 * row] ?? 0;
    const item = (indices[2 * row + 1] ?? 0) - meta.users;
    const rating = values[2 * row] ?? 0;
    return [users[user] ?? String(user + 1), items[item] ?? String(item + 1), String(Number(rating.toFixed(2)))];
  });
  return { kind: 'table', columns: ['User', 'Item', 'Rating'], rows };
}

const tableView = ({ dialect, columns, target }: TableSchema): TableView => ({
  delimiter: dialect.delimiter,
  target: columns[target]?.name ?? '',
  columns: columns.map(({ name, kind, missing, values, hasOthers }) => {
    return { name, kind, missing, distinct: kind === 'category' && !hasOthers ? values.length : null };
  }),
});

/** Columns beyond these are not shown: a phone has room for three. */
const PREVIEW_COLUMNS = 12;

function tableRows(meta: Extract<DatasetMeta, { kind: 'tabular' }>, block: DenseBlock): PreviewView {
  const columns = meta.columns.slice(0, PREVIEW_COLUMNS).map(({ name }) => name);
  const rows = Array.from({ length: Math.min(PREVIEW_ROWS, block.count) }, (_, row) => {
    const { fields, target } = decodeRow(meta, block, row);
    return [target, ...fields.slice(0, PREVIEW_COLUMNS)];
  });
  return { kind: 'table', columns: [meta.target.name, ...columns], rows };
}

function previewOf(meta: DatasetMeta, block: Block): DatasetView['preview'] {
  if (meta.kind === 'ratings') return block.kind === 'sparse' ? ratingRows(meta, block) : null;
  if (meta.kind === 'tabular') return block.kind === 'dense' ? tableRows(meta, block) : null;
  const [height, width] = meta.kind === 'dense' ? meta.shape : [];
  if (block.kind !== 'dense' || height === undefined || width === undefined) return null;
  const images = Array.from({ length: Math.min(PREVIEW_IMAGES, block.count) }, (_, row) => {
    const values = block.x.slice(row * block.features, (row + 1) * block.features);
    const pixels = values instanceof Uint8Array ? values : Uint8Array.from(values, (value) => Math.round(value * 255));
    return { pixels, label: String(block.y[row] ?? 0) };
  });
  return { kind: 'images', width, height, images };
}
