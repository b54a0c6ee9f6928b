// libsvm files as a dataset: looked through once, to know how many samples there are and how many keys, then cut into blocks.
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { bySplit, datasetName, type FileFormat, type Loaded, type LoadSettings, testRows } from './file-format.ts';
import { LABEL_ADVICE, LibsvmLabels, LibsvmReader, type LibsvmRow, looksLikeLibsvm } from './libsvm.ts';
import { MAX_SAMPLES } from './limits.ts';
import type { Asking, Emit, FileHead } from './reading.ts';
import { bothSplits, SparseBlocks, SplitTurns, sparseRowBytes } from './row-blocks.ts';

/** What is known of a file after the first look. */
interface Survey {
  readonly count: number;
  /** Largest index plus one; 0 where no line has a feature. */
  readonly features: number;
  readonly longest: number;
  readonly badRows: number;
}

export const libsvmFormat: FileFormat = {
  name: 'libsvm text',
  kind: 'sparse',
  isDistinctive: false,
  detect: (files) => files.every(({ head }) => looksLikeLibsvm(head)),
  load: loadLibsvm,
};

function* loadLibsvm(files: readonly FileHead[], seed: number, settings: LoadSettings, emit: Emit): Asking<Loaded> {
  const { train, test } = bySplit(files, 'libsvm');
  const labels = new LibsvmLabels();
  const learnt = yield* survey(train, labels, settings);
  labels.close();
  if (learnt.features === 0)
    throw new BadDataFile(train.name, 'too-few', 'no line has a feature: write each as index:value');
  const { classes } = labels;
  if (classes.length < 2) {
    const sentence = `every label is ${classes[0]}: there is nothing to learn; ${LABEL_ADVICE}`;
    throw new BadDataFile(train.name, 'one-class', sentence);
  }
  const tested = test === null ? null : yield* survey(test, labels, settings);
  const held = tested === null ? testRows(train.name, learnt.count, seed) : new Uint32Array(0);
  const samples = { train: learnt.count - held.length, test: tested?.count ?? held.length };
  const longest = sparseRowBytes(Math.max(learnt.longest, tested?.longest ?? 0));
  const out = bothSplits(samples, longest, emit, (size, take) => new SparseBlocks(size, take));
  const turns = new SplitTurns(held);
  const add = (into: SparseBlocks, row: LibsvmRow) =>
    into.add(row.label === classes[1] ? 1 : 0, row.indices, row.values, row.length);
  yield cut(train, labels, (row) => add(out[turns.next()], row));
  if (test !== null) yield cut(test, labels, (row) => add(out.test, row));
  out.finish();
  const features = Math.max(learnt.features, tested?.features ?? 0);
  const meta = { kind: 'sparse', name: datasetName(train.name), samples, features, classes: 2 } as const;
  return { meta, skippedRows: learnt.badRows + (tested?.badRows ?? 0) };
}

function* survey(file: FileHead, labels: LibsvmLabels, { skipBadRows }: LoadSettings): Asking<Survey> {
  const badRows = new BadRowCount(file.name, skipBadRows);
  let [count, features, longest] = [0, 0, 0];
  const look = ({ length, indices }: LibsvmRow) => {
    if (++count > MAX_SAMPLES) throw new BadDataFile(file.name, 'too-large', `over ${MAX_SAMPLES} samples: use fewer`);
    if (length > 0) features = Math.max(features, (indices[length - 1] as number) + 1);
    if (length > longest) longest = length;
  };
  yield { file, into: new LibsvmReader(labels, badRows, look), doing: 'Looking through' };
  badRows.finish();
  if (count === 0) throw new BadDataFile(file.name, 'empty', 'the file has no samples that can be read');
  return { count, features, longest, badRows: badRows.rows };
}

/** The second time round bad rows have been told of. */
const cut = (file: FileHead, labels: LibsvmLabels, onRow: (row: LibsvmRow) => void) => ({
  file,
  into: new LibsvmReader(labels, new BadRowCount(file.name, true), onRow),
  doing: 'Making blocks of',
});
