// Blocks of data in the browser's own storage (the origin private file system), in one folder for each dataset, found by the
// hash of its manifest: so that a reload need fetch nothing again, and large data need no memory. Shared by all tabs of the
// browser. What is read may be anything: whoever asks checks it against its hash.

/** All datasets of this browser together; those used longest ago go first. */
export const MAX_KEPT_BYTES = 4 * 1024 * 1024 * 1024;

const ROOT = 'data';
/** A folder for each dataset, with a file for each block. */
const SETS = 'sets';
/** A file for each manifest, by its hash: which folder is its. When it was last written is when it was last used. */
const NAMES = 'names';

/** The blocks of one dataset. */
export interface BlockSet {
  readonly id: string;
  /** The bytes that were written last under a hash; null where there are none, or not just now. */
  read(hash: string): Promise<Uint8Array | null>;
  /** @returns false where the browser has no room, or another tab is writing the same */
  write(hash: string, bytes: Uint8Array): Promise<boolean>;
  /** Hashes of what is there. */
  hashes(): Promise<string[]>;
}

/** Where a browser keeps datasets. A folder is in use as long as its tab: nobody else removes it meanwhile. */
export interface BlockDisk {
  /** A folder for a dataset whose manifest isn't known yet. */
  create(): Promise<BlockSet>;
  /** The folder of a manifest, used now; null where there is none, or a private one that isn't asked for as one's own. */
  find(manifest: string, isOwn: boolean): Promise<BlockSet | null>;
  /** Says whose manifest a folder is of. Older datasets make room. @param bytes of all its blocks */
  name(set: BlockSet, manifest: string, bytes: number, isPrivate: boolean): Promise<void>;
  /** The data may travel from now on. */
  publish(manifest: string): Promise<void>;
  /** A folder that came to nothing. */
  drop(set: BlockSet): Promise<void>;
}

/** TypeScript has this for workers only, and a page's types beside those can't be had. */
interface SyncAccess {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  close(): void;
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle?(): Promise<SyncAccess> };

class Folder implements BlockSet {
  constructor(
    readonly id: string,
    private readonly folder: FileSystemDirectoryHandle,
  ) {}

  async read(hash: string): Promise<Uint8Array | null> {
    try {
      const file = await (await this.folder.getFileHandle(hash)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  async write(hash: string, bytes: Uint8Array): Promise<boolean> {
    try {
      const file: SyncFile = await this.folder.getFileHandle(hash, { create: true });
      const access = await file.createSyncAccessHandle?.();
      if (access === undefined) return false;
      try {
        access.truncate(0);
        return access.write(bytes, { at: 0 }) === bytes.byteLength;
      } finally {
        access.close();
      }
    } catch (error) {
      // No room, the folder is gone, or another tab has the file open.
      if (error instanceof DOMException) return false;
      throw error;
    }
  }

  async hashes(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.folder.keys()) names.push(name);
    return names;
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
  ) {}

  async create(): Promise<BlockSet> {
    return this.open(crypto.randomUUID());
  }

  async find(manifest: string, isOwn: boolean): Promise<BlockSet | null> {
    const named = await this.readName(manifest);
    if (named === null || (named.isPrivate && !isOwn)) return null;
    const set = await this.open(named.id);
    await this.writeName(named);
    return set;
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
    inUse.get(set.id)?.();
    inUse.delete(set.id);
    await this.remove(set.id);
  }

  private async open(id: string): Promise<BlockSet> {
    await use(id);
    return new Folder(id, await this.sets.getDirectoryHandle(id, { create: true }));
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
      if (bytes <= MAX_KEPT_BYTES || !(await this.remove(named.id))) kept.add(named.id);
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
    await new Folder('', this.names).write(manifest, new TextEncoder().encode(text));
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
    const disk = new OriginDisk(sets, names);
    await disk.makeRoom();
    return disk;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return null;
    throw error;
  }
}
