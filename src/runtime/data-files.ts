// From files that a person chose to blocks that others can fetch: decompressed, recognised, cut, hashed. In the trainer
// worker, never on the page's thread.

import { encodeBlock, hashBlock } from '../data/blocks.ts';
import { isGzip } from '../data/data-file.ts';
import type { Block, DatasetMeta, Manifest } from '../data/dataset.ts';
import type { LoadSettings, NamedFile } from '../data/file-format.ts';
import { encodeManifest, entryOf } from '../data/manifest.ts';
import { recogniseDataset } from '../data/recognise.ts';
import type { TableSchema } from '../data/table-schema.ts';
import type { DataPlan } from '../protocol/control.ts';
import type { BlockExchange } from './block-exchange.ts';
import { loadImages, sortImages } from './image-files.ts';
import { type SourceFile, sourceFiles } from './source-files.ts';
import { splitPlan } from './splits.ts';

/** All files of one dataset, decompressed, are held in memory. Past this a tab risks being killed by its browser. */
const MAX_DATA_BYTES = 1024 * 1024 * 1024;

/** The files together are larger than a tab can hold. */
export class DataTooLarge extends Error {
  override name = 'DataTooLarge';
}

export interface LoadedFiles {
  readonly manifest: Manifest;
  readonly meta: DatasetMeta;
  readonly plan: DataPlan;
  /** The first block of the training data, to look at. */
  readonly first: Block;
  /** Of a table: what its columns were taken for. */
  readonly schema: TableSchema | null;
  readonly skippedRows: number;
}

/** Seed of the held-out test split: the same files make the same dataset everywhere. */
const HOLD_OUT_SEED = 1;

/**
 * @param wanted kind of data that the chosen job learns from: it decides what a file is that could be several things
 * @throws BadDataFile, DataTooLarge
 */
export async function loadFiles(
  files: readonly File[],
  wanted: DatasetMeta['kind'],
  settings: LoadSettings,
  exchange: BlockExchange,
  onProgress: (label: string, fraction: number | null) => void,
): Promise<LoadedFiles> {
  const { images, others } = await sortImages(await sourceFiles(files));
  if (images.length > 0) {
    const tables = await readAll(others.filter(isTable), onProgress);
    const { meta, blocks, skippedRows = 0 } = await loadImages(images, tables, HOLD_OUT_SEED, settings, onProgress);
    return { ...publish(meta, blocks, exchange), schema: null, skippedRows };
  }
  const named = await readAll(others, onProgress);
  onProgress('Making blocks', null);
  const { meta, blocks, schema = null, skippedRows = 0 } = recogniseDataset(named, HOLD_OUT_SEED, wanted, settings);
  return { ...publish(meta, blocks, exchange), schema, skippedRows };
}

/** Among pictures only these may say something; folders have all kinds of files. */
const isTable = ({ name }: SourceFile): boolean => /\.(csv|tsv|txt)(\.gz)?$/i.test(name);

async function readAll(
  files: readonly SourceFile[],
  onProgress: (label: string, fraction: number | null) => void,
): Promise<NamedFile[]> {
  const named: NamedFile[] = [];
  let total = 0;
  for (const [index, { name, open }] of files.entries()) {
    onProgress(`Reading ${name}`, index / (files.length + 1));
    const bytes = await readWhole(name, await open(), MAX_DATA_BYTES - total);
    total += bytes.byteLength;
    named.push({ name, bytes });
  }
  return named;
}

function publish(
  meta: DatasetMeta,
  blocks: Readonly<Record<'train' | 'test', readonly Block[]>>,
  exchange: BlockExchange,
): Omit<LoadedFiles, 'schema' | 'skippedRows'> {
  const hold = (block: Block) => {
    const bytes = encodeBlock(block);
    const entry = entryOf(block, bytes);
    exchange.hold(entry.hash, bytes, 'private');
    return entry;
  };
  const entries = { train: blocks.train.map(hold), test: blocks.test.map(hold) };
  const manifest = { meta, blocks: entries };
  const bytes = encodeManifest(manifest);
  const hash = hashBlock(bytes);
  exchange.hold(hash, bytes, 'private');
  const [first] = blocks.train;
  if (first === undefined) throw new RangeError('A dataset has at least one training block.');
  const train = splitPlan(entries.train.map(({ samples }) => samples));
  const test = splitPlan(entries.test.map(({ samples }) => samples));
  const source = { kind: 'blocks', manifest: hash } as const;
  return { meta, manifest, first, plan: { name: meta.name, train, test, source } };
}

/** A file's bytes, gunzipped where it is compressed. Counts as it goes: a small file may hold a large one. */
async function readWhole(name: string, file: Blob, room: number): Promise<Uint8Array> {
  const head = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const stream = isGzip(head) ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(stream, name)) {
    length += part.byteLength;
    if (length > room) {
      throw new DataTooLarge(`${name}: the data are over ${MAX_DATA_BYTES / 2 ** 20} MiB together. Use fewer rows.`);
    }
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

async function* chunksOf(stream: ReadableStream<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new DamagedFile(`${name}: the file is damaged or cut off, it can't be decompressed. Download it again.`, {
        cause,
      });
    });
    if (done) return;
    yield value;
  }
}

/** A compressed file that doesn't decompress. */
export class DamagedFile extends Error {
  override name = 'DamagedFile';
}
