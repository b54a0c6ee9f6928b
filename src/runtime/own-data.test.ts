import { afterEach, expect, test, vi } from 'vitest';
import { DEFAULT_SETTINGS } from '../data/file-format.ts';
import type { BlockDisk, BlockSet } from './block-disk.ts';
import { BlockExchange } from './block-exchange.ts';
import { OwnData } from './own-data.ts';

afterEach(() => vi.unstubAllGlobals());

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A disk that takes its time, as a browser's does: meanwhile the room goes on. */
function slowDisk(): BlockDisk {
  const written = new Map<string, Uint8Array>();
  const set: BlockSet = {
    id: 'a folder',
    isPack: true,
    read: async (hash) => written.get(hash) ?? null,
    async write(hash, bytes) {
      await turn();
      written.set(hash, bytes);
      return true;
    },
    async finish() {
      await turn();
      return true;
    },
    hashes: async () => [...written.keys()],
  };
  return {
    create: async () => set,
    find: async () => null,
    name: async () => undefined,
    publish: async () => undefined,
    drop: async () => undefined,
  };
}

const clicks = (rows: number) =>
  new File(
    [Array.from({ length: rows }, (_, i) => `${i % 2 ? '+1' : '-1'} ${1 + (i % 97)}:1 200:1`).join('\n')],
    'a.svm',
  );

test('news of the room while files are read cost none of their blocks', async () => {
  vi.stubGlobal('navigator', {});
  const exchange = new BlockExchange(
    () => 0,
    () => [],
    Promise.resolve(slowDisk()),
  );
  const own = new OwnData(
    exchange,
    () => null,
    () => undefined,
  );
  let isOver = false;
  const loading = own
    .load([clicks(4_000)], 'sparse-logistic', DEFAULT_SETTINGS, () => undefined)
    .finally(() => {
      isOver = true;
    });
  // With each state of the room a trainer that has no run forgets what it doesn't need.
  while (!isOver) {
    own.forgetOthers();
    await turn();
  }
  expect((await loading).kind).toBe('loaded');
  const blocks = own.manifest?.blocks.train ?? [];
  expect(blocks.length).toBeGreaterThan(1);
  for (const { hash } of blocks) expect((await exchange.own(hash)).byteLength).toBeGreaterThan(0);
});
