// What a tab holds of its blocks: all of small data, a part of large ones, the rest on the disk.
import { expect, test } from 'vitest';
import { hashBlock } from '../data/blocks.ts';
import type { BlockSet } from './block-disk.ts';
import { BlockStore, DataTooLarge } from './block-store.ts';

const LIMITS = { cached: 100, memory: 300, waiting: 20 };

const blockOf = (value: number) => Uint8Array.from({ length: 40 }, () => value);

/** A disk that may be full, and counts how often it is read. */
function fakeSet(isFull = false, isPack = false) {
  const files = new Map<string, Uint8Array>();
  const reads: string[] = [];
  const set: BlockSet = {
    id: 'set',
    isPack,
    finish: async () => true,
    read: async (hash) => {
      reads.push(hash);
      return files.get(hash) ?? null;
    },
    write: async (hash, bytes) => {
      if (!isFull) files.set(hash, bytes);
      return !isFull;
    },
    hashes: async () => [...files.keys()],
  };
  return { set, files, reads };
}

/** Ten blocks of 40 bytes. */
function filled(set: BlockSet | null) {
  const store = new BlockStore(LIMITS);
  const hashes = Array.from({ length: 10 }, (_, value) => {
    const hash = hashBlock(blockOf(value));
    store.put(hash, blockOf(value), set);
    return hash;
  });
  return { store, hashes };
}

test('of what is on disk only so much stays in memory; the rest is read when it is wanted, and then stays', async () => {
  const { set, reads } = fakeSet();
  const { store, hashes } = filled(set);
  await store.drained();
  const [first = '', , , , , , , , , last = ''] = hashes;
  expect(await store.get(last)).toEqual(blockOf(9));
  expect(reads).toEqual([]);
  expect(await store.get(first)).toEqual(blockOf(0));
  expect(await store.get(first)).toEqual(blockOf(0));
  expect(reads).toEqual([first]);
});

test('whoever makes blocks waits for the disk', async () => {
  let write: (isKept: boolean) => void = () => undefined;
  const slow: BlockSet = { ...fakeSet().set, write: () => new Promise((resolve) => (write = resolve)) };
  const store = new BlockStore(LIMITS);
  store.put(hashBlock(blockOf(1)), blockOf(1), slow);
  let isDrained = false;
  const drained = store.drained().then(() => {
    isDrained = true;
  });
  await Promise.resolve();
  expect(isDrained).toBe(false);
  write(true);
  await drained;
});

test.each([
  ['there is no disk', null],
  ['the disk is full', fakeSet(true).set],
])('where %s, more than fits in memory is refused, with what to do', async (_, set) => {
  const { store, hashes } = filled(set);
  await expect(store.drained()).rejects.toThrow(DataTooLarge);
  await expect(store.drained()).rejects.toThrow(/free some disk space/);
  for (const hash of hashes.slice(0, 5)) store.delete(hash);
  await expect(store.drained()).resolves.toBeUndefined();
});

test.each([
  [2, 'nothing is lost', true],
  [9, 'what memory had let go of is lost', false],
])('where a pack fails after %i blocks %s', async (writes, _, isFine) => {
  let left = writes;
  const set: BlockSet = { ...fakeSet().set, isPack: true, write: async () => left-- > 0 };
  const store = new BlockStore({ ...LIMITS, memory: 1_000 });
  for (let value = 0; value < 10; value++) store.put(hashBlock(blockOf(value)), blockOf(value), set);
  const end = store.drained();
  if (isFine) await expect(end).resolves.toBeUndefined();
  else await expect(end).rejects.toThrow(DataTooLarge);
  store.forget(set);
  await expect(store.drained()).resolves.toBeUndefined();
});

test('what the disk gives back is compared with its hash, once', async () => {
  const { set, files } = fakeSet();
  const [good, bad] = [hashBlock(blockOf(1)), hashBlock(blockOf(2))];
  files.set(good, blockOf(1)).set(bad, blockOf(3));
  const store = new BlockStore(LIMITS);
  for (const hash of [good, bad]) store.putOnDisk(hash, 40, set);
  expect(await store.get(good)).toEqual(blockOf(1));
  expect(await store.get(bad)).toBeNull();
});
