// What a person dropped is there again after a reload, as it was, where it is small.
import { beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_SETTINGS, type LoadSettings } from '../data/file-format.ts';
import type { BlockDisk, BlockSet } from './block-disk.ts';
import { BlockExchange } from './block-exchange.ts';
import { findDropped, keepDropped, MAX_DROPPED_BYTES } from './dropped-files.ts';
import { OwnData } from './own-data.ts';

/** A browser's disk: one dataset, and what its tabs were told of its size. */
class OneSetDisk implements BlockDisk {
  readonly files = new Map<string, Uint8Array>();
  bytes = 0;
  private readonly set: BlockSet = {
    id: 'set',
    isPack: false,
    finish: async () => true,
    read: async (name) => this.files.get(name) ?? null,
    write: async (name, bytes) => this.files.set(name, bytes) !== null,
    hashes: async () => [...this.files.keys()],
  };

  create = async () => this.set;
  find = async () => this.set;
  name = async (_set: BlockSet, _manifest: string, bytes: number) => {
    this.bytes = bytes;
  };
  publish = async () => undefined;
  drop = async () => undefined;
}

const CSV = `size;price\n${Array.from({ length: 20 }, (_, row) => `${row},5;${row * 2}.25\n`).join('')}`;

/** A tab of the browser that has just been opened. */
function tab(disk: BlockDisk) {
  const nobody: [() => number, () => never[]] = [() => 0, () => []];
  const exchange = new BlockExchange(...nobody, Promise.resolve(disk));
  const own = new OwnData(
    exchange,
    () => null,
    () => undefined,
  );
  const read = async (files: readonly File[], settings: LoadSettings) => {
    const outcome = await own.load(files, 'tabular', settings, () => undefined);
    if (outcome.kind !== 'loaded') throw new Error(outcome.kind);
    return outcome;
  };
  return { exchange, own, read };
}

const kindsOf = (summary: { view: { table?: { columns: { kind: string }[] } } } | null) =>
  summary?.view.table?.columns.map(({ kind }) => kind);

beforeEach(() => vi.stubGlobal('navigator', {}));

test('columns of a table can be corrected after a reload, and the files read with it as if they were dropped again', async () => {
  const disk = new OneSetDisk();
  const { kept, summary } = await tab(disk).read([new File([CSV], 'things.csv')], DEFAULT_SETTINGS);
  expect(kindsOf(summary)).toEqual(['category', 'number']);

  const again = tab(disk);
  const restored = await again.own.restore(kept);
  expect(restored?.view).toEqual(summary.view);
  expect(restored?.dropped?.settings).toEqual(DEFAULT_SETTINGS);
  const [file] = restored?.dropped?.files ?? [];
  expect([file?.name, await file?.text()]).toEqual(['things.csv', CSV]);

  const table = { delimiter: ';', target: 'price', kinds: { size: 'ignored' } } as const;
  // Nothing but the one column is left to learn from: what was said is heard.
  await expect(again.read(restored?.dropped?.files ?? [], { ...DEFAULT_SETTINGS, table })).rejects.toThrow(/column/);
});

test('several files stay apart, and count as part of the data', async () => {
  const disk = new OneSetDisk();
  const more = `${CSV}1,5;2.5\n`;
  const parts = [new File([more], 'a/train.csv'), new File([CSV], 'a/test.csv')];
  const { exchange, read } = tab(disk);
  const { kept, summary } = await read(parts, DEFAULT_SETTINGS);
  const dropped = await findDropped(exchange, kept.manifest);
  const texts = await Promise.all((dropped?.files ?? []).map(async (file) => [file.name, await file.text()]));
  expect(texts).toEqual([
    ['a/train.csv', more],
    ['a/test.csv', CSV],
  ]);
  expect(summary.view.isCorrectable).toBe(true);
  const sizes = [...disk.files].filter(([name]) => name !== kept.manifest).map(([, bytes]) => bytes.byteLength);
  expect(disk.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test.each([
  ['cut off', (bytes: Uint8Array) => bytes.subarray(1)],
  ['longer', (bytes: Uint8Array) => Uint8Array.of(...bytes, 1)],
])('files that are %s are not what was dropped: the data are there, not to be corrected', async (_, damage) => {
  const disk = new OneSetDisk();
  const { kept } = await tab(disk).read([new File([CSV], 'things.csv')], DEFAULT_SETTINGS);
  disk.files.set('dropped-files', damage(disk.files.get('dropped-files') ?? new Uint8Array()));
  const restored = await tab(disk).own.restore(kept);
  expect([restored?.view.name, restored?.view.isCorrectable, restored?.dropped]).toEqual([
    'things.csv',
    undefined,
    null,
  ]);
});

test('files over the bound are not kept', async () => {
  const disk = new OneSetDisk();
  const { exchange, read } = tab(disk);
  const small = new File([CSV], 'things.csv');
  const { kept, summary } = await read([small], DEFAULT_SETTINGS);
  const before = disk.files.get('dropped-files');
  const filler = new File([new Uint8Array(MAX_DROPPED_BYTES - small.size + 1)], 'more.csv');
  if (summary.dropped === null) throw new Error('just read');
  await keepDropped(exchange, kept.manifest, { ...summary.dropped, files: [small, filler] });
  expect(disk.files.get('dropped-files')).toBe(before);
});
