// Files as a stream: the same blocks as from memory, whatever they are packed in, and nothing left of what was stopped.
import { gzipSync } from 'node:zlib';
import { BlobWriter, configure, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { beforeAll, expect, test } from 'vitest';
import { encodeBlock, hashBlock } from '../data/blocks.ts';
import { DEFAULT_SETTINGS } from '../data/file-format.ts';
import { recogniseDataset } from '../data/recognise.testing.ts';
import { BlockExchange, hashesOf } from './block-exchange.ts';
import { Cancelled, loadFiles } from './data-files.ts';
import { DamagedFile } from './source-files.ts';

beforeAll(() => configure({ useWebWorkers: false }));

const newExchange = () =>
  new BlockExchange(
    () => 0,
    () => [],
  );

/** Lines enough for many pieces of a stream. */
const TEXT = new TextEncoder().encode(
  Array.from({ length: 20_000 }, (_, row) => `${row % 2} ${1 + (row % 90)}:${row / 7} ${100 + (row % 13)}:1\n`).join(
    '',
  ),
);

async function zipped(name: string, bytes: Uint8Array): Promise<File> {
  const writer = new ZipWriter(new BlobWriter());
  await writer.add(name, new Uint8ArrayReader(bytes));
  return new File([await writer.close()], 'data.zip');
}

const load = (file: File, exchange = newExchange(), signal?: AbortSignal) =>
  loadFiles([file], 'sparse', DEFAULT_SETTINGS, exchange, () => undefined, signal);

test.each([
  ['plain', async () => new File([TEXT], 'clicks.txt')],
  ['gzipped', async () => new File([new Uint8Array(gzipSync(TEXT))], 'clicks.txt.gz')],
  ['zipped', async () => zipped('clicks.txt', TEXT)],
  ['gzipped and zipped', async () => zipped('clicks.txt.gz', new Uint8Array(gzipSync(TEXT)))],
])('a %s file becomes the blocks that it becomes in memory, and all of them are held', async (_, make) => {
  const { blocks } = recogniseDataset([{ name: 'clicks.txt', bytes: TEXT }], 1, 'sparse');
  const exchange = newExchange();
  const { manifest, plan } = await load(await make(), exchange);
  for (const split of ['train', 'test'] as const) {
    expect(manifest.blocks[split].map(({ hash }) => hash)).toEqual(
      blocks[split].map((block) => hashBlock(encodeBlock(block))),
    );
  }
  if (plan.source.kind !== 'blocks') throw new Error('made of files');
  expect(exchange.holdsAll(hashesOf(plan.source.manifest, manifest))).toBe(true);
});

test('a file that is cut off says so by its name', async () => {
  const packed = gzipSync(TEXT);
  const cut = new File([new Uint8Array(packed.subarray(0, packed.length / 2))], 'cut.gz');
  await expect(load(cut)).rejects.toThrow(DamagedFile);
  await expect(load(cut)).rejects.toThrow(/^cut\.gz: the file is damaged or cut off/);
});

test.each([
  ['the same file', [TEXT]],
  ['another', [TEXT, '1 5:1\n'.repeat(5_000)]],
])('reading %s that is stopped leaves nothing behind, and the data that were there before', async (_, parts) => {
  const exchange = newExchange();
  const { manifest, plan } = await load(new File([TEXT], 'a.txt'), exchange);
  if (plan.source.kind !== 'blocks') throw new Error('made of files');
  const before = hashesOf(plan.source.manifest, manifest);
  const abort = new AbortController();
  const made: string[] = [];
  const [hold, copy] = [exchange.hold.bind(exchange), exchange.copy.bind(exchange)];
  exchange.hold = (hash, bytes, kind, set) => {
    made.push(hash);
    hold(hash, bytes, kind, set);
  };
  exchange.copy = (hash, bytes, set) => {
    made.push(hash);
    copy(hash, bytes, set);
  };
  exchange.drained = async () => {
    if (made.length > 0) abort.abort();
  };
  await expect(load(new File(parts, 'b.txt'), exchange, abort.signal)).rejects.toThrow(Cancelled);
  expect(made.length).toBeGreaterThan(0);
  for (const hash of made) expect(exchange.holdsAll([hash])).toBe(before.includes(hash));
  expect(exchange.holdsAll(before)).toBe(true);
});
