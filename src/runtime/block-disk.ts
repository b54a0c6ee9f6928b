// Blocks of data in the browser's own storage (the origin private file system), in one folder for each dataset, found by the
// hash of its manifest: so that a reload need fetch nothing again, and large data need no memory. Shared by all tabs of the
// browser. What is read may be anything: whoever asks checks it against its hash.

import { z } from 'zod';

/** All datasets of this browser together; those used longest ago go first. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024 * 1024;
/** And no more of what the browser lets this page have: checkpoints need room, too. */
const MAX_QUOTA_SHARE = 0.75;

const ROOT = 'data';
/** A folder for each dataset, with its blocks. */
const SETS = 'sets';
/** A file for each manifest, by its hash: which folder is its. When it was last written is when it was last used. */
const NAMES = 'names';

/** A file with the blocks of files that were read here, one after the other, and where each is in it. */
const PACK = 'blocks';
const INDEX = 'index';

/** Longer than this takes no disk: the browser has forgotten us (seen in Chromium 156), and memory must do. */
const DISK_TIMEOUT_MS = 10_000;
/** Closing makes a written file the file's new contents: of a gigabyte too. */
const CLOSE_TIMEOUT_MS = 60_000;

/** The blocks of one dataset. */
export interface BlockSet {
  readonly id: string;
  /** All or nothing: a write that fails takes those before with it. */
  readonly isPack: boolean;
  /** The bytes that were written last under a hash; null where there are none, or not just now. */
  read(hash: string): Promise<Uint8Array | null>;
  /** @returns false where the browser has no room, or doesn't answer */
  write(hash: string, bytes: Uint8Array): Promise<boolean>;
  /** Nothing is read of a pack before. @returns false where what was written is not there */
  finish(): Promise<boolean>;
  /** Hashes of what is there. */
  hashes(): Promise<string[]>;
}

/** Where a browser keeps datasets. A folder is in use as long as its tab: nobody else removes it meanwhile. */
export interface BlockDisk {
  /**
   * A folder for a dataset.
   * @param kind `pack`: of all blocks, written in one go; `single`: of blocks that come one by one, a file for each
   */
  create(kind: 'pack' | 'single'): Promise<BlockSet>;
  /** The folder of a manifest, used now; null where there is none, or a private one that isn't asked for as one's own. */
  find(manifest: string, isOwn: boolean): Promise<BlockSet | null>;
  /** Says whose manifest a folder is of. Older datasets make room. @param bytes of all its blocks */
  name(set: BlockSet, manifest: string, bytes: number, isPrivate: boolean): Promise<void>;
  /** The data may travel from now on. */
  publish(manifest: string): Promise<void>;
  /** A folder that came to nothing. */
  drop(set: BlockSet): Promise<void>;
}

/** The disk didn't answer. */
class DiskSilent extends DOMException {
  constructor() {
    super('The browser’s storage does not answer.', 'TimeoutError');
  }
}

/** Has the disk not answered once? Then no write is tried any more in this tab: each would be waited for. */
let isSilent = false;

async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isSilent = true;
      reject(new DiskSilent());
    }, ms);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a write or a read came to; `failed` where the disk is full, silent, or the file is gone. */
async function orElse<T>(failed: T, work: () => Promise<T>, ms = DISK_TIMEOUT_MS): Promise<T> {
  try {
    return await inTime(ms, work());
  } catch (error) {
    if (error instanceof DOMException) return failed;
    throw error;
  }
}

async function writeFile(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<boolean> {
  if (isSilent) return false;
  return orElse(false, async () => {
    const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await stream.write(bytes.slice());
    await stream.close();
    return true;
  });
}

type Place = readonly [hash: string, at: number, size: number];

const indexSchema = z.array(z.tuple([z.string(), z.int().min(0), z.int().min(0)]));

class Folder implements BlockSet {
  readonly isPack = false;
  private places: Promise<ReadonlyMap<string, Place>> | null = null;

  constructor(
    readonly id: string,
    private readonly folder: FileSystemDirectoryHandle,
  ) {}

  async read(hash: string): Promise<Uint8Array | null> {
    const place = (await this.openIndex()).get(hash);
    return orElse(null, async () => {
      const file = await (await this.folder.getFileHandle(place === undefined ? hash : PACK)).getFile();
      const part = place === undefined ? file : file.slice(place[1], place[1] + place[2]);
      return new Uint8Array(await part.arrayBuffer());
    });
  }

  write(hash: string, bytes: Uint8Array): Promise<boolean> {
    return writeFile(this.folder, hash, bytes);
  }

  finish(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async hashes(): Promise<string[]> {
    const names = [...(await this.openIndex()).keys()];
    for await (const name of this.folder.keys()) if (name !== PACK && name !== INDEX) names.push(name);
    return names;
  }

  private openIndex(): Promise<ReadonlyMap<string, Place>> {
    this.places ??= orElse('[]', async () => (await (await this.folder.getFileHandle(INDEX)).getFile()).text()).then(
      (text) => {
        const parsed = indexSchema.safeParse(parseJson(text));
        return new Map((parsed.success ? parsed.data : []).map((place) => [place[0], place]));
      },
    );
    return this.places;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Blocks written one after the other into one file, which is there when it is finished. */
class Pack implements BlockSet {
  readonly isPack = true;
  private stream: Promise<FileSystemWritableFileStream> | null = null;
  private readonly places: Place[] = [];
  private at = 0;
  private isBroken = false;
  private finished: Folder | null = null;

  constructor(
    readonly id: string,
    private readonly folder: FileSystemDirectoryHandle,
  ) {}

  read(hash: string): Promise<Uint8Array | null> {
    return this.finished?.read(hash) ?? Promise.resolve(null);
  }

  async write(hash: string, bytes: Uint8Array): Promise<boolean> {
    if (this.finished !== null) return this.finished.write(hash, bytes);
    if (this.isBroken || isSilent) return false;
    const isWritten = await orElse(false, async () => {
      this.stream ??= this.folder.getFileHandle(PACK, { create: true }).then((file) => file.createWritable());
      await (await this.stream).write(bytes.slice());
      return true;
    });
    if (isWritten) this.places.push([hash, this.at, bytes.byteLength]);
    else this.isBroken = true;
    this.at += bytes.byteLength;
    return isWritten;
  }

  async finish(): Promise<boolean> {
    if (this.isBroken || this.stream === null) return false;
    const stream = this.stream;
    const isClosed = await orElse(
      false,
      async () => {
        await (await stream).close();
        return true;
      },
      CLOSE_TIMEOUT_MS,
    );
    const index = new TextEncoder().encode(JSON.stringify(this.places));
    if (!isClosed || !(await writeFile(this.folder, INDEX, index))) return false;
    this.finished = new Folder(this.id, this.folder);
    return true;
  }

  hashes(): Promise<string[]> {
    return this.finished?.hashes() ?? Promise.resolve([]);
  }

  /** Lets go of the file, so that the folder can be removed. */
  async abort(): Promise<void> {
    this.isBroken = true;
    const { stream } = this;
    if (stream !== null && this.finished === null) await orElse(undefined, async () => (await stream).abort());
  }
}

interface Named {
  readonly manifest: string;
  readonly id: string;
  readonly bytes: number;
  readonly isPrivate: boolean;
  readonly usedAt: number;
}

class OriginDisk implements BlockDisk {
  constructor(
    private readonly sets: FileSystemDirectoryHandle,
    private readonly names: FileSystemDirectoryHandle,
    private readonly room: number,
  ) {}

  async create(kind: 'pack' | 'single'): Promise<BlockSet> {
    const id = crypto.randomUUID();
    const folder = await this.open(id);
    return kind === 'pack' ? new Pack(id, folder) : new Folder(id, folder);
  }

  async find(manifest: string, isOwn: boolean): Promise<BlockSet | null> {
    const named = await this.readName(manifest);
    if (named === null || (named.isPrivate && !isOwn)) return null;
    const folder = await this.open(named.id);
    await this.writeName(named);
    return new Folder(named.id, folder);
  }

  async publish(manifest: string): Promise<void> {
    const named = await this.readName(manifest);
    if (named?.isPrivate) await this.writeName({ ...named, isPrivate: false });
  }

  async name(set: BlockSet, manifest: string, bytes: number, isPrivate: boolean): Promise<void> {
    const before = await this.readName(manifest);
    await this.writeName({ manifest, id: set.id, bytes, isPrivate });
    if (before !== null && before.id !== set.id) await this.remove(before.id);
    await this.makeRoom();
  }

  async drop(set: BlockSet): Promise<void> {
    if (set instanceof Pack) await set.abort();
    inUse.get(set.id)?.();
    inUse.delete(set.id);
    await this.remove(set.id);
  }

  private async open(id: string): Promise<FileSystemDirectoryHandle> {
    await use(id);
    return this.sets.getDirectoryHandle(id, { create: true });
  }

  /** Removes the datasets used longest ago while there are too many bytes, and folders of tabs that died while they read. */
  async makeRoom(): Promise<void> {
    const all: Named[] = [];
    for await (const manifest of this.names.keys()) {
      const named = await this.readName(manifest);
      if (named === null) await removeEntry(this.names, manifest);
      else all.push(named);
    }
    all.sort((a, b) => b.usedAt - a.usedAt);
    let bytes = 0;
    const kept = new Set<string>();
    for (const named of all) {
      bytes += named.bytes;
      if (bytes <= this.room || !(await this.remove(named.id))) kept.add(named.id);
      else await removeEntry(this.names, named.manifest);
    }
    for await (const id of this.sets.keys()) if (!kept.has(id)) await this.remove(id);
  }

  /** @returns false where a tab is using it */
  private remove(id: string): Promise<boolean> {
    return navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      await removeEntry(this.sets, id);
      return true;
    });
  }

  private async readName(manifest: string): Promise<Named | null> {
    try {
      const file = await (await this.names.getFileHandle(manifest)).getFile();
      const [id = '', bytes, kind] = (await file.text()).split(' ');
      if (!/^[0-9a-f-]{36}$/.test(id)) return null;
      const isPrivate = kind !== 'shared';
      return { manifest, id, bytes: Number(bytes) || 0, isPrivate, usedAt: file.lastModified };
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  private async writeName({ manifest, id, bytes, isPrivate }: Omit<Named, 'usedAt'>): Promise<void> {
    const text = `${id} ${bytes} ${isPrivate ? 'private' : 'shared'}`;
    await writeFile(this.names, manifest, new TextEncoder().encode(text));
  }
}

const lockOf = (id: string): string => `${ROOT}/${id}`;

/** Folders that this tab uses, until it ends. */
const inUse = new Map<string, () => void>();

/** Waits for the lock: a tab that is just removing the folder will be done soon. */
async function use(id: string): Promise<void> {
  if (inUse.has(id)) return;
  await new Promise<void>((resolve, reject) => {
    const hold = () => {
      resolve();
      return new Promise<void>((release) => inUse.set(id, release));
    };
    navigator.locks.request(lockOf(id), { mode: 'shared' }, hold).catch(reject);
  });
}

async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof DOMException)) throw error;
  });
}

/** Null where the browser keeps no files for the page: over plain HTTP, and in private windows of some. */
export async function openBlockDisk(): Promise<BlockDisk | null> {
  if (!self.isSecureContext) return null;
  try {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
    const [sets, names] = await Promise.all([
      root.getDirectoryHandle(SETS, { create: true }),
      root.getDirectoryHandle(NAMES, { create: true }),
    ]);
    const { quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate();
    const disk = new OriginDisk(sets, names, Math.min(MAX_KEPT_BYTES, MAX_QUOTA_SHARE * quota));
    await disk.makeRoom();
    return disk;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return null;
    throw error;
  }
}
