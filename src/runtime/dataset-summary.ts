// A dataset in words and pictures, for the page.
import type { Block, DatasetMeta } from '../data/dataset.ts';
import { jobs } from '../jobs/registry.ts';
import type { DataPlan } from '../protocol/control.ts';
import type { DatasetView } from '../store/view.ts';

export interface DatasetSummary {
  readonly meta: DatasetMeta;
  readonly plan: DataPlan;
  readonly view: DatasetView;
}

/** Pictures shown as a preview. */
const PREVIEW_IMAGES = 24;

export function describeDataset(meta: DatasetMeta, plan: DataPlan, first: Block): DatasetSummary {
  const count = (samples: number) => samples.toLocaleString('en');
  const { train, test } = meta.samples;
  const what =
    meta.kind === 'dense'
      ? `${meta.shape.join('×')}, ${meta.classes} classes`
      : `${count(meta.features)} features, few of them in each sample`;
  const view: DatasetView = {
    name: meta.name,
    description: `${count(train)} training and ${count(test)} test samples; ${what}`,
    source: plan.source.kind === 'generated' ? 'generated' : 'files',
    jobs: jobs.filter(({ dataKind }) => dataKind === meta.kind).map(({ name }) => name),
    preview: previewOf(meta, first),
  };
  return { meta, plan, view };
}

function previewOf(meta: DatasetMeta, block: Block): DatasetView['preview'] {
  const [height, width] = meta.kind === 'dense' ? meta.shape : [];
  if (block.kind !== 'dense' || height === undefined || width === undefined) return null;
  const images = Array.from({ length: Math.min(PREVIEW_IMAGES, block.count) }, (_, row) => {
    const values = block.x.slice(row * block.features, (row + 1) * block.features);
    const pixels = values instanceof Uint8Array ? values : Uint8Array.from(values, (value) => Math.round(value * 255));
    return { pixels, label: String(block.y[row] ?? 0) };
  });
  return { kind: 'images', width, height, images };
}
