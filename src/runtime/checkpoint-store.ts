// Where a browser keeps the checkpoints of its rooms: files of the origin's private file system, shared by all tabs of the
// browser, found by the room's key and their names. Where there is no such thing (a page over plain HTTP), memory of this tab.

/** Rooms of which checkpoints are kept; those not used for longest go first. */
export const MAX_KEPT_ROOMS = 8;

const FOLDER = 'checkpoints';

/** Names sort by the run's start, then by clock: the greatest is the newest. */
export const checkpointName = (startedAt: number, clock: number): string =>
  `${String(startedAt).padStart(15, '0')}-${String(clock).padStart(10, '0')}.safetensors`;

/** One room's checkpoints in one browser. */
export interface CheckpointStore {
  /** Does what is written outlive the tab? */
  readonly isLasting: boolean;
  /** Names, newest first. */
  names(): Promise<string[]>;
  /** The whole of a file; null where there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** All or nothing: a write that fails leaves no file. @throws StorageFull */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Runs while no other tab of this browser does so for this room. */
  exclusively<T>(run: () => Promise<T>): Promise<T>;
}

/** The browser gives this page no more room. */
export class StorageFull extends Error {
  override name = 'StorageFull';
}

export class MemoryCheckpointStore implements CheckpointStore {
  readonly isLasting = false;
  private readonly files = new Map<string, Uint8Array>();
  private last: Promise<unknown> = Promise.resolve();

  async names(): Promise<string[]> {
    return [...this.files.keys()].sort().reverse();
  }

  async read(name: string): Promise<Uint8Array | null> {
    return this.files.get(name) ?? null;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  exclusively<T>(run: () => Promise<T>): Promise<T> {
    const next = this.last.then(run, run);
    this.last = next.catch(() => undefined);
    return next;
  }
}

/** In the origin private file system (https://fs.spec.whatwg.org/). */
export class FileCheckpointStore implements CheckpointStore {
  readonly isLasting = true;

  private constructor(
    private readonly room: string,
    private readonly rooms: FileSystemDirectoryHandle,
  ) {}

  /** @throws where the browser forbids it: private windows of some, pages over plain HTTP of all */
  static async open(room: string): Promise<FileCheckpointStore> {
    const root = await navigator.storage.getDirectory();
    const rooms = await root.getDirectoryHandle(FOLDER, { create: true });
    await forgetOldRooms(rooms, room);
    return new FileCheckpointStore(room, rooms);
  }

  /** Made anew where another page has taken it for forgotten. */
  private folder(): Promise<FileSystemDirectoryHandle> {
    return this.rooms.getDirectoryHandle(this.room, { create: true });
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of (await this.folder()).keys()) if (name.endsWith('.safetensors')) names.push(name);
    return names.sort().reverse();
  }

  async read(name: string): Promise<Uint8Array | null> {
    try {
      const file = await (await (await this.folder()).getFileHandle(name)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return null;
      throw error;
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    try {
      // Where there is no room at all, even an empty file is refused.
      const file = await (await this.folder()).getFileHandle(name, { create: true });
      // Written beside the file, which takes its place when it is closed: a tab that dies leaves nothing half done.
      const stream = await file.createWritable();
      try {
        await stream.write(bytes.slice());
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      // That it can't be removed either must not hide why.
      await this.remove(name).catch(() => undefined);
      throw isNamed(error, 'QuotaExceededError')
        ? new StorageFull('This browser has no room left for the page’s files.', { cause: error })
        : error;
    }
  }

  async remove(name: string): Promise<void> {
    const folder = await this.folder();
    await folder.removeEntry(name).catch((error: unknown) => {
      if (!isNamed(error, 'NotFoundError')) throw error;
    });
  }

  exclusively<T>(run: () => Promise<T>): Promise<T> {
    return navigator.locks.request(`${FOLDER}/${this.room}`, run) as Promise<T>;
  }
}

/** The store of a room, and in memory why it isn't a better one. */
export async function openCheckpointStore(room: string): Promise<{ store: CheckpointStore; reason: string | null }> {
  const inMemory = (reason: string) => ({ store: new MemoryCheckpointStore(), reason });
  if (!self.isSecureContext) {
    return inMemory('Over plain HTTP a browser keeps no files for a page; https or localhost does.');
  }
  try {
    return { store: await FileCheckpointStore.open(room), reason: null };
  } catch (error) {
    return inMemory(
      `This browser keeps no files for the page (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

/** Folders of rooms that were left long ago. What can't be told or removed stays: nothing depends on it. */
async function forgetOldRooms(all: FileSystemDirectoryHandle, current: string): Promise<void> {
  const rooms: { name: string; usedAt: string }[] = [];
  for await (const name of all.keys()) {
    if (name === current) continue;
    const names: string[] = [];
    const folder = await all.getDirectoryHandle(name).catch(() => null);
    if (folder !== null) for await (const file of folder.keys()) names.push(file);
    rooms.push({ name, usedAt: names.sort().at(-1) ?? '' });
  }
  rooms.sort((a, b) => (a.usedAt < b.usedAt ? 1 : -1));
  for (const { name } of rooms.slice(MAX_KEPT_ROOMS - 1)) {
    await all.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
}

const isNamed = (error: unknown, name: string): boolean => error instanceof DOMException && error.name === name;
