// A dataset in words and pictures, for the page.
import { whyNotPrivate } from '../data/agreement.ts';
import type { Block, DatasetMeta, DenseBlock, DocumentsMeta, Manifest, SparseBlock } from '../data/dataset.ts';
import { wordName, wordsOf } from '../data/documents.ts';
import { jobs } from '../jobs/registry.ts';
import type { DataPlan } from '../protocol/control.ts';
import type { Offer } from '../protocol/privacy.ts';
import type { DatasetView, JobView } from '../store/view.ts';
import type { DroppedFiles } from './dropped-files.ts';
import { jobViews } from './job-views.ts';
import { offerOf } from './private-data.ts';
import { ratingRows, tableRows } from './table-preview.ts';

export interface DatasetSummary {
  readonly plan: DataPlan;
  readonly view: DatasetView;
  readonly jobs: readonly JobView[];
  /** What this tab would tell a private room; null of data that aren't its own. */
  readonly offer: Offer | null;
  /** Why these can't stay in their tab; null where they can. */
  readonly whyNotPrivate: string | null;
  /** The files that these were read from, where this tab has them: a page that was loaded again has forgotten them. */
  readonly dropped: DroppedFiles | null;
}

const count = (samples: number) => samples.toLocaleString('en');

/** Pictures shown as a preview. */
const PREVIEW_IMAGES = 24;

/** What is known of data only where their files were read. */
interface ReadFrom {
  readonly manifest: Manifest;
  /** Null where the files are no longer here, so that nothing can be corrected. */
  readonly dropped: DroppedFiles | null;
}

export function describeDataset(
  meta: DatasetMeta,
  plan: DataPlan,
  first: Block | null,
  from?: ReadFrom,
): DatasetSummary {
  const { table = null, columns = null, skippedRows = 0 } = from?.dropped?.notes ?? {};
  const skipped = skippedRows === 0 ? '' : `; ${plural(skippedRows, 'bad row')} skipped`;
  const { train, test } = meta.samples;
  const view: DatasetView = {
    name: meta.name,
    description: `${count(train)} training and ${count(test)} test samples; ${shapeInWords(meta)}${skipped}`,
    source: plan.source.kind === 'generated' ? 'generated' : 'files',
    jobs: jobs.filter(({ dataKind }) => dataKind === meta.kind).map(({ name }) => name),
    preview: first === null ? null : previewOf(meta, first),
    ...(from?.dropped && { isCorrectable: true }),
    ...(table && { table }),
    ...(columns && { columns }),
  };
  const reason = whyNotPrivate(meta);
  const offer = from === undefined || reason !== null ? null : offerOf(from.manifest);
  return { plan, view, jobs: jobViews(meta), offer, whyNotPrivate: reason, dropped: from?.dropped ?? null };
}

const plural = (many: number, what: string) => `${count(many)} ${what}${many === 1 ? '' : 's'}`;

/** What a sample is, in words. */
function shapeInWords(meta: DatasetMeta): string {
  switch (meta.kind) {
    case 'dense':
      return `${meta.shape.join('×')}, ${meta.classes} classes`;
    case 'images': {
      const [height, width, channels] = meta.shape;
      return `${width}×${height} pixels in ${channels === 3 ? 'colour' : 'grey'}, ${meta.classes} classes`;
    }
    case 'sparse':
      return `${count(meta.features)} features, few of them in each sample`;
    case 'documents':
      return `${count(meta.tokens.train)} words to learn from, ${count(meta.words)} different ones`;
    case 'text':
      return `rows of ${count(meta.features)} characters, ${meta.classes} different ones`;
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

function previewOf(meta: DatasetMeta, block: Block): DatasetView['preview'] {
  if (meta.kind === 'documents') return block.kind === 'sparse' ? documentsPreview(meta, block) : null;
  if (meta.kind === 'text') return block.kind === 'dense' ? textPreview(meta.vocabulary, block) : null;
  if (meta.kind === 'ratings') return block.kind === 'sparse' ? ratingRows(meta, block) : null;
  if (meta.kind === 'tabular') return block.kind === 'dense' ? tableRows(meta, block) : null;
  const isPictures = meta.kind === 'dense' || meta.kind === 'images';
  const [height, width, channels = 1] = isPictures ? meta.shape : [];
  if (block.kind !== 'dense' || height === undefined || width === undefined) return null;
  const images = Array.from({ length: Math.min(PREVIEW_IMAGES, block.count) }, (_, row) => {
    const values = block.x.slice(row * block.features, (row + 1) * block.features);
    const pixels = values instanceof Uint8Array ? values : Uint8Array.from(values, (value) => Math.round(value * 255));
    const label = block.y[row] ?? 0;
    return { pixels, label: meta.kind === 'images' ? (meta.labels[label] ?? '') : String(label) };
  });
  if (meta.kind !== 'images') return { kind: 'images', width, height, images };
  const classes = meta.labels.map((label, index) => ({ label, count: meta.counts[index] ?? 0 }));
  return { kind: 'images', width, height, images, channels: channels === 3 ? 3 : 1, classes };
}

/** Lines, and words in each. */
const PREVIEW_LINES = 6;
const PREVIEW_WORDS = 24;

/** The first row, line by line: the beginning of the text. */
function textPreview(vocabulary: readonly string[], { x, features }: DenseBlock): DatasetView['preview'] {
  const text = Array.from(x.slice(0, features), (character) => vocabulary[character] ?? '').join('');
  return { kind: 'text', lines: text.split('\n').slice(0, PREVIEW_LINES) };
}

/** Pictures where words are pixels, else the words of the first documents, the most frequent ones first. */
function documentsPreview(meta: DocumentsMeta, block: SparseBlock): DatasetView['preview'] {
  const [height, width] = meta.picture;
  const rows = (most: number) => Array.from({ length: Math.min(most, block.count) }, (_, row) => row);
  if (height === undefined || width === undefined) {
    const lines = rows(PREVIEW_LINES).map((row) => {
      const words = [...wordsOf(block, row, meta.words)].sort((a, b) => b.times - a.times || a.word - b.word);
      return words
        .slice(0, PREVIEW_WORDS)
        .map(({ word }) => wordName(meta, word))
        .join(' ');
    });
    return { kind: 'text', lines };
  }
  const images = rows(PREVIEW_IMAGES).map((row) => {
    const words = [...wordsOf(block, row, meta.words)];
    const most = Math.max(1, ...words.map(({ times }) => times));
    const pixels = new Uint8Array(meta.words);
    for (const { word, times } of words) pixels[word] = Math.round((255 * times) / most);
    return { pixels, label: `document ${row + 1}` };
  });
  return { kind: 'images', width, height, images };
}
