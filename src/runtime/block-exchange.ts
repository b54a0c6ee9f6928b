// Blocks of data by hash: held here, served to other trainers, fetched from those who hold them. What arrives is checked
// against its hash, so it doesn't matter who sent it.
import { hashBlock } from '../data/blocks.ts';
import type { BlockAnswer, BlockRequest, Frame } from '../protocol/frames.ts';
import { NO_EPOCH, type NodeId } from '../protocol/ids.ts';
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

interface Held {
  readonly bytes: Uint8Array;
  readonly kind: BlockKind;
}

export class BlockExchange {
  private readonly held = new Map<string, Held>();
  private sentData = 0;
  private readonly fetchedFrom = new Map<NodeId, { blocks: number; bytes: number }>();
  private readonly fetching = new Map<string, Promise<Uint8Array>>();
  private readonly asked = new Map<number, Deferred<Uint8Array | null>>();
  private nextRequest = 1;
  private readonly changed = new Signal();

  /**
   * @param send hands a frame to a node's trainer; 0 where there is no link
   * @param peers nodes with a link now, those most likely to hold everything first
   */
  constructor(
    private readonly send: (to: NodeId, frame: Frame) => number,
    private readonly peers: () => readonly NodeId[],
  ) {}

  /** Bytes of frames that carried data to others. */
  get dataBytesSent(): number {
    return this.sentData;
  }

  /** Blocks of data that came from others, by whom. */
  get fetched(): readonly Fetched[] {
    return [...this.fetchedFrom].map(([node, sum]) => ({ node, ...sum }));
  }

  hold(hash: string, bytes: Uint8Array, kind: BlockKind = 'part'): void {
    this.held.set(hash, { bytes, kind });
  }

  /** Blocks that were private may be asked for from now on: their user has started a run on them in which they travel. */
  publish(hashes: Iterable<string>): void {
    for (const hash of hashes) {
      const block = this.held.get(hash);
      if (block !== undefined) this.held.set(hash, { ...block, kind: 'data' });
    }
  }

  holdsAll(hashes: readonly string[]): boolean {
    return hashes.every((hash) => this.held.has(hash));
  }

  /** Blocks that nobody will ask for any more. */
  release(hashes: Iterable<string>): void {
    for (const hash of hashes) this.held.delete(hash);
  }

  /** Is the block here, or with somebody who can be reached now? Fetches it where it is. */
  async find(hash: string): Promise<boolean> {
    return this.held.has(hash) || (await this.fetchOnce(hash, 'data')) !== null;
  }

  /** Links or holders have changed: a fetch that waits looks again. */
  notify(): void {
    this.changed.notify();
  }

  /** Forgets all data but these: those of earlier files and runs. */
  keepData(hashes: ReadonlySet<string>): void {
    for (const [hash, { kind }] of this.held) if (kind !== 'part' && !hashes.has(hash)) this.held.delete(hash);
  }

  /** The bytes of a block that is here; nobody is asked. @throws BlockNotFound */
  own(hash: string): Uint8Array {
    const held = this.held.get(hash);
    if (held === undefined) throw new BlockNotFound('This tab’s own data are gone. Drop the files again in this tab.');
    return held.bytes;
  }

  /** The bytes of a block, from here or from another tab. @throws BlockNotFound */
  get(hash: string, kind: 'data' | 'part' = 'part'): Promise<Uint8Array> {
    const held = this.held.get(hash);
    if (held !== undefined) return Promise.resolve(held.bytes);
    const under = this.fetching.get(hash) ?? this.fetch(hash, kind).finally(() => this.fetching.delete(hash));
    this.fetching.set(hash, under);
    return under;
  }

  receive(from: NodeId, frame: BlockRequest | BlockAnswer): void {
    if (frame.kind === 'blockAnswer') {
      this.asked.get(frame.request)?.resolve(frame.bytes);
      return;
    }
    const held = this.held.get(frame.hash);
    // Whoever asks for what is private learns no more than that it can't be had.
    const bytes = held === undefined || held.kind === 'private' ? null : held.bytes;
    const sent = this.send(from, { kind: 'blockAnswer', epoch: NO_EPOCH, request: frame.request, bytes });
    if (bytes !== null && held?.kind === 'data') this.sentData += sent;
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
      this.held.set(hash, { bytes, kind });
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
