// Eviction of datasets from the browser's storage, on a file system and locks in memory. A tab is a fresh copy of the module.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const missing = () => new DOMException('no such entry', 'NotFoundError');

class FakeFile {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  lastModified = 0;

  constructor(private readonly disk: FakeDisk) {}

  async getFile() {
    const { bytes, lastModified } = this;
    return Object.assign(new Blob([bytes]), { lastModified });
  }

  async createWritable() {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    return {
      write: async (part: Uint8Array<ArrayBuffer>) => void parts.push(part),
      close: async () => {
        if (this.disk.isFull) throw new DOMException('no room', 'QuotaExceededError');
        this.bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
        this.lastModified = this.disk.clock++;
      },
      abort: async () => undefined,
    };
  }
}

class FakeFolder {
  readonly entries = new Map<string, FakeFolder | FakeFile>();

  constructor(private readonly disk: FakeDisk) {}

  async getDirectoryHandle(name: string, { create = false } = {}) {
    return this.entry(name, create, () => new FakeFolder(this.disk));
  }

  async getFileHandle(name: string, { create = false } = {}) {
    return this.entry(name, create, () => new FakeFile(this.disk));
  }

  async removeEntry(name: string) {
    if (!this.entries.delete(name)) throw missing();
  }

  async *keys() {
    yield* [...this.entries.keys()];
  }

  private entry(name: string, create: boolean, make: () => FakeFolder | FakeFile) {
    const found = this.entries.get(name) ?? (create ? make() : null);
    if (found === null) throw missing();
    this.entries.set(name, found);
    return found;
  }
}

class FakeDisk {
  readonly root = new FakeFolder(this);
  /** Counts writes: later files are newer. */
  clock = 1;
  isFull = false;
}

class FakeLocks {
  private readonly held = new Set<string>();

  async request(name: string, { ifAvailable = false }, work: (lock: object | null) => Promise<unknown>) {
    if (ifAvailable) return work(this.held.has(name) ? null : {});
    this.held.add(name);
    return work({}).finally(() => this.held.delete(name));
  }

  /** All tabs end. */
  release(): void {
    this.held.clear();
  }
}

/** Three quarters of it may be taken: 3,000 bytes. */
const QUOTA = 4_000;
const SIZE = 1_200;

let disk = new FakeDisk();
let locks = new FakeLocks();

beforeEach(() => {
  disk = new FakeDisk();
  locks = new FakeLocks();
  vi.stubGlobal('self', { isSecureContext: true });
  vi.stubGlobal('navigator', {
    locks,
    storage: { getDirectory: async () => disk.root, estimate: async () => ({ quota: QUOTA }) },
  });
});

afterEach(() => vi.unstubAllGlobals());

/** The disk as a tab sees it that opens after all others have ended. */
async function nextTab() {
  locks.release();
  vi.resetModules();
  const { openBlockDisk } = await import('./block-disk.ts');
  const found = await openBlockDisk();
  if (found === null) throw new Error('no disk');
  return found;
}

type Disk = Awaited<ReturnType<typeof nextTab>>;

const manifestOf = (name: string) => name.repeat(64);

async function keep(tab: Disk, name: string): Promise<void> {
  const set = await tab.create('pack');
  await set.write('block', new Uint8Array(SIZE));
  expect(await set.finish()).toBe(true);
  await tab.name(set, manifestOf(name), SIZE, false);
}

/** Names of the datasets that are there. Looking uses none of them. */
const kept = async () => {
  const data = (await disk.root.getDirectoryHandle('data')) as FakeFolder;
  const [sets, names] = ['sets', 'names'].map((name) => data.entries.get(name) as FakeFolder);
  expect(sets?.entries.size).toBe(names?.entries.size);
  return [...(names?.entries.keys() ?? [])].map((manifest) => manifest[0]).sort();
};

test('the dataset used longest ago goes when there are more bytes than the quota allows', async () => {
  const tab = await nextTab();
  for (const name of ['a', 'b', 'c']) await keep(tab, name);
  await nextTab();
  expect(await kept()).toEqual(['b', 'c']);
});

test('what a tab uses stays, also over the bound', async () => {
  const tab = await nextTab();
  for (const name of ['a', 'b', 'c']) await keep(tab, name);
  expect(await kept()).toEqual(['a', 'b', 'c']);
});

test('using a dataset again keeps it', async () => {
  const first = await nextTab();
  for (const name of ['a', 'b']) await keep(first, name);
  const second = await nextTab();
  const set = await second.find(manifestOf('a'), false);
  expect((await set?.read('block'))?.byteLength).toBe(SIZE);
  await keep(await nextTab(), 'c');
  expect(await kept()).toEqual(['a', 'c']);
});

test('the folder of a tab that ended while it read is removed', async () => {
  const tab = await nextTab();
  await keep(tab, 'a');
  await (await tab.create('pack')).write('block', new Uint8Array(SIZE));
  await nextTab();
  expect(await kept()).toEqual(['a']);
});

test('a full disk is answered, not thrown', async () => {
  const tab = await nextTab();
  const set = await tab.create('pack');
  await set.write('block', new Uint8Array(SIZE));
  disk.isFull = true;
  expect(await set.finish()).toBe(false);
  await tab.drop(set);
  await nextTab();
  expect(await kept()).toEqual([]);
});
