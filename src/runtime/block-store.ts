// The bytes of the blocks that a tab has: in memory, and of large data in the browser's storage, from where they are read
// when somebody wants them.
import { hashBlock } from '../data/blocks.ts';
import type { BlockSet } from './block-disk.ts';

/** Bytes of blocks in memory that are on disk too: enough for small data, and for what a window of large ones needs. */
export const MAX_CACHED_BYTES = 128 * 1024 * 1024;
/** Bytes of data in memory where there is no disk, or no room on it: past this a tab risks being killed by its browser. */
export const MAX_MEMORY_BYTES = 1024 * 1024 * 1024;
/** Bytes that wait to be written: whoever makes blocks waits for the rest. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** There are more data than this tab can hold. */
export class DataTooLarge extends Error {
  override name = 'DataTooLarge';
}

interface Stored {
  /** Null where they are on disk only. */
  bytes: Uint8Array | null;
  readonly size: number;
  /** Where they are on disk; null where they aren't, or not yet. */
  set: BlockSet | null;
  /** What is read from the disk has been compared with its hash, or was written by this tab. */
  isChecked: boolean;
}

export class BlockStore {
  /** Those in memory that were wanted last are at the end. */
  private readonly blocks = new Map<string, Stored>();
  private cached = 0;
  private inMemory = 0;
  private waiting = 0;
  private writing: Promise<void> = Promise.resolve();
  /** Sets of which blocks are neither in memory nor on disk. */
  private readonly lost = new Set<BlockSet>();

  constructor(
    private readonly limits = {
      cached: MAX_CACHED_BYTES,
      memory: MAX_MEMORY_BYTES,
      waiting: MAX_WAITING_BYTES,
    },
  ) {}

  /** Is no more to be held that another tab has anyway? */
  get isFull(): boolean {
    return this.inMemory - this.waiting > this.limits.memory;
  }

  /** @param set where it is to be kept on disk, too; null for what is to be in memory only */
  put(hash: string, bytes: Uint8Array, set: BlockSet | null): void {
    this.delete(hash);
    const stored: Stored = { bytes, size: bytes.byteLength, set: null, isChecked: true };
    this.blocks.set(hash, stored);
    this.inMemory += stored.size;
    if (set === null) return;
    this.write(stored.size, async () => {
      // What was deleted meanwhile need not be written.
      if (this.blocks.get(hash) !== stored) return;
      const isWritten = await set.write(hash, bytes);
      if (!isWritten && set.isPack) this.lose(set);
      if (!isWritten || this.blocks.get(hash) !== stored) return;
      stored.set = set;
      this.cached += stored.size;
      this.shrink();
    });
  }

  /** Writes a block that is here already to a second place. */
  copy(hash: string, bytes: Uint8Array, set: BlockSet): void {
    this.write(bytes.byteLength, () => set.write(hash, bytes));
  }

  /** One after the other. */
  private write(size: number, run: () => Promise<unknown>): void {
    this.waiting += size;
    this.writing = this.writing.then(run).then(() => {
      this.waiting -= size;
    });
  }

  /** It is on disk, or was: nothing is read now. */
  putOnDisk(hash: string, size: number, set: BlockSet): void {
    if (!this.blocks.has(hash)) this.blocks.set(hash, { bytes: null, size, set, isChecked: false });
  }

  /** Null where it is not here, or is no longer what its hash says. */
  async get(hash: string): Promise<Uint8Array | null> {
    const stored = this.blocks.get(hash);
    if (stored === undefined) return null;
    if (stored.bytes !== null) {
      this.blocks.delete(hash);
      this.blocks.set(hash, stored);
      return stored.bytes;
    }
    const bytes = (await stored.set?.read(hash)) ?? null;
    if (bytes === null || (!stored.isChecked && hashBlock(bytes) !== hash)) {
      if (this.blocks.get(hash) === stored) this.blocks.delete(hash);
      return null;
    }
    stored.isChecked = true;
    this.remember(hash, stored, bytes);
    return bytes;
  }

  delete(hash: string): void {
    const stored = this.blocks.get(hash);
    if (stored === undefined) return;
    this.blocks.delete(hash);
    if (stored.bytes === null) return;
    this.inMemory -= stored.size;
    if (stored.set !== null) this.cached -= stored.size;
  }

  /** Until no more waits to be written than may. @throws DataTooLarge where it can't be, and memory is full */
  async drained(most = this.limits.waiting): Promise<void> {
    if (this.waiting > most) await this.writing;
    if (this.isFull || this.lost.size > 0) throw this.full();
  }

  /** What was written to a set isn't there after all. What is in memory still stays there; if all of it is, nothing is lost. */
  lose(set: BlockSet): void {
    for (const stored of this.blocks.values()) {
      if (stored.set !== set) continue;
      if (stored.bytes === null) this.lost.add(set);
      else this.cached -= stored.size;
      stored.set = null;
    }
  }

  /** Blocks of this set are no longer wanted. */
  forget(set: BlockSet): void {
    this.lost.delete(set);
  }

  private full(): DataTooLarge {
    const size = this.lost.size > 0 ? MAX_CACHED_BYTES : MAX_MEMORY_BYTES;
    const why = 'and the browser’s storage, where more would go, can’t be used or is full';
    return new DataTooLarge(
      `The data are over ${size / 2 ** 20} MiB, ${why}. Use fewer rows, or free some disk space.`,
    );
  }

  private remember(hash: string, stored: Stored, bytes: Uint8Array): void {
    if (this.blocks.get(hash) !== stored || stored.bytes !== null) return;
    stored.bytes = bytes;
    this.blocks.delete(hash);
    this.blocks.set(hash, stored);
    this.inMemory += stored.size;
    this.cached += stored.size;
    this.shrink();
  }

  /** Drops what is on disk too, until as much is in memory as may be. */
  private shrink(): void {
    for (const stored of this.blocks.values()) {
      if (this.cached <= this.limits.cached) return;
      if (stored.bytes === null || stored.set === null) continue;
      stored.bytes = null;
      this.cached -= stored.size;
      this.inMemory -= stored.size;
    }
  }
}
