import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashBlock } from '../data/blocks.ts';
import type { Manifest } from '../data/dataset.ts';
import { encodeManifest } from '../data/manifest.ts';
import type { BlockRequest, Frame } from '../protocol/frames.ts';
import { NO_EPOCH, type NodeId, nodeId } from '../protocol/ids.ts';
import type { BlockDisk, BlockSet } from './block-disk.ts';
import { BlockExchange, BlockNotFound } from './block-exchange.ts';

const ME = nodeId(1);
const [A, B, C] = [nodeId(2), nodeId(3), nodeId(4)];
const BLOCK = Uint8Array.of(1, 2, 3);
const HASH = hashBlock(BLOCK);

/** Longer than any wait for an answer, and than all rounds. */
const LONG_MS = 60_000;

/** An exchange among peers that behave as a test says; answers come in a later task. */
class Fixture {
  readonly asked: NodeId[] = [];
  readonly sent: Frame[] = [];
  peers: NodeId[] = [];
  readonly exchange: BlockExchange;

  /** @param behave bytes of a peer's answer, null for "not here", undefined for silence, 0 for no link */
  constructor(behave: (peer: NodeId) => Uint8Array | null | undefined | 0 = () => null, peers: NodeId[] = [A, B]) {
    this.peers = peers;
    this.exchange = new BlockExchange(
      (to, frame) => this.send(to, frame, behave),
      () => this.peers,
    );
  }

  private send(to: NodeId, frame: Frame, behave: (peer: NodeId) => Uint8Array | null | undefined | 0): number {
    this.sent.push(frame);
    if (frame.kind !== 'blockRequest') return 1;
    this.asked.push(to);
    const bytes = behave(to);
    if (bytes === 0) return 0;
    if (bytes !== undefined) queueMicrotask(() => this.answer(to, frame, bytes));
    return 40;
  }

  answer(from: NodeId, { request }: BlockRequest, bytes: Uint8Array | null): void {
    this.exchange.receive(from, { kind: 'blockAnswer', epoch: NO_EPOCH, request, bytes });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What a fetch came to, after time enough for it to end. */
async function endOf(fetch: Promise<Uint8Array>): Promise<unknown> {
  const end = fetch.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  return end;
}

describe('a block', () => {
  it('that is held here needs nobody', async () => {
    const { exchange, asked } = new Fixture();
    exchange.hold(HASH, BLOCK);
    expect(await exchange.get(HASH)).toBe(BLOCK);
    expect(asked).toEqual([]);
  });

  it('is fetched from the first peer that has it, and held then', async () => {
    const { exchange, asked } = new Fixture((peer) => (peer === B ? BLOCK : null), [A, B, C]);
    expect(await exchange.get(HASH)).toEqual(BLOCK);
    expect(asked).toEqual([A, B]);
    await exchange.get(HASH);
    expect(asked).toEqual([A, B]);
    expect(exchange.holdsAll([HASH])).toBe(true);
  });

  it('is fetched once, however many want it', async () => {
    const { exchange, asked } = new Fixture(() => BLOCK);
    const [first, second] = await Promise.all([exchange.get(HASH), exchange.get(HASH)]);
    expect([first, second, asked]).toEqual([BLOCK, BLOCK, [A]]);
  });

  it('with other bytes than its hash says is not taken, whoever sent it', async () => {
    const { exchange, asked } = new Fixture((peer) => (peer === A ? Uint8Array.of(6, 6, 6) : BLOCK));
    expect(await exchange.get(HASH)).toEqual(BLOCK);
    expect(asked).toEqual([A, B]);
  });

  it('is asked of the next where a peer has no link, or does not answer in time', async () => {
    const { exchange, asked } = new Fixture((peer) => (peer === A ? 0 : peer === B ? undefined : BLOCK), [A, B, C]);
    expect(await endOf(exchange.get(HASH))).toEqual(BLOCK);
    expect(asked).toEqual([A, B, C]);
  });

  it('that nobody has is not found, in the end, with a sentence for the user', async () => {
    const { exchange, asked } = new Fixture();
    const error = await endOf(exchange.get(HASH));
    expect(error).toBeInstanceOf(BlockNotFound);
    expect((error as Error).message).toMatch(/Drop the files again/);
    expect(asked).toHaveLength(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that was not found is asked for again by the next who wants it', async () => {
    let isThere = false;
    const { exchange } = new Fixture(() => (isThere ? BLOCK : null));
    await endOf(exchange.get(HASH));
    isThere = true;
    expect(await exchange.get(HASH)).toEqual(BLOCK);
  });

  it('is looked for again as soon as someone comes', async () => {
    const fixture = new Fixture(() => BLOCK, []);
    const fetch = fixture.exchange.get(HASH);
    await vi.advanceTimersByTimeAsync(10);
    fixture.peers = [C];
    fixture.exchange.notify();
    await vi.advanceTimersByTimeAsync(1);
    expect(await fetch).toEqual(BLOCK);
  });

  it('is waited for as long, however often someone else comes or goes meanwhile', async () => {
    const fixture = new Fixture(() => BLOCK, []);
    const fetch = fixture.exchange.get(HASH).catch((error: unknown) => error);
    for (let change = 0; change < 50; change++) {
      fixture.exchange.notify();
      await vi.advanceTimersByTimeAsync(1);
    }
    fixture.peers = [C];
    fixture.exchange.notify();
    await vi.advanceTimersByTimeAsync(1);
    expect(await fetch).toEqual(BLOCK);
  });
});

describe('a request for a block', () => {
  it('is answered with its bytes, under its number', async () => {
    const { exchange, sent } = new Fixture();
    exchange.hold(HASH, BLOCK);
    exchange.receive(A, { kind: 'blockRequest', epoch: NO_EPOCH, request: 77, hash: HASH });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([{ kind: 'blockAnswer', epoch: NO_EPOCH, request: 77, bytes: BLOCK }]);
  });

  it('for a block that is not here is answered, too', () => {
    const { exchange, sent } = new Fixture();
    exchange.receive(A, { kind: 'blockRequest', epoch: NO_EPOCH, request: 1, hash: HASH });
    expect(sent).toMatchObject([{ kind: 'blockAnswer', bytes: null }]);
  });
});

describe('answers', () => {
  it('that nobody waits for change nothing', async () => {
    const { exchange } = new Fixture(() => null, [A]);
    exchange.receive(A, { kind: 'blockAnswer', epoch: NO_EPOCH, request: 1, bytes: BLOCK });
    exchange.receive(ME, { kind: 'blockAnswer', epoch: NO_EPOCH, request: 9_999, bytes: null });
    expect(exchange.holdsAll([HASH])).toBe(false);
    expect(await endOf(exchange.get(HASH))).toBeInstanceOf(BlockNotFound);
  });
});

describe('what is held', () => {
  it('is everything only when every block is here', () => {
    const { exchange } = new Fixture();
    exchange.hold(HASH, BLOCK);
    expect([exchange.holdsAll([]), exchange.holdsAll([HASH]), exchange.holdsAll([HASH, 'f'.repeat(64)])]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('forgets data of earlier files and runs, and no part of a checkpoint', () => {
    const { exchange } = new Fixture();
    const [old, part] = ['f'.repeat(64), 'e'.repeat(64)];
    exchange.hold(HASH, BLOCK, 'data');
    exchange.hold(old, BLOCK, 'private');
    exchange.hold(part, BLOCK, 'part');
    exchange.keepData(new Set([HASH]));
    expect([HASH, old, part].map((hash) => exchange.holdsAll([hash]))).toEqual([true, false, true]);
  });

  it('tells what came from whom', async () => {
    const { exchange } = new Fixture((peer) => (peer === B ? BLOCK : null));
    await exchange.get(HASH, 'data');
    expect(exchange.fetched).toEqual([{ node: B, blocks: 1, bytes: BLOCK.byteLength }]);
  });
});

describe('a private block', () => {
  const ask: BlockRequest = { kind: 'blockRequest', epoch: NO_EPOCH, request: 5, hash: HASH };
  const nothing = { kind: 'blockAnswer', epoch: NO_EPOCH, request: 5, bytes: null };

  it('is read here and by nobody else: who asks for it hears what it would hear of one that isn’t there', async () => {
    const [fixture, empty] = [new Fixture(), new Fixture()];
    fixture.exchange.hold(HASH, BLOCK, 'private');
    fixture.exchange.receive(A, ask);
    empty.exchange.receive(A, ask);
    expect(fixture.sent).toEqual([nothing]);
    expect(fixture.sent).toEqual(empty.sent);
    expect(await fixture.exchange.own(HASH)).toBe(BLOCK);
    expect(fixture.exchange.dataBytesSent).toBe(0);
  });

  it('travels once its user has started a run in which it may, and is counted', async () => {
    const { exchange, sent } = new Fixture();
    exchange.hold(HASH, BLOCK, 'private');
    exchange.publish(HASH);
    exchange.receive(A, ask);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([{ ...nothing, bytes: BLOCK }]);
    expect(exchange.dataBytesSent).toBe(1);
  });

  it('that is not here is asked of nobody', async () => {
    const { exchange, asked } = new Fixture();
    await expect(exchange.own(HASH)).rejects.toThrow(BlockNotFound);
    expect(asked).toEqual([]);
  });
});

/** A disk of a browser, shared by its tabs. */
class FakeDisk implements BlockDisk {
  readonly files = new Map<string, Uint8Array>();
  readonly names = new Map<string, { id: string; isPrivate: boolean }>();
  private sets = 0;

  private open(id: string): BlockSet {
    const name = (hash: string) => `${id} ${hash}`;
    return {
      id,
      isPack: false,
      finish: async () => true,
      read: async (hash) => this.files.get(name(hash)) ?? null,
      write: async (hash, bytes) => {
        this.files.set(name(hash), bytes);
        return true;
      },
      hashes: async () => [...this.files.keys()].filter((key) => key.startsWith(`${id} `)).map((key) => key.slice(-64)),
    };
  }

  create = async () => this.open(`set ${this.sets++}`);
  find = async (manifest: string, isOwn: boolean) => {
    const named = this.names.get(manifest);
    return named === undefined || (named.isPrivate && !isOwn) ? null : this.open(named.id);
  };
  name = async ({ id }: BlockSet, manifest: string, _bytes: number, isPrivate: boolean) => {
    this.names.set(manifest, { id, isPrivate });
  };
  publish = async (manifest: string) => {
    const named = this.names.get(manifest);
    if (named !== undefined) named.isPrivate = false;
  };
  drop = async () => undefined;
}

describe('data on a disk', () => {
  const entry = { hash: HASH, samples: 1, bytes: BLOCK.byteLength };
  const manifest: Manifest = {
    meta: { kind: 'sparse', name: 'f', samples: { train: 1, test: 0 }, features: 1, classes: 2 },
    blocks: { train: [entry], test: [] },
  };
  const list = encodeManifest(manifest);
  const LIST = hashBlock(list);

  /** A tab: what it asks others for is answered with `bytes`, by hash. */
  function tab(disk: FakeDisk, bytes: Record<string, Uint8Array> = {}) {
    const asked: string[] = [];
    const exchange: BlockExchange = new BlockExchange(
      (_to, frame) => {
        if (frame.kind !== 'blockRequest') return 1;
        asked.push(frame.hash);
        const { request, hash } = frame;
        const answer = { kind: 'blockAnswer', epoch: NO_EPOCH, request, bytes: bytes[hash] ?? null } as const;
        queueMicrotask(() => exchange.receive(A, answer));
        return 1;
      },
      () => [A],
      Promise.resolve(disk),
    );
    return { exchange, asked };
  }

  it('that were fetched once are not fetched again after a reload', async () => {
    const disk = new FakeDisk();
    const first = tab(disk, { [LIST]: list, [HASH]: BLOCK });
    expect(await first.exchange.openData(LIST)).toEqual(manifest);
    expect(await first.exchange.get(HASH, 'data')).toEqual(BLOCK);
    await vi.advanceTimersByTimeAsync(0);
    expect(first.asked).toEqual([LIST, HASH]);
    const again = tab(disk);
    await again.exchange.openData(LIST);
    expect(again.exchange.holdsAll([LIST, HASH])).toBe(true);
    expect(await again.exchange.get(HASH, 'data')).toEqual(BLOCK);
    expect([again.asked, again.exchange.fetched]).toEqual([[], []]);
  });

  it('that are no longer what their hash says are fetched', async () => {
    const disk = new FakeDisk();
    await tab(disk, { [LIST]: list, [HASH]: BLOCK }).exchange.openData(LIST);
    disk.files.set(`set 0 ${HASH}`, Uint8Array.of(6, 6, 6));
    const again = tab(disk, { [HASH]: BLOCK });
    await again.exchange.openData(LIST);
    expect(await again.exchange.get(HASH, 'data')).toEqual(BLOCK);
    expect(again.asked).toEqual([HASH]);
  });

  it('that nobody has published are found by their own tab only', async () => {
    const disk = new FakeDisk();
    const { exchange } = tab(disk);
    const set = await exchange.newSet();
    exchange.hold(HASH, BLOCK, 'private', set);
    exchange.hold(LIST, list, 'private', set);
    await exchange.keepSet(set, LIST, manifest);
    expect(await tab(disk).exchange.findData(LIST)).toBe(false);
    const own = tab(disk);
    expect(await own.exchange.openOwn(LIST)).toEqual(manifest);
    expect(await own.exchange.own(HASH)).toEqual(BLOCK);
    own.exchange.publish(LIST);
    await vi.advanceTimersByTimeAsync(0);
    expect(await tab(disk).exchange.findData(LIST)).toBe(true);
  });
});
