// What tabs whose data stay in them agree on before they train one model: shapes, and the union of class names, of
// categories and of characters. No sample is in it; of a table's number columns mean and spread are.
import type { Block, DatasetMeta, DenseBlock, TableInput, TableTarget } from './dataset.ts';
import { datasetMetaSchema } from './manifest.ts';
import { inputOffsets } from './table-encode.ts';
import { tableMeta } from './table-format.ts';

/** Data that can't be trained on together with the others'. The message says what differs and what to do. */
export class ShapesDiffer extends Error {
  override name = 'ShapesDiffer';
}

/** What one tab has: a shape, and how many training samples it speaks for. */
export interface Part {
  readonly meta: DatasetMeta;
  readonly samples: number;
}

type Table = Extract<DatasetMeta, { kind: 'tabular' }>;
type Text = Extract<DatasetMeta, { kind: 'text' }>;

/** Why data of this kind can't stay in their tabs; null where they can. */
export function whyNotPrivate(meta: DatasetMeta): string | null {
  if (meta.kind === 'documents')
    return 'Topics and counts need one list of words and totals: these data can’t stay in each tab.';
  if (meta.kind === 'ratings')
    return 'Ratings name users and items that all tabs share: these data can’t stay in each tab.';
  return null;
}

/** The shape alone, as text for the others: without the name of the file and without how many samples there are. */
export function shapeText(meta: DatasetMeta): string {
  const counts = meta.kind === 'images' ? { counts: meta.counts.map(() => 0) } : {};
  return JSON.stringify({ ...meta, ...counts, name: '', samples: { train: 0, test: 0 } });
}

/** A shape that anyone may have sent. @throws ShapesDiffer */
export function parseShape(text: string): DatasetMeta {
  const parsed = datasetMetaSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new ShapesDiffer('What another tab says of its data can’t be read: reload both tabs.');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The shape that all parts can be brought to, the first one's leading. Means and spreads of number columns are those of
 * all samples together. @throws ShapesDiffer where a part can't be
 */
export function unite(parts: readonly Part[]): DatasetMeta {
  const [first, ...others] = parts;
  if (first === undefined) throw new ShapesDiffer('No tab has data yet: drop files in at least one.');
  const reason = whyNotPrivate(first.meta);
  if (reason !== null) throw new ShapesDiffer(reason);
  const sum = others.reduce((all, part) => ({ meta: join(all, part), samples: all.samples + part.samples }), first);
  return parseShape(shapeText(sum.meta));
}

function join(all: Part, part: Part): DatasetMeta {
  const [a, b] = [all.meta, part.meta];
  if (a.kind === 'sparse' && b.kind === 'sparse') return { ...a, features: Math.max(a.features, b.features) };
  if (a.kind === 'dense' && b.kind === 'dense') {
    checkSizes(a.shape, b.shape);
    return { ...a, classes: Math.max(a.classes, b.classes) };
  }
  if (a.kind === 'images' && b.kind === 'images') {
    checkSizes(a.shape, b.shape);
    const labels = union(a.labels, b.labels);
    return { ...a, labels, classes: labels.length, counts: labels.map(() => 0) };
  }
  if (a.kind === 'text' && b.kind === 'text') return joinTexts(a, b);
  if (a.kind === 'tabular' && b.kind === 'tabular') return joinTables(a, all.samples, b, part.samples);
  throw new ShapesDiffer(`These data are ${b.kind}, the others’ are ${a.kind}: drop files of the same kind.`);
}

function checkSizes(all: readonly number[], own: readonly number[]): void {
  if (all.join() === own.join()) return;
  throw new ShapesDiffer(`These samples are ${own.join('×')}, the others’ are ${all.join('×')}: use the same size.`);
}

function joinTexts(a: Text, b: Text): Text {
  if (a.features !== b.features) throw new ShapesDiffer('These texts are cut into rows of another length.');
  const vocabulary = union(a.vocabulary, b.vocabulary);
  return { ...a, vocabulary, classes: vocabulary.length };
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

function joinTables(a: Table, samples: number, b: Table, more: number): Table {
  const columns = a.columns.map((column) => {
    const other = columnNamed(b, column.name);
    const hasMissing = column.hasMissing || other.hasMissing;
    if (column.kind === 'number' && other.kind === 'number') {
      return { ...column, hasMissing, ...pool(column, samples, other, more) };
    }
    if (column.kind !== 'category' || other.kind !== 'category') throw otherKind(column, other.kind);
    const hasOthers = column.hasOthers || other.hasOthers;
    return { ...column, hasMissing, hasOthers, values: union(column.values, other.values) };
  });
  return tableMeta('', { train: 0, test: 0 }, columns, joinTargets(a.target, samples, b.target, more));
}

function columnNamed({ columns }: Table, name: string): TableInput {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw new ShapesDiffer(`These data have no column “${name}”, which the others learn from: use the same columns.`);
}

const otherKind = ({ name, kind }: { name: string; kind: string }, own: string) =>
  new ShapesDiffer(`“${name}” is a ${own} here and a ${kind} in the others’ data: correct it beside the preview.`);

function joinTargets(a: TableTarget, samples: number, b: TableTarget, more: number): TableTarget {
  if (a.name !== b.name) throw new ShapesDiffer(`These data predict “${b.name}”, the others’ “${a.name}”.`);
  if (a.kind === 'number' && b.kind === 'number') return { ...a, ...pool(a, samples, b, more) };
  if (a.kind !== 'classes' || b.kind !== 'classes') {
    const kindOf = ({ kind }: TableTarget) => (kind === 'classes' ? 'category' : 'number');
    throw otherKind({ name: a.name, kind: kindOf(a) }, kindOf(b));
  }
  return { ...a, labels: union(a.labels, b.labels) };
}

interface Standard {
  readonly mean: number;
  readonly scale: number;
}

/** Mean and deviation of two groups of samples together. */
function pool(a: Standard, samples: number, b: Standard, more: number): Standard {
  const total = Math.max(1, samples + more);
  const mean = (a.mean * samples + b.mean * more) / total;
  const squares = (part: Standard, count: number) => count * (part.scale ** 2 + (part.mean - mean) ** 2);
  const scale = Math.sqrt((squares(a, samples) + squares(b, more)) / total);
  return { mean, scale: scale > 0 && Number.isFinite(scale) ? scale : 1 };
}

/**
 * Brings blocks of one's own to the agreed shape: labels, categories and characters renumbered, numbers standardised
 * anew. @throws ShapesDiffer where the data have what was not agreed on
 */
export function fitter(own: DatasetMeta, agreed: DatasetMeta): (block: Block) => Block {
  const reason = whyNotPrivate(own);
  if (reason !== null) throw new ShapesDiffer(reason);
  if (own.kind === 'sparse' && agreed.kind === 'sparse') {
    checkCount('features', own.features, agreed.features);
    return (block) => block;
  }
  if (own.kind === 'dense' && agreed.kind === 'dense') {
    checkSizes(agreed.shape, own.shape);
    checkCount('classes', own.classes, agreed.classes);
    return (block) => block;
  }
  if (own.kind === 'images' && agreed.kind === 'images') {
    checkSizes(agreed.shape, own.shape);
    const places = placesIn(agreed.labels, own.labels, 'class');
    return (block) => ({ ...block, y: block.y.map((label) => places[label] ?? 0) });
  }
  if (own.kind === 'text' && agreed.kind === 'text') return textFitter(own, agreed);
  if (own.kind === 'tabular' && agreed.kind === 'tabular') return tableFitter(own, agreed);
  throw new ShapesDiffer(`These data are ${own.kind}, this run learns from ${agreed.kind}: drop files of that kind.`);
}

function checkCount(what: string, own: number, agreed: number): void {
  if (own <= agreed) return;
  throw new ShapesDiffer(
    `These data have ${own} ${what}, this run was started for ${agreed}: start it again with these data in the room.`,
  );
}

/** Where each of these names stands in the agreed list. */
function placesIn(agreed: readonly string[], own: readonly string[], what: string): Uint32Array {
  const places = new Map(agreed.map((name, place) => [name, place]));
  return Uint32Array.from(own, (name) => {
    const place = places.get(name);
    if (place !== undefined) return place;
    throw new ShapesDiffer(
      `This run doesn’t know the ${what} “${name}”: start it again with these data in the room, or leave those rows out.`,
    );
  });
}

function textFitter(own: Text, agreed: Text): (block: Block) => Block {
  if (own.features !== agreed.features) throw new ShapesDiffer('These texts are cut into rows of another length.');
  const places = placesIn(agreed.vocabulary, own.vocabulary, 'character');
  return (block) => {
    const { x, ...rest } = dense(block);
    return { ...rest, x: Uint8Array.from(x, (character) => places[character] ?? 0) };
  };
}

/** Copies one column's values of a row: from `x` at `from` to `into` at `to`. */
type CopyColumn = (x: DenseBlock['x'], from: number, into: Float32Array, to: number) => void;

function tableFitter(own: Table, agreed: Table): (block: Block) => Block {
  const [from, to] = [inputOffsets(own.columns), inputOffsets(agreed.columns)];
  const copies = agreed.columns.map((column, index) => {
    const source = own.columns.indexOf(columnNamed(own, column.name));
    const copy = columnCopy(own.columns[source] as TableInput, column);
    return { copy, from: from[source] ?? 0, to: to[index] ?? 0 };
  });
  if (own.target.name !== agreed.target.name || own.target.kind !== agreed.target.kind) {
    throw new ShapesDiffer(`These data predict “${own.target.name}”, this run “${agreed.target.name}”.`);
  }
  const labels =
    own.target.kind === 'classes' && agreed.target.kind === 'classes'
      ? placesIn(agreed.target.labels, own.target.labels, 'class')
      : null;
  const rescale =
    own.target.kind === 'number' && agreed.target.kind === 'number' ? standardise(own.target, agreed.target) : null;
  return (block) => {
    const { count, x, y } = dense(block);
    const into = new Float32Array(count * agreed.features);
    for (let row = 0; row < count; row++) {
      const [start, end] = [row * own.features, row * agreed.features];
      for (const column of copies) column.copy(x, start + column.from, into, end + column.to);
      if (rescale) into[end + agreed.features - 1] = rescale(x[start + own.features - 1] ?? 0);
    }
    return {
      kind: 'dense',
      count,
      features: agreed.features,
      x: into,
      y: labels ? y.map((label) => labels[label] ?? 0) : y,
    };
  };
}

const standardise = (own: Standard, agreed: Standard) => (value: number) =>
  (value * own.scale + own.mean - agreed.mean) / agreed.scale;

function columnCopy(own: TableInput, agreed: TableInput): CopyColumn {
  if (own.hasMissing && !agreed.hasMissing) throw missingNotAgreed(own.name);
  if (own.kind === 'number' && agreed.kind === 'number') {
    const again = standardise(own, agreed);
    return (x, from, into, to) => {
      const isMissing = own.hasMissing && x[from + 1] === 1;
      into[to] = isMissing ? 0 : again(x[from] ?? 0);
      if (agreed.hasMissing) into[to + 1] = isMissing ? 1 : 0;
    };
  }
  if (own.kind !== 'category' || agreed.kind !== 'category') throw otherKind(agreed, own.kind);
  return categoryCopy(own, agreed);
}

const missingNotAgreed = (name: string) =>
  new ShapesDiffer(`“${name}” has gaps here, and this run was started without: start it again with these data.`);

type Category = Extract<TableInput, { kind: 'category' }>;

/** Values of one's own that nobody agreed on count as others, where there is such a place. */
function categoryCopy(own: Category, agreed: Category): CopyColumn {
  const places = agreed.hasOthers
    ? own.values.map((value) => (agreed.values.includes(value) ? agreed.values.indexOf(value) : agreed.values.length))
    : [...placesIn(agreed.values, own.values, `value of “${own.name}”`)];
  if (own.hasOthers) {
    if (!agreed.hasOthers) placesIn(agreed.values, ['(rare ones)'], `value of “${own.name}”`);
    places.push(agreed.values.length);
  }
  const missing = agreed.values.length + (agreed.hasOthers ? 1 : 0);
  if (own.hasMissing) places.push(missing);
  return (x, from, into, to) => {
    for (let place = 0; place < places.length; place++) {
      if (x[from + place] === 1) into[to + (places[place] ?? 0)] = 1;
    }
  };
}

function dense(block: Block): DenseBlock {
  if (block.kind !== 'dense') throw new ShapesDiffer('These blocks are not laid out as their shape says.');
  return block;
}
