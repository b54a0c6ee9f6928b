// From files that a person chose to blocks that others can fetch: recognised, read piece by piece, cut, hashed. What is held
// is a piece of a file and the blocks that wait for the disk, however large the files are. In the trainer worker, never on
// the page's thread.

import { encodeBlock, hashBlock } from '../data/blocks.ts';
import { isGzip } from '../data/data-file.ts';
import type { Block, BlockEntry, DatasetMeta, Manifest, Split } from '../data/dataset.ts';
import type { Loaded, LoadSettings, NamedFile } from '../data/file-format.ts';
import { encodeManifest, entryOf } from '../data/manifest.ts';
import { type Asking, type Emit, type FileHead, HEAD_BYTES, readWhole } from '../data/reading.ts';
import { recognise } from '../data/recognise.ts';
import type { TableSchema } from '../data/table-schema.ts';
import type { DataPlan } from '../protocol/control.ts';
import type { BlockSet } from './block-disk.ts';
import type { BlockExchange } from './block-exchange.ts';
import { loadImages, sortImages } from './image-files.ts';
import { type SourceFile, sourceFiles } from './source-files.ts';
import { splitPlan } from './splits.ts';

export interface LoadedFiles {
  readonly manifest: Manifest;
  readonly meta: DatasetMeta;
  readonly plan: DataPlan;
  /** The first block of the training data, to look at. */
  readonly first: Block;
  /** Of a table: what its columns were taken for. */
  readonly schema: TableSchema | null;
  /** Of a table read as documents: its columns. */
  readonly columns: Loaded['columns'] | null;
  readonly skippedRows: number;
}

/** The user has had enough. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

export type OnProgress = (label: string, fraction: number | null) => void;

/** Seed of the held-out test split: the same files make the same dataset everywhere. */
const HOLD_OUT_SEED = 1;

/** Enough to tell gzip by. */
const GZIP_BYTES = 3;

/** Between two words of progress. */
const PROGRESS_MS = 100;

/** A table of labels beside pictures. */
const MAX_LABELS_BYTES = 64 * 1024 * 1024;

/**
 * @param wanted kind of data that the chosen job learns from: it decides what a file is that could be several things
 * @throws BadDataFile, DataTooLarge, DamagedFile, Cancelled; nothing of the data is left then
 */
export async function loadFiles(
  files: readonly File[],
  wanted: DatasetMeta['kind'],
  settings: LoadSettings,
  exchange: BlockExchange,
  onProgress: OnProgress,
  signal: AbortSignal = new AbortController().signal,
): Promise<LoadedFiles> {
  const blocks = new BlockWriter(exchange, await exchange.newSet());
  const reader = new FileReading(blocks, onProgress, signal);
  try {
    const { images, others } = await sortImages(await sourceFiles(files));
    if (images.length === 0) {
      const emit: Emit = (split, block) => blocks.add(split, block);
      return await blocks.finish(
        await reader.run(others, (heads) => recognise(heads, HOLD_OUT_SEED, wanted, settings, emit)),
      );
    }
    const tables = await reader.run(others.filter(isTable), readAll);
    const onPicture: OnProgress = (label, fraction) => {
      if (signal.aborted) throw new Cancelled();
      onProgress(label, fraction);
    };
    const loaded = await loadImages(images, tables, HOLD_OUT_SEED, settings, onPicture);
    for (const split of ['train', 'test'] as const) {
      for (const block of loaded.blocks[split]) {
        blocks.add(split, block);
        await exchange.drained();
      }
    }
    return await blocks.finish(loaded);
  } catch (error) {
    await blocks.drop();
    throw error;
  }
}

/** Among pictures only these may say something; folders have all kinds of files. */
const isTable = ({ name }: SourceFile): boolean => /\.(csv|tsv|txt)(\.gz)?$/i.test(name);

function* readAll(files: readonly FileHead[]): Asking<NamedFile[]> {
  const named: NamedFile[] = [];
  for (const file of files) named.push({ name: file.name, bytes: yield* readWhole(file, MAX_LABELS_BYTES) });
  return named;
}

/** Encodes blocks as they are made, and keeps the list of them. */
class BlockWriter {
  private readonly entries: Record<Split, BlockEntry[]> = { train: [], test: [] };
  private readonly hashes: string[] = [];
  private first: Block | null = null;

  constructor(
    private readonly exchange: BlockExchange,
    private readonly set: BlockSet | null,
  ) {}

  add(split: Split, block: Block): void {
    const bytes = encodeBlock(block);
    const entry = entryOf(block, bytes);
    if (split === 'train') this.first ??= block;
    this.entries[split].push(entry);
    this.hold(entry.hash, bytes);
  }

  drained(): Promise<void> {
    return this.exchange.drained();
  }

  async finish({ meta, schema, columns, skippedRows = 0 }: Loaded): Promise<LoadedFiles> {
    const manifest: Manifest = { meta, blocks: this.entries };
    const bytes = encodeManifest(manifest);
    const hash = hashBlock(bytes);
    this.hold(hash, bytes);
    await this.exchange.keepSet(this.set, hash, manifest);
    const { first } = this;
    if (first === null) throw new RangeError('A dataset has at least one training block.');
    const { train, test } = this.entries;
    const samplesOf = (entries: readonly BlockEntry[]) => splitPlan(entries.map(({ samples }) => samples));
    const source = { kind: 'blocks', manifest: hash } as const;
    const plan = { name: meta.name, train: samplesOf(train), test: samplesOf(test), source };
    return { meta, manifest, first, plan, schema: schema ?? null, columns: columns ?? null, skippedRows };
  }

  drop(): Promise<void> {
    return this.exchange.dropSet(this.set, this.hashes);
  }

  private hold(hash: string, bytes: Uint8Array): void {
    // The same rows may be here already, of files read before, and stay if these come to nothing.
    if (this.exchange.holdsAll([hash])) this.exchange.copy(hash, bytes, this.set);
    else {
      this.hashes.push(hash);
      this.exchange.hold(hash, bytes, 'private', this.set);
    }
  }
}

/** Gives those who ask the bytes that they ask for. */
class FileReading {
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly blocks: BlockWriter,
    private readonly onProgress: OnProgress,
    private readonly signal: AbortSignal,
  ) {}

  async run<T>(sources: readonly SourceFile[], ask: (heads: readonly FileHead[]) => Asking<T>): Promise<T> {
    const heads: FileHead[] = [];
    for (const source of sources) heads.push({ name: source.name, head: await this.headOf(source) });
    const asking = ask(heads);
    for (let step = asking.next(); ; step = asking.next()) {
      if (step.done) return step.value;
      const { file, into, doing } = step.value;
      const source = sources[heads.indexOf(file)];
      if (source === undefined) throw new RangeError(`No file ${file.name} was chosen.`);
      const { bytes } = source;
      for await (const chunk of chunksOf(source, (read) => this.say(`${doing} ${file.name}`, read / bytes))) {
        this.check();
        into.push(chunk);
        await this.blocks.drained();
      }
      into.end();
      await this.blocks.drained();
      this.check();
    }
  }

  private async headOf(source: SourceFile): Promise<Uint8Array> {
    const head = new Uint8Array(HEAD_BYTES);
    let length = 0;
    for await (const chunk of chunksOf(source, () => undefined)) {
      this.check();
      const part = chunk.subarray(0, HEAD_BYTES - length);
      head.set(part, length);
      length += part.length;
      if (length === HEAD_BYTES) break;
    }
    return head.subarray(0, length);
  }

  private check(): void {
    if (this.signal.aborted) throw new Cancelled();
  }

  private say(label: string, fraction: number): void {
    const now = performance.now();
    if (now - this.saidAt < PROGRESS_MS) return;
    this.saidAt = now;
    this.onProgress(label, Math.min(1, fraction));
  }
}

/** A file's bytes from the beginning, gunzipped where it is compressed. @param onRead is told how many bytes were read of it */
async function* chunksOf(source: SourceFile, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let read = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      read += chunk.byteLength;
      onRead(read);
      controller.enqueue(chunk);
    },
  });
  const raw = source.stream().pipeThrough(counting);
  const stream = isGzip(await source.head(GZIP_BYTES)) ? raw.pipeThrough(new DecompressionStream('gzip')) : raw;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => source.refuse(cause));
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever has read enough stops here.
    await reader.cancel().catch(() => undefined);
  }
}
