import { describe, expect, it, vi } from 'vitest';
import { encodeFrame } from '../protocol/frame-codec.ts';
import { NO_EPOCH } from '../protocol/ids.ts';
import { MAX_PACKED_FRAME_BYTES, MAX_UNOPENED_BYTES, PROTOCOL_VERSION } from '../protocol/limits.ts';
import { encodePacked, PACKED_KIND } from '../protocol/packed-frame.ts';
import { joined } from '../protocol/testing.ts';
import { Random } from '../random.ts';
import { deflate } from './deflate.ts';
import { deflatingLink } from './deflating-link.ts';
import { type Link, Priority } from './link.ts';
import { memoryPair } from './memory-link.ts';

/** A data block of so many bytes that deflate well, or not at all. */
function blockFrame(bytes: number, isNoise = false): Uint8Array {
  const random = new Random(1);
  const values = Uint8Array.from({ length: bytes }, (_, at) => (isNoise ? 256 * random.unit() : at >> 6));
  return joined(encodeFrame({ kind: 'blockAnswer', epoch: NO_EPOCH, request: 1, bytes: values }));
}

interface EndsOptions {
  tries?(bytes: number): boolean;
  /** Of the receiver. */
  onFrame?(frame: Uint8Array): void;
}

interface Ends {
  readonly a: Link;
  /** As a link without deflate would send. */
  readonly bare: Link;
  readonly frames: Uint8Array[];
  readonly saved: [end: string, kind: string, bytes: number][];
  readonly closes: [reason: string, isGarbage: boolean | undefined][];
  until(isDone: () => boolean): Promise<void>;
}

/** A deflating end, and the link in it, ahead of a receiver. @param tries which frames are tried, by their size */
function openEnds({ tries = () => true, onFrame = () => undefined }: EndsOptions = {}): Ends {
  const [frames, saved, closes]: [Uint8Array[], Ends['saved'], Ends['closes']] = [[], [], []];
  let wake = () => {};
  const worth = { isTried: (_kind: unknown, bytes: number) => tries(bytes), note: () => undefined };
  const pair = memoryPair((run) => void setImmediate(run));
  let bare: Link | null = null;
  const inner: typeof pair.a = (handlers) => {
    bare = pair.a(handlers);
    return bare;
  };
  const a = deflatingLink(inner, { worth, onSaved: (kind, bytes) => saved.push(['a', kind, bytes]) })({
    onFrame: () => undefined,
    onClose: () => undefined,
  });
  deflatingLink(pair.b, { worth, onSaved: (kind, bytes) => saved.push(['b', kind, bytes]) })({
    onFrame: (frame) => {
      frames.push(frame);
      wake();
      onFrame(frame);
    },
    onClose: (reason, isGarbage) => {
      closes.push([reason, isGarbage]);
      wake();
    },
  });
  const until = async (isDone: () => boolean) => {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  if (bare === null) throw new Error('not opened');
  return { a, bare, frames, saved, closes, until };
}

describe('a link that deflates', () => {
  it('carries the same bytes in fewer, and tells both ends how many fewer', async () => {
    const { a, frames, saved, until } = openEnds();
    const frame = blockFrame(40_000);
    a.send([frame.subarray(0, 7), frame.subarray(7)], Priority.bulk);
    await until(() => frames.length === 1);
    expect(frames[0]).toEqual(frame);
    expect(a.stats.bytesOut).toBeLessThan(frame.length / 10);
    const [mine, other] = saved;
    expect(mine?.[2]).toBeGreaterThan(0.9 * frame.length);
    expect(saved).toEqual([
      ['a', 'blockAnswer', mine?.[2]],
      ['b', 'blockAnswer', other?.[2]],
    ]);
    expect(other?.[2]).toBe(mine?.[2]);
  });

  it('carries what gets no smaller as it is', async () => {
    const { a, frames, saved, until } = openEnds();
    const noise = blockFrame(40_000, true);
    a.send([noise], Priority.bulk);
    await until(() => frames.length === 1);
    expect(frames[0]).toEqual(noise);
    expect(saved).toEqual([]);
    expect(a.stats.bytesOut).toBeLessThan(noise.length + 100);
  });

  it('keeps what is not tried behind what is being packed, within a priority only', async () => {
    const { a, frames, until } = openEnds({ tries: (bytes) => bytes > 1_000 });
    const [large, small, urgent] = [blockFrame(40_000), blockFrame(8), blockFrame(16)];
    a.send([large], Priority.bulk);
    a.send([small], Priority.bulk);
    a.send([urgent], Priority.control);
    expect(a.queuedBytes).toBeGreaterThan(large.length);
    await until(() => frames.length === 3);
    expect(frames.map(({ length }) => length)).toEqual([urgent, large, small].map(({ length }) => length));
    expect(a.queuedBytes).toBe(0);
  });

  it('says that a frame’s parts may change once it is packed', async () => {
    const { a, frames, until } = openEnds();
    const frame = blockFrame(40_000);
    const sent = frame.slice();
    a.send([sent], Priority.bulk, () => sent.fill(0));
    await until(() => frames.length === 1);
    expect(frames[0]).toEqual(frame);
    expect(sent.every((byte) => byte === 0)).toBe(true);
  });

  it('tells its end after what came before it', async () => {
    const { bare, frames, closes, until } = openEnds();
    const frame = blockFrame(40_000);
    bare.send(encodePacked({ length: frame.length, deflated: await deflate([frame]) }), Priority.bulk);
    bare.send([blockFrame(8)], Priority.bulk);
    // Both are on their way when it ends, and inflating takes longer than that.
    await new Promise((resolve) => setImmediate(resolve));
    bare.close('done');
    await until(() => closes.length === 1);
    expect(closes).toEqual([['closed by the other end: done', false]]);
    expect(frames.map(({ length }) => length)).toEqual([frame.length, blockFrame(8).length]);
  });

  it('ends where far more comes deflated than there is room to open it in', async () => {
    const { bare, frames, closes, until } = openEnds();
    const frame = joined(encodeFrame({ kind: 'blockAnswer', epoch: NO_EPOCH, request: 1, bytes: new Uint8Array(1e6) }));
    const deflated = await deflate([frame]);
    // A thousandth of their size, so that they arrive in two messages.
    const flood = Math.ceil((1.5 * MAX_UNOPENED_BYTES) / frame.length);
    for (let i = 0; i < flood; i++) bare.send(encodePacked({ length: frame.length, deflated }), Priority.bulk);
    await until(() => closes.length === 1);
    expect(closes).toEqual([['more came deflated than could be opened', undefined]]);
    expect(frames.length).toBeLessThan(flood);
  });

  it('sends as it is what can’t be deflated here', async () => {
    const { a, frames, until } = openEnds();
    const frame = blockFrame(40_000);
    vi.stubGlobal('CompressionStream', undefined);
    a.send([frame], Priority.bulk);
    await until(() => frames.length === 1);
    vi.unstubAllGlobals();
    expect(frames[0]).toEqual(frame);
    expect(a.stats.bytesOut).toBeGreaterThan(frame.length);
  });

  it('goes on after a handler has failed, whose error is not lost', async () => {
    const failing = new Error('a handler that fails');
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    const { a, frames, until } = openEnds({
      onFrame: ({ length }) => {
        if (length > 1_000) throw failing;
      },
    });
    a.send([blockFrame(40_000)], Priority.bulk);
    a.send([blockFrame(8)], Priority.bulk);
    await until(() => frames.length === 2);
    expect(await uncaught).toBe(failing);
  });
});

describe('what can’t be opened closes the link as garbage', () => {
  const long = 5_000_000;
  const packed = async (bytes: number, length: number) =>
    joined(encodePacked({ length, deflated: await deflate([new Uint8Array(bytes)]) }));
  const cases: [what: string, make: () => Promise<Uint8Array>, reason: RegExp][] = [
    ['a frame longer than it says', () => packed(2_000, 1_999), /more than the 1999 bytes/],
    ['a bomb', () => packed(long, 10_000), /more than the 10000 bytes/],
    ['a frame shorter than it says', () => packed(2_000, 2_001), /2000 of the 2001 bytes/],
    ['a frame that is no smaller', () => packed(2, 6), /6 bytes packed into 1[0-9]/],
    ['a claim of too much', () => packed(8, MAX_PACKED_FRAME_BYTES + 1), /a packed frame of 1048577 bytes/],
    [
      'no deflated bytes',
      async () => joined(encodePacked({ length: 90, deflated: Uint8Array.of(7, 7, 7) })),
      /can’t be inflated/,
    ],
    ['nothing after the head', async () => Uint8Array.of(PROTOCOL_VERSION, PACKED_KIND, 0, 0), /bytes/],
    [
      'reserved bytes in use',
      async () => Uint8Array.of(PROTOCOL_VERSION, PACKED_KIND, 1, 0, 0, 0, 0, 0),
      /reserved bytes are not zero/,
    ],
  ];

  it.each(cases)('%s', async (_, make, reason) => {
    const { bare, frames, closes, until } = openEnds();
    bare.send([await make()], Priority.bulk);
    await until(() => closes.length === 1);
    expect(closes[0]?.[0]).toMatch(reason);
    expect(closes[0]?.[1]).toBe(true);
    expect(frames).toEqual([]);
  });
});
