// Files in memory as a dataset in memory, for tests: read at once, or in pieces.
import type { Block, DatasetMeta, Split } from './dataset.ts';
import {
  DEFAULT_SETTINGS,
  type FileFormat,
  type LoadedDataset,
  type LoadSettings,
  type NamedFile,
} from './file-format.ts';
import type { Asking, ByteSink, Emit, FileHead } from './reading.ts';
import { HEAD_BYTES } from './reading.ts';
import { recognise } from './recognise.ts';

export type TestFile = NamedFile & { readonly split?: Split };

/** Bytes into a reader, cut into pieces of these sizes, over and over; without sizes in one piece. */
export function readInto(into: ByteSink, bytes: Uint8Array, pieces: readonly number[] = []): void {
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const size = pieces[turn % Math.max(1, pieces.length)] ?? bytes.length;
    // A copy: what is pushed is valid during the call only.
    into.push(bytes.slice(at, at + size));
    at += size;
  }
  into.end();
}

function load(
  files: readonly TestFile[],
  pieces: readonly number[],
  open: (heads: readonly FileHead[], emit: Emit) => Asking<Omit<LoadedDataset, 'blocks'>>,
): LoadedDataset {
  const heads = files.map(({ bytes, ...file }) => ({ ...file, head: bytes.subarray(0, HEAD_BYTES) }));
  const blocks: Record<Split, Block[]> = { train: [], test: [] };
  const loading = open(heads, (split, block) => blocks[split].push(block));
  for (let step = loading.next(); ; step = loading.next()) {
    if (step.done) return { ...step.value, blocks };
    const { file, into } = step.value;
    readInto(into, files[heads.indexOf(file)]?.bytes ?? new Uint8Array(0), pieces);
  }
}

/** @throws BadDataFile */
export const recogniseDataset = (
  files: readonly TestFile[],
  seed: number,
  wanted: DatasetMeta['kind'] = 'dense',
  settings: LoadSettings = DEFAULT_SETTINGS,
  pieces: readonly number[] = [],
): LoadedDataset => load(files, pieces, (heads, emit) => recognise(heads, seed, wanted, settings, emit));

/** The same for files that are known to be of a format. */
export const loadAs = (
  format: FileFormat,
  files: readonly TestFile[],
  settings: LoadSettings = DEFAULT_SETTINGS,
  pieces: readonly number[] = [],
): LoadedDataset => load(files, pieces, (heads, emit) => format.load(heads, 1, settings, emit));
