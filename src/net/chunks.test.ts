import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import { ChunkReader, ChunkWriter, FrameTooLarge } from './chunks.ts';
import { Priority } from './link.ts';

/** The next message of a writer, or null. */
function nextMessage(writer: ChunkWriter): Uint8Array | null {
  const staging = new Uint8Array(MAX_MESSAGE_BYTES).fill(0xee);
  const length = writer.fill(staging, new DataView(staging.buffer));
  return length === 0 ? null : staging.slice(0, length);
}

function messagesOf(writer: ChunkWriter): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let next = nextMessage(writer); next !== null; next = nextMessage(writer)) messages.push(next);
  return messages;
}

/** A reader and what it has put together. */
function makeReader(): { read(message: Uint8Array): void; frames: Uint8Array[] } {
  const frames: Uint8Array[] = [];
  const reader = new ChunkReader((frame) => frames.push(frame));
  return { frames, read: (message) => reader.read(message) };
}

const header = (priority: number, flags: number, length: number): number[] => [
  ...[priority, flags, 0, 0],
  ...new Uint8Array(new Uint32Array([length]).buffer),
];

describe('writing', () => {
  it('lays out a chunk as priority, flags, two zeros, length, payload, padding', () => {
    const writer = new ChunkWriter();
    writer.add([new Uint8Array([1]), new Uint8Array([2, 3])], Priority.push);
    expect([...(nextMessage(writer) ?? [])]).toEqual([2, 3, 0, 0, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0]);
    expect(nextMessage(writer)).toBeNull();
  });

  it('packs small frames into one message, highest priority first', () => {
    const writer = new ChunkWriter();
    writer.add([new Uint8Array(3)], Priority.bulk);
    writer.add([new Uint8Array(0)], Priority.pull);
    writer.add([new Uint8Array(8)], Priority.control);
    const messages = messagesOf(writer);
    expect(messages).toHaveLength(1);
    expect([...(messages[0] ?? [])]).toEqual([
      ...[...header(0, 3, 8), 0, 0, 0, 0, 0, 0, 0, 0],
      ...header(1, 3, 0),
      ...[...header(3, 3, 3), 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(writer.framesOut).toBe(3);
  });

  it('spreads a big frame over full messages: 2 × 65,528 bytes and the rest', () => {
    const writer = new ChunkWriter();
    writer.add([new Uint8Array(131_057)], Priority.push);
    const messages = messagesOf(writer);
    expect(messages.map((message) => message.byteLength)).toEqual([65_536, 65_536, 16]);
    expect(messages.map((message) => [...message.subarray(0, 8)])).toEqual([
      header(2, 1, 65_528),
      header(2, 0, 65_528),
      header(2, 2, 1),
    ]);
  });

  it('begins a frame of half a message and more in a message that holds it whole, and splits what none holds', () => {
    const writer = new ChunkWriter();
    for (const bytes of [40_000, 40_000, 24, 10_000, 20_000, 65_529])
      writer.add([new Uint8Array(bytes)], Priority.push);
    const { frames, read } = makeReader();
    const messages = messagesOf(writer);
    for (const message of messages) read(message);
    expect(messages.map(({ byteLength }) => byteLength)).toEqual([40_008, 65_536, 65_536, 4_544]);
    // The first two are views of their messages.
    expect(frames.slice(0, 2).map(({ buffer }) => buffer.byteLength)).toEqual([40_008, 65_536]);
    expect(frames.map(({ byteLength }) => byteLength)).toEqual([40_000, 40_000, 24, 10_000, 20_000, 65_529]);
  });

  it('lets a higher priority cut in between the chunks of a big frame', () => {
    const writer = new ChunkWriter();
    writer.add([new Uint8Array(200_000).fill(9)], Priority.bulk);
    const first = nextMessage(writer);
    writer.add([new Uint8Array([7])], Priority.control);
    const { frames, read } = makeReader();
    for (const message of [first, ...messagesOf(writer)]) if (message) read(message);
    expect(frames.map((frame) => frame.byteLength)).toEqual([1, 200_000]);
  });

  it('counts what waits, a header for every frame', () => {
    const writer = new ChunkWriter();
    writer.add([new Uint8Array(100_000)], Priority.push);
    writer.add([], Priority.push);
    expect(writer.queuedBytes).toBe(100_016);
    nextMessage(writer);
    expect(writer.queuedBytes).toBe(100_016 - 65_528);
    messagesOf(writer);
    expect(writer.queuedBytes).toBe(0);
  });

  it('refuses a frame that no receiver takes', () => {
    const block = new Uint8Array(MAX_FRAME_BYTES / 2 + 1);
    expect(() => new ChunkWriter().add([block, block], Priority.bulk)).toThrow(FrameTooLarge);
  });
});

describe('reading', () => {
  it('gives a frame of one message as a view of it, without a copy', () => {
    const message = new Uint8Array([...header(2, 3, 8), 1, 2, 3, 4, 5, 6, 7, 8]);
    const { frames, read } = makeReader();
    read(message);
    expect(frames[0]?.buffer).toBe(message.buffer);
    expect(frames[0]?.byteOffset).toBe(8);
  });

  it('copies a small frame out of a big message, which it would keep alive', () => {
    const message = new Uint8Array(MAX_MESSAGE_BYTES);
    message.set(header(2, 3, 16));
    message.set(header(2, 3, MAX_MESSAGE_BYTES - 32), 24);
    const { frames, read } = makeReader();
    read(message);
    expect(frames[0]?.buffer.byteLength).toBe(16);
    expect(frames[1]?.buffer).toBe(message.buffer);
  });

  it('holds no more than twice what has arrived, whatever is announced', () => {
    const { frames, read } = makeReader();
    const message = new Uint8Array(MAX_MESSAGE_BYTES);
    const payload = MAX_MESSAGE_BYTES - 8;
    for (let count = 0; count < 100; count++) {
      message.set(header(1, (count === 0 ? 1 : 0) | (count === 99 ? 2 : 0), payload));
      read(message);
    }
    expect(frames[0]?.byteLength).toBe(100 * payload);
    expect(frames[0]?.buffer.byteLength).toBeLessThanOrEqual(2 * 100 * payload);
  });

  it('puts a frame as long as the last together in memory of just its size, and never keeps more for a short one', () => {
    const writer = new ChunkWriter();
    for (const bytes of [70_000, 70_000, 1_000_000, 66_000]) writer.add([new Uint8Array(bytes)], Priority.push);
    const { frames, read } = makeReader();
    for (const message of messagesOf(writer)) read(message);
    expect(frames.map((frame) => frame.byteLength)).toEqual([70_000, 70_000, 1_000_000, 66_000]);
    expect(frames[1]?.buffer.byteLength).toBe(70_000);
    expect(frames[3]?.buffer.byteLength).toBeLessThanOrEqual(2 * MAX_MESSAGE_BYTES);
  });

  it('refuses a frame that grows over the largest', () => {
    const { read } = makeReader();
    const message = new Uint8Array(MAX_MESSAGE_BYTES);
    message.set(header(3, 1, MAX_MESSAGE_BYTES - 8));
    read(message);
    message.set(header(3, 0, MAX_MESSAGE_BYTES - 8));
    const most = Math.floor(MAX_FRAME_BYTES / (MAX_MESSAGE_BYTES - 8));
    for (let count = 1; count < most; count++) read(message);
    expect(() => read(message)).toThrow(`over ${MAX_FRAME_BYTES} bytes`);
  });

  it.each([
    [
      'a frame that starts inside another',
      [...header(0, 1, 8), ...Array(8).fill(0), ...header(0, 3, 0)],
      /inside another/,
    ],
    ['a continuation of nothing', header(0, 0, 0), /no frame/],
    ['an empty end', [...header(0, 1, 8), ...Array(8).fill(0), ...header(0, 2, 0)], /empty chunk/],
    ['a payload longer than the message', [...header(0, 3, 9), ...Array(8).fill(0)], /9 bytes at 0, where 8 are left/],
  ])('refuses %s', (_what, bytes, reason) => {
    const { read } = makeReader();
    expect(() => read(new Uint8Array(bytes))).toThrow(reason);
  });

  it('throws nothing but MalformedBytes, whatever arrives', () => {
    const plausible = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.nat(40));
    const chunk = plausible.map(([priority, flags, length]) => [
      ...header(priority, flags, length),
      ...Array(length).fill(1),
    ]);
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(chunk, { maxLength: 6 }).map((list) => Uint8Array.from(list.flat())),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), (messages) => {
        const { read } = makeReader();
        for (const each of messages) {
          try {
            read(each);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedBytes);
            return;
          }
        }
      }),
    );
  });
});

it('brings back every frame, in order within its priority, however they interleave', () => {
  const frame = fc.record({ size: fc.oneof(fc.nat(100), fc.nat(200_000)), priority: fc.nat(3), pause: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), (sent) => {
      const writer = new ChunkWriter();
      const { frames, read } = makeReader();
      const advance = (count: number): void => {
        for (; count > 0; count--) {
          const message = nextMessage(writer);
          if (message) read(message);
        }
      };
      for (const [index, { size, priority, pause }] of sent.entries()) {
        writer.add([Uint8Array.of(index, priority), new Uint8Array(size).fill(index)], priority as Priority);
        advance(pause);
      }
      advance(200);
      expect(writer.queuedBytes).toBe(0);
      for (const priority of [0, 1, 2, 3]) {
        const expected = sent.flatMap((each, index) => (each.priority === priority ? [[index, each.size + 2]] : []));
        const got = frames.filter((each) => each[1] === priority).map((each) => [each[0], each.byteLength]);
        expect(got).toEqual(expected);
      }
      for (const each of frames) expect(each.subarray(2).every((value) => value === each[0])).toBe(true);
    }),
    { numRuns: 60 },
  );
});
