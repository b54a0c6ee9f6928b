// Blocks of data by hash: held here, served to other trainers, fetched from those who hold them. What arrives is checked
// against its hash, so it doesn't matter who sent it. What was fetched is kept on disk, where there is one.
import { hashBlock } from '../data/blocks.ts';
import type { Manifest } from '../data/dataset.ts';
import { decodeManifest } from '../data/manifest.ts';
import type { BlockAnswer, BlockRequest, Frame } from '../protocol/frames.ts';
import { NO_EPOCH, type NodeId } from '../protocol/ids.ts';
import type { BlockDisk, BlockSet } from './block-disk.ts';
import { BlockStore } from './block-store.ts';
import { Deferred, Signal } from './deferred.ts';

/** A holder that hasn't answered by then is passed over: a block of 16 MiB at 2 MB/s takes 8 s. */
const BLOCK_TIMEOUT_MS = 15_000;

/** Rounds over all holders before a fetch fails with a message, and the wait between them: holders come and go. */
const FETCH_ROUNDS = 10;
const ROUND_WAIT_MS = 1_000;

/** Nobody who can be reached holds a block. */
export class BlockNotFound extends Error {
  override name = 'BlockNotFound';
}

/**
 * What a block is. `private`: data that stay in this tab, asked for by whomever; read here until its user starts a run in
 * which they may travel. `data`: samples that others may have. `part`: of a checkpoint.
 */
export type BlockKind = 'private' | 'data' | 'part';

/** What came from one other node. */
export interface Fetched {
  readonly node: NodeId;
  readonly blocks: number;
  readonly bytes: number;
}

/** Blocks of a manifest, and itself. */
export const hashesOf = (manifest: string, { blocks }: Manifest): string[] => [
  manifest,
  ...[...blocks.train, ...blocks.test].map(({ hash }) => hash),
];

const bytesIn = ({ blocks }: Manifest): number =>
  [...blocks.train, ...blocks.test].reduce((sum, { bytes }) => sum + bytes, 0);

export class BlockExchange {
  private readonly store = new BlockStore();
  private readonly kinds = new Map<string, BlockKind>();
  /** Datasets that were opened here, by the hash of their manifest. */
  private readonly manifests = new Map<string, Manifest>();
  /** Where blocks of opened datasets are kept. */
  private readonly sets = new Map<string, BlockSet>();
  private sentData = 0;
  private readonly fetchedFrom = new Map<NodeId, { blocks: number; bytes: number }>();
  private readonly fetching = new Map<string, Promise<Uint8Array>>();
  private readonly asked = new Map<number, Deferred<Uint8Array | null>>();
  private nextRequest = 1;
  private readonly changed = new Signal();

  /**
   * @param send hands a frame to a node's trainer; 0 where there is no link
   * @param peers nodes with a link now, those most likely to hold everything first
   * @param disk of this browser; null where it has none
   */
  constructor(
    private readonly send: (to: NodeId, frame: Frame) => number,
    private readonly peers: () => readonly NodeId[],
    private readonly disk: Promise<BlockDisk | null> = Promise.resolve(null),
  ) {}

  /** Bytes of frames that carried data to others. */
  get dataBytesSent(): number {
    return this.sentData;
  }

  /** Blocks of data that came from others, by whom. */
  get fetched(): readonly Fetched[] {
    return [...this.fetchedFrom].map(([node, sum]) => ({ node, ...sum }));
  }

  hold(hash: string, bytes: Uint8Array, kind: BlockKind = 'part', set: BlockSet | null = null): void {
    this.store.put(hash, bytes, set);
    this.kinds.set(hash, kind);
  }

  /** A block that is here gets a second place on disk. */
  copy(hash: string, bytes: Uint8Array, set: BlockSet | null): void {
    if (set !== null) this.store.copy(hash, bytes, set);
  }

  /** Until what is held need not wait for the disk. @throws DataTooLarge where there is no room for it anywhere */
  drained(): Promise<void> {
    return this.store.drained();
  }

  /** A dataset that was private may be asked for from now on: its user has started a run on it in which it travels. */
  publish(hash: string): void {
    const manifest = this.opened(hash);
    const hashes = manifest === null ? [hash] : hashesOf(hash, manifest);
    for (const block of hashes) if (this.kinds.has(block)) this.kinds.set(block, 'data');
    void this.disk.then((disk) => disk?.publish(hash));
  }

  holdsAll(hashes: readonly string[]): boolean {
    return hashes.every((hash) => this.kinds.has(hash));
  }

  /** Blocks that nobody will ask for any more. */
  release(hashes: Iterable<string>): void {
    for (const hash of hashes) {
      this.store.delete(hash);
      this.kinds.delete(hash);
      this.sets.delete(hash);
    }
  }

  /** A place on disk for data that are being read; null where there is none. */
  async newSet(kind: 'pack' | 'single' = 'pack'): Promise<BlockSet | null> {
    return (await (await this.disk)?.create(kind)) ?? null;
  }

  /** The data have been read: they are found by their manifest from now on, also after a reload. */
  async keepSet(set: BlockSet | null, hash: string, manifest: Manifest): Promise<void> {
    this.manifests.set(hash, manifest);
    await this.store.drained(0);
    if (set === null) return;
    if (await set.finish()) await (await this.disk)?.name(set, hash, bytesIn(manifest), true);
    else {
      this.store.lose(set);
      await this.store.drained();
    }
  }

  /** Puts more beside the blocks of this tab's own data: where there is no room for it, it isn't there. */
  async keepBeside(hash: string, parts: Readonly<Record<string, Uint8Array>>): Promise<void> {
    const disk = await this.disk;
    const set = (await disk?.find(hash, true)) ?? null;
    const manifest = this.opened(hash);
    if (disk === null || set === null || manifest === null) return;
    let bytes = bytesIn(manifest);
    for (const [name, part] of Object.entries(parts)) {
      if (!(await set.write(name, part))) return;
      bytes += part.byteLength;
    }
    await disk.name(set, hash, bytes, true);
  }

  /** What was put beside the blocks of this tab's own data; nobody checks it. */
  async readBeside(hash: string, name: string): Promise<Uint8Array | null> {
    const set = await (await this.disk)?.find(hash, true);
    return (await set?.read(name)) ?? null;
  }

  /** The data came to nothing. */
  async dropSet(set: BlockSet | null, hashes: Iterable<string>): Promise<void> {
    this.release(hashes);
    if (set === null) return;
    this.store.forget(set);
    await (await this.disk)?.drop(set);
  }

  /**
   * The list of a dataset's blocks, from here, from this browser's storage or from another tab; those of its blocks that are
   * in the storage are held from now on. @throws BlockNotFound, MalformedBytes
   */
  async openData(hash: string): Promise<Manifest> {
    const known = this.manifests.get(hash);
    if (known !== undefined && this.kinds.has(hash)) return known;
    await this.openStored(hash, 'data');
    const manifest = decodeManifest(await this.get(hash, 'data'));
    this.manifests.set(hash, manifest);
    await this.keepFetched(hash, manifest);
    return manifest;
  }

  /** A dataset out of this browser's storage, as this tab's own; null where not all of it is there. */
  async openOwn(hash: string): Promise<Manifest | null> {
    const manifest = await this.openStored(hash, 'private');
    return manifest !== null && this.holdsAll(hashesOf(hash, manifest)) ? manifest : null;
  }

  /** What is known of a dataset without asking anybody. */
  opened(hash: string): Manifest | null {
    return (this.kinds.has(hash) && this.manifests.get(hash)) || null;
  }

  /** Holds what the disk has of a dataset. */
  private async openStored(hash: string, kind: 'data' | 'private'): Promise<Manifest | null> {
    if (this.kinds.has(hash)) return this.manifests.get(hash) ?? null;
    const set = (await (await this.disk)?.find(hash, kind === 'private')) ?? null;
    const bytes = (await set?.read(hash)) ?? null;
    if (set === null || bytes === null || hashBlock(bytes) !== hash) return null;
    const manifest = decodeManifest(bytes);
    this.manifests.set(hash, manifest);
    this.hold(hash, bytes, kind);
    const there = new Set(await set.hashes());
    for (const { hash: block, bytes: size } of [...manifest.blocks.train, ...manifest.blocks.test]) {
      this.sets.set(block, set);
      if (!there.has(block) || this.kinds.has(block)) continue;
      this.store.putOnDisk(block, size, set);
      this.kinds.set(block, kind);
    }
    return manifest;
  }

  /** A dataset that this browser has nothing of so far gets a place for what is fetched. */
  private async keepFetched(hash: string, manifest: Manifest): Promise<void> {
    const [first] = manifest.blocks.train;
    if (first === undefined || this.sets.has(first.hash)) return;
    const set = await this.newSet('single');
    if (set === null) return;
    for (const block of hashesOf(hash, manifest)) this.sets.set(block, set);
    const bytes = await this.store.get(hash);
    if (bytes !== null) this.store.put(hash, bytes, set);
    await this.store.drained(0);
    await (await this.disk)?.name(set, hash, bytesIn(manifest), false);
  }

  /** Is a dataset's list here, in this browser's storage, or with somebody who can be reached now? */
  async findData(hash: string): Promise<boolean> {
    if (this.kinds.has(hash) || (await this.openStored(hash, 'data')) !== null) return true;
    return (await this.fetchOnce(hash, 'data')) !== null;
  }

  /** Links or holders have changed: a fetch that waits looks again. */
  notify(): void {
    this.changed.notify();
  }

  /** Forgets all data but these: those of earlier files and runs. What is on disk stays there. */
  keepData(hashes: ReadonlySet<string>): void {
    const old = [...this.kinds].filter(([hash, kind]) => kind !== 'part' && !hashes.has(hash)).map(([hash]) => hash);
    this.release(old);
    for (const hash of old) this.manifests.delete(hash);
  }

  /** The bytes of a block that is here; nobody is asked. @throws BlockNotFound */
  async own(hash: string): Promise<Uint8Array> {
    const bytes = await this.read(hash);
    if (bytes === null) throw new BlockNotFound('This tab’s own data are gone. Drop the files again in this tab.');
    return bytes;
  }

  /** The bytes of a block, from here or from another tab. @throws BlockNotFound */
  get(hash: string, kind: 'data' | 'part' = 'part'): Promise<Uint8Array> {
    const under = this.fetching.get(hash) ?? this.getOnce(hash, kind).finally(() => this.fetching.delete(hash));
    this.fetching.set(hash, under);
    return under;
  }

  private async getOnce(hash: string, kind: 'data' | 'part'): Promise<Uint8Array> {
    return (await this.read(hash)) ?? (await this.readStored(hash, kind)) ?? this.fetch(hash, kind);
  }

  /** Null where it is not here, or no longer. */
  private async read(hash: string): Promise<Uint8Array | null> {
    if (!this.kinds.has(hash)) return null;
    const bytes = await this.store.get(hash);
    if (bytes === null) this.kinds.delete(hash);
    return bytes;
  }

  /** Another tab of this browser may have put it there since the data were opened. */
  private async readStored(hash: string, kind: BlockKind): Promise<Uint8Array | null> {
    const set = this.sets.get(hash);
    const bytes = (await set?.read(hash)) ?? null;
    if (set === undefined || bytes === null || hashBlock(bytes) !== hash) return null;
    this.store.putOnDisk(hash, bytes.byteLength, set);
    this.kinds.set(hash, kind);
    return bytes;
  }

  receive(from: NodeId, frame: BlockRequest | BlockAnswer): void {
    if (frame.kind === 'blockAnswer') this.asked.get(frame.request)?.resolve(frame.bytes);
    else void this.answer(from, frame);
  }

  private async answer(from: NodeId, { request, hash }: BlockRequest): Promise<void> {
    const kind = this.kinds.get(hash);
    // Whoever asks for what is private learns no more than that it can't be had.
    const bytes = kind === undefined || kind === 'private' ? null : await this.read(hash);
    const sent = this.send(from, { kind: 'blockAnswer', epoch: NO_EPOCH, request, bytes });
    if (bytes !== null && kind === 'data') this.sentData += sent;
  }

  private async fetch(hash: string, kind: BlockKind): Promise<Uint8Array> {
    for (let round = 0; round < FETCH_ROUNDS; ) {
      const bytes = await this.fetchOnce(hash, kind);
      if (bytes !== null) return bytes;
      // Only time counts: someone who comes or goes is a reason to look again, not to give up sooner.
      if (await this.pause()) round++;
    }
    throw new BlockNotFound('No tab that can be reached holds a part of the data. Drop the files again in this tab.');
  }

  /** Asks everybody once. */
  private async fetchOnce(hash: string, kind: BlockKind): Promise<Uint8Array | null> {
    for (const peer of this.peers()) {
      const bytes = await this.ask(peer, hash);
      if (bytes === null || hashBlock(bytes) !== hash) continue;
      if (!this.store.isFull) this.hold(hash, bytes, kind, this.sets.get(hash) ?? null);
      if (kind === 'data') this.noteFetched(peer, bytes.byteLength);
      return bytes;
    }
    return null;
  }

  private noteFetched(from: NodeId, size: number): void {
    const { blocks, bytes } = this.fetchedFrom.get(from) ?? { blocks: 0, bytes: 0 };
    this.fetchedFrom.set(from, { blocks: blocks + 1, bytes: bytes + size });
  }

  /** Waits until links or holders change. @returns whether nothing did for `ROUND_WAIT_MS` */
  private async pause(): Promise<boolean> {
    const timeout = new Deferred<boolean>();
    const timer = setTimeout(() => timeout.resolve(true), ROUND_WAIT_MS);
    const isTimeUp = await Promise.race([timeout.promise, this.changed.next().then(() => false)]);
    clearTimeout(timer);
    return isTimeUp;
  }

  private async ask(peer: NodeId, hash: string): Promise<Uint8Array | null> {
    const request = this.nextRequest++;
    const answer = new Deferred<Uint8Array | null>();
    this.asked.set(request, answer);
    const timer = setTimeout(() => answer.resolve(null), BLOCK_TIMEOUT_MS);
    if (this.send(peer, { kind: 'blockRequest', epoch: NO_EPOCH, request, hash }) === 0) answer.resolve(null);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.asked.delete(request);
    }
  }
}
