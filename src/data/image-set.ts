// Which picture is what: from the folders that pictures lie in, or from a CSV file that names them. Only names are looked at
// here; pixels are decoded by whoever has a decoder.
import { Random } from '../random.ts';
import { BadRowCount } from './bad-rows.ts';
import { readCsv } from './csv.ts';
import { readHead } from './csv-dialect.ts';
import { BadDataFile } from './data-file.ts';
import type { Split } from './dataset.ts';
import { heldOutRows, type NamedFile } from './file-format.ts';
import { MAX_CLASSES, MAX_NAME_LENGTH } from './limits.ts';

/** A picture that can't be decoded, of which the first is told. They may be left out, where the user wants that. */
export class BadImages extends BadDataFile {
  override name = 'BadImages';
  constructor(
    file: string,
    readonly images: number,
    sentence: string,
  ) {
    const advice = images === 1 ? 'mend it, or skip it' : `${images} pictures can't be read: mend them, or skip them`;
    super(file, 'wrong-type', `${sentence}; ${advice}`);
  }
}

export interface LabelledImage {
  /** Place in the list of paths. */
  readonly file: number;
  readonly label: number;
}

export interface ImageSet {
  readonly name: string;
  readonly labels: readonly string[];
  /** In an order of the seed's: every block has pictures of every class. */
  readonly images: Readonly<Record<Split, readonly LabelledImage[]>>;
  /** Pictures that no row of the CSV names. */
  readonly unlabelled: number;
  /** Rows of the CSV that were left out. */
  readonly skippedRows: number;
}

/** What each picture is, by name. `split` where its folder says it. */
interface Found {
  readonly name: string;
  readonly labels: readonly (string | null)[];
  readonly splits: readonly (Split | null)[];
  readonly skippedRows: number;
}

const SPLIT_FOLDERS: Readonly<Record<string, Split>> = {
  ...{ train: 'train', training: 'train' },
  ...{ test: 'test', testing: 'test', val: 'test', valid: 'test', validation: 'test' },
};

/**
 * @param paths of the pictures, with / between folders
 * @param tables the text files among them
 * @param seed of the order, and of the held-out test split where no folder is one
 * @throws BadDataFile, BadRows
 */
export function labelImages(
  paths: readonly string[],
  tables: readonly NamedFile[],
  seed: number,
  isSkipping: boolean,
): ImageSet {
  const found = fromFolders(paths) ?? fromTable(paths, tables, isSkipping);
  const labels = [...new Set(found.labels.filter((label) => label !== null))].sort(byNumberOrName);
  if (labels.length < 2) {
    const what = labels.length === 0 ? 'no picture has a label' : `every picture is “${labels[0]}”`;
    throw new BadDataFile('', 'one-class', `${what}: use two classes at least, a folder for each`);
  }
  if (labels.length > MAX_CLASSES) {
    throw new BadDataFile('', 'too-large', `${labels.length} different labels: at most ${MAX_CLASSES} can be learnt`);
  }
  const numbers = new Map(labels.map((label, number) => [label, number]));
  const images = found.labels.flatMap((label, file) =>
    label === null ? [] : [{ file, label: numbers.get(label) ?? 0, split: found.splits[file] ?? null }],
  );
  // Not in the order in which they were dropped: the same pictures make the same data.
  images.sort((a, b) => compare(paths[a.file] ?? '', paths[b.file] ?? ''));
  new Random(seed).shuffle(images);
  const unlabelled = paths.length - images.length;
  return { name: found.name, labels, images: splitUp(images, seed), unlabelled, skippedRows: found.skippedRows };
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function byNumberOrName(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) || x === y ? compare(a, b) : x - y;
}

function splitUp(images: readonly (LabelledImage & { split: Split | null })[], seed: number): ImageSet['images'] {
  if (images.every(({ split }) => split !== null)) {
    const of = (wanted: Split) => images.filter(({ split }) => split === wanted);
    return { train: of('train'), test: of('test') };
  }
  const rows = heldOutRows('', images.length, seed);
  const pick = (list: Uint32Array) => Array.from(list, (row) => images[row]).filter((image) => image !== undefined);
  return { train: pick(rows.train), test: pick(rows.test) };
}

/** The class is the first folder below what all have in common, and below train and test. Null where there are no classes. */
function fromFolders(paths: readonly string[]): Found | null {
  const folders = paths.map((path) => path.split('/').slice(0, -1));
  const shared = sharedDepth(folders);
  const first = folders[0] ?? [];
  const splits = folders.map((parts) => SPLIT_FOLDERS[(parts[shared] ?? '').toLowerCase()] ?? null);
  const hasSplits = new Set(splits).size === 2 && splits.every((split) => split !== null);
  const depth = hasSplits ? shared + 1 : shared;
  const labels = folders.map((parts) => parts[depth]?.slice(0, MAX_NAME_LENGTH) ?? null);
  const isSorted = labels.every((label) => label !== null) && new Set(labels).size > 1;
  if (!isSorted) return null;
  const name = first[shared - 1] ?? 'pictures';
  return { name, labels, splits: hasSplits ? splits : splits.map(() => null), skippedRows: 0 };
}

/** Folders that all paths begin with. */
function sharedDepth(folders: readonly (readonly string[])[]): number {
  const [first = []] = folders;
  let depth = 0;
  while (depth < first.length && folders.every((parts) => parts[depth] === first[depth])) depth++;
  return depth;
}

const LABEL_NAME = /^(label|class|category|target|species|breed|y|kind|type)$/i;

function fromTable(paths: readonly string[], tables: readonly NamedFile[], isSkipping: boolean): Found {
  const known = new FileNames(paths);
  for (const table of tables) {
    const head = readHead(table.bytes);
    if (head === null) continue;
    const [columns = []] = head.rows;
    const hits = columns.map((_, column) => head.rows.filter((row) => known.find(row[column] ?? '') !== null).length);
    const most = Math.max(...hits);
    if (most === 0) continue;
    const fileColumn = hits.indexOf(most);
    const named = columns.findIndex((name, column) => column !== fileColumn && LABEL_NAME.test(name));
    const labelColumn = named >= 0 ? named : fileColumn === 0 ? 1 : 0;
    // A first row that names a picture is no header, however much it looks like one.
    const hasHeader = known.find(columns[fileColumn] ?? '') === null;
    return readLabels(paths.length, table, head.dialect, { fileColumn, labelColumn, hasHeader }, known, isSkipping);
  }
  const count = paths.length;
  const found =
    count === 1 ? 'a picture, and nothing says what it is' : `${count} pictures, and nothing says what they are`;
  const advice = 'put pictures into a folder for each class, or add a CSV file with the name and the label of each';
  throw new BadDataFile('', 'missing-file', `${found}: ${advice}`);
}

interface LabelColumns {
  readonly fileColumn: number;
  readonly labelColumn: number;
  readonly hasHeader: boolean;
}

function readLabels(
  count: number,
  { name, bytes }: NamedFile,
  dialect: Parameters<typeof readCsv>[1],
  { fileColumn, labelColumn, hasHeader }: LabelColumns,
  known: FileNames,
  isSkipping: boolean,
): Found {
  const labels: (string | null)[] = Array.from({ length: count }, () => null);
  const bad = new BadRowCount(name, isSkipping);
  let rows = 0;
  readCsv(bytes, dialect, {
    row: (row) => {
      if (rows++ === 0 && hasHeader) return;
      const text = row.text(fileColumn);
      const file = known.find(text);
      const label = row.text(labelColumn).slice(0, MAX_NAME_LENGTH);
      const place = { line: row.line(fileColumn), column: row.column(fileColumn) };
      if (file === null) bad.add({ ...place, sentence: `there is no picture ${JSON.stringify(text)}` });
      else if (label === '') bad.add({ ...place, sentence: `${JSON.stringify(text)} has no label` });
      else labels[file] = label;
    },
    bad: (fault) => bad.add(fault),
  });
  bad.finish();
  const plain = name.split('/').at(-1) ?? name;
  return { name: plain, labels, splits: labels.map(() => null), skippedRows: bad.rows };
}

/** Finds a picture by what a CSV calls it: its path, the end of it, with or without the extension. */
class FileNames {
  /** A name that several pictures have finds none of them. */
  private readonly places = new Map<string, number | null>();

  constructor(paths: readonly string[]) {
    paths.forEach((path, place) => {
      const parts = path.toLowerCase().split('/');
      for (let from = 0; from < parts.length; from++) {
        const name = parts.slice(from).join('/');
        this.add(name, place);
        this.add(name.replace(/\.[a-z]+$/, ''), place);
      }
    });
  }

  find(name: string): number | null {
    const plain = name
      .trim()
      .toLowerCase()
      .replaceAll('\\', '/')
      .replace(/^\.?\//, '');
    return this.places.get(plain) ?? null;
  }

  private add(name: string, place: number): void {
    const known = this.places.get(name);
    this.places.set(name, known === undefined || known === place ? place : null);
  }
}
