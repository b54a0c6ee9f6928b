import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from './bytes.ts';
import { hexOf } from './frame-bodies.ts';
import { decodeFrame, encodeFrame } from './frame-codec.ts';
import { type Frame, FrameKind } from './frames.ts';
import { nodeId } from './ids.ts';
import { MAX_BLOCK_BYTES, MAX_FRAME_KEYS, MAX_ROOM_NODES, PROTOCOL_VERSION } from './limits.ts';
import { anyFields, anyFrame, framesByKind, joined } from './testing.ts';

const NO_BLOCK = new Uint8Array(0);
const epoch = { term: 1, counter: 2 };
const worker = { node: nodeId(1), incarnation: 1 };

const pullOf = (keys: Uint32Array | null): Frame => ({
  kind: 'pull',
  epoch,
  table: 0,
  segment: 0,
  worker,
  request: 1,
  minClock: 0,
  done: -1,
  keys,
});

const wire = (frame: Frame, offset = 0) => joined(encodeFrame(frame), offset);
const kinds = Object.entries(framesByKind(anyFields)) as [Frame['kind'], fc.Arbitrary<Frame>][];

/** Decodes what may be anything: a frame, or the one error that a reader knows. Any other error fails the test. */
function decodeOrRefuse(bytes: Uint8Array): Frame | null {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (error instanceof MalformedBytes) return null;
    throw error;
  }
}

/** Bytes of all arrays that a frame holds and that are not views of `input`. */
function copiedBytes(frame: Frame, input: Uint8Array): number {
  const arrays = Object.values(frame).flatMap((value: unknown) => (Array.isArray(value) ? value : [value]));
  const copied = arrays.filter((value) => ArrayBuffer.isView(value) && value.buffer !== input.buffer);
  return copied.reduce((sum: number, value) => sum + value.byteLength, 0);
}

/** Checks many frames; braces, because fast-check takes what a check returns for its verdict. */
function forAll(frames: fc.Arbitrary<Frame>, check: (frame: Frame) => void, numRuns = 100): void {
  fc.assert(
    fc.property(frames, (frame) => {
      check(frame);
    }),
    { numRuns },
  );
}

describe('every kind of frame', () => {
  it.each(kinds)('comes back as it went: %s', (_, frames) => {
    forAll(frames, (frame) => expect(decodeFrame(wire(frame))).toEqual(frame));
  });

  it.each(kinds)('comes back from any alignment: %s', (_, frames) => {
    for (let offset = 1; offset < 8; offset++) {
      forAll(frames, (frame) => expect(decodeFrame(wire(frame, offset))).toEqual(frame), 20);
    }
  });

  it.each(kinds)('is refused when cut off, wherever: %s', (_, frames) => {
    const refuseAll = (bytes: Uint8Array) => {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeFrame(bytes.slice(0, length))).toThrow(MalformedBytes);
      }
    };
    forAll(frames, (frame) => refuseAll(wire(frame)), 20);
  });

  it.each(kinds)('is refused with bytes after its end: %s', (_, frames) => {
    forAll(frames, (frame) => {
      for (const extra of [1, 4, 9]) {
        expect(() => decodeFrame(joined([wire(frame), new Uint8Array(extra)]))).toThrow(MalformedBytes);
      }
    });
  });

  it.each(kinds)('starts with its version, its number and two zero bytes: %s', (kind, frames) => {
    const start = [PROTOCOL_VERSION, FrameKind[kind], 0, 0];
    forAll(frames, (frame) => expect([...wire(frame).subarray(0, 4)]).toEqual(start));
  });

  it.each(kinds)('has its arrays at multiples of 4, so that none is copied: %s', (_, frames) => {
    forAll(frames, (frame) => {
      const bytes = wire(frame);
      const decoded = decodeFrame(bytes);
      const scalars = decoded.kind === 'snapshot' || decoded.kind === 'cut' ? decoded.scalars.byteLength : 0;
      expect(copiedBytes(decoded, bytes)).toBe(scalars);
    });
  });
});

describe('a frame', () => {
  it('has a number on the wire that no other kind has, and that never changes', () => {
    expect(FrameKind).toEqual({
      ...{ push: 1, ack: 2, pull: 3, answer: 4, refuse: 5, snapshot: 6, blockRequest: 7, blockAnswer: 8 },
      ...{ update: 9, confirm: 10, follow: 11, cut: 12, restore: 13 },
      ...{ filteredPush: 14, filteredPull: 15, filteredAnswer: 16, codedUpdate: 17 },
      ...{ ringPush: 20, ringAnswer: 21 },
    });
    expect(new Set(Object.values(FrameKind)).size).toBe(Object.keys(FrameKind).length);
  });

  it('carries the clocks of a whole room', () => {
    const place = { epoch: { term: 1, counter: 1 }, table: 0, segment: 0, version: 9 };
    const values = Float32Array.of(1, 2);
    const ahead = Array.from({ length: MAX_ROOM_NODES }, (_, at) => ({ node: nodeId(at + 1), clock: at }));
    const clocks = ahead.map(({ node, clock }) => ({ worker: { node, incarnation: 3 }, clock }));
    const pushes = ahead.map(({ node, clock }) => ({ node, count: clock }));
    const frames: Frame[] = [
      { kind: 'answer', ...place, request: 1, isHeldBack: false, clocks: { floor: -1, ahead }, values },
      {
        kind: 'update',
        ...place,
        learningRate: 0.1,
        weight: 1,
        advances: clocks,
        hasGradient: true,
        keys: null,
        values,
      },
      {
        kind: 'snapshot',
        ...place,
        stamp: epoch,
        floor: -1,
        clocks,
        pushes,
        scalars: new Float64Array(9),
        values,
        slots: [],
      },
    ];
    for (const frame of frames) expect(decodeFrame(wire(frame))).toEqual(frame);
  });

  it('tells "all keys" from "no key"', () => {
    for (const keys of [null, new Uint32Array(0)]) expect(decodeFrame(wire(pullOf(keys)))).toMatchObject({ keys });
  });

  it('tells "no such block" from an empty one', () => {
    const answer = { kind: 'blockAnswer', epoch: { term: 0, counter: 0 }, request: 7 } as const;
    expect(decodeFrame(wire({ ...answer, bytes: null }))).toMatchObject({ bytes: null });
    expect(decodeFrame(wire({ ...answer, bytes: NO_BLOCK }))).toMatchObject({ bytes: NO_BLOCK });
  });

  it('sends its tensors as views, never as copies', () => {
    const values = Float32Array.of(1, 2, 3);
    const keys = Uint32Array.of(4, 5, 6);
    const parts = encodeFrame({
      kind: 'push',
      epoch: { term: 1, counter: 1 },
      table: 0,
      segment: 0,
      worker: { node: nodeId(1), incarnation: 1 },
      clock: 0,
      settled: 0,
      samples: 1,
      readFront: -1,
      keys,
      values,
    });
    expect(parts.map(({ buffer }) => buffer).slice(1)).toEqual([keys.buffer, values.buffer]);
    expect(parts[1]?.buffer).toBe(keys.buffer);
    expect(parts[2]?.buffer).toBe(values.buffer);
  });

  it('keeps the bits of every float, NaN payloads and −0 too', () => {
    const bits = Uint32Array.of(0x7fc00001, 0xff800001, 0x80000000, 0x00000001, 0x7f7fffff);
    const values = new Float32Array(bits.buffer);
    const answer = { kind: 'answer', epoch: { term: 1, counter: 1 }, table: 0, segment: 0, request: 1 } as const;
    const sent = wire({ ...answer, version: 1, isHeldBack: false, clocks: { floor: -1, ahead: [] }, values });
    const arrived = decodeFrame(sent);
    if (arrived.kind !== 'answer') throw new Error('not an answer');
    expect(hexOf(new Uint8Array(arrived.values.slice().buffer))).toBe(hexOf(new Uint8Array(bits.buffer)));
  });

  it('of another version is refused by name', () => {
    const bytes = new Uint8Array(40);
    bytes[0] = PROTOCOL_VERSION + 1;
    expect(() => decodeFrame(bytes)).toThrow(
      new MalformedBytes(`protocol version ${PROTOCOL_VERSION + 1}, expected ${PROTOCOL_VERSION}`),
    );
  });

  it.each([0, 99, 255])('of unknown kind %i is refused', (kind) => {
    const bytes = Uint8Array.from([PROTOCOL_VERSION, kind, 0, 0, ...new Uint8Array(40)]);
    expect(() => decodeFrame(bytes)).toThrow(`unknown frame kind ${kind}`);
  });

  it('with reserved bytes that are not zero is refused', () => {
    const bytes = wire({ kind: 'blockAnswer', epoch: { term: 0, counter: 0 }, request: 1, bytes: null });
    bytes[3] = 1;
    expect(() => decodeFrame(bytes)).toThrow('reserved bytes');
  });

  it('does not encode a hash that is not one', () => {
    for (const hash of ['', 'ab', 'G'.repeat(64), 'A'.repeat(64)]) {
      const frame = { kind: 'blockRequest', epoch: { term: 0, counter: 0 }, request: 1, hash } as const;
      expect(() => encodeFrame(frame)).toThrow(MalformedBytes);
    }
  });
});

describe('bytes from anyone', () => {
  it('are a frame or MalformedBytes, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        decodeOrRefuse(bytes);
      }),
    );
  });

  it('behind a good header are a frame or MalformedBytes, nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(FrameKind)), fc.uint8Array({ maxLength: 120 }), (kind, body) => {
        decodeOrRefuse(Uint8Array.from([PROTOCOL_VERSION, kind, 0, 0, ...body]));
      }),
      { numRuns: 1_000 },
    );
  });

  it('with one byte changed never make more than was sent', () => {
    fc.assert(
      fc.property(anyFrame(), fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, place, change) => {
        const bytes = wire(frame);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const decoded = decodeOrRefuse(bytes);
        if (decoded !== null) expect(joined(encodeFrame(decoded)).length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that claim 2³²−1 of anything anywhere are refused without making it', () => {
    fc.assert(
      fc.property(anyFrame(), (frame) => {
        const honest = wire(frame);
        for (let at = 12; at + 4 <= honest.length; at += 4) {
          const bytes = honest.slice();
          bytes.fill(0xff, at, at + 4);
          const decoded = decodeOrRefuse(bytes);
          if (decoded !== null) expect(joined(encodeFrame(decoded)).length).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are refused for more keys than a frame may have, before the bytes are looked for', () => {
    const bytes = wire(pullOf(new Uint32Array(0)));
    new DataView(bytes.buffer).setUint32(bytes.length - 8, MAX_FRAME_KEYS + 1, true);
    expect(() => decodeFrame(bytes)).toThrow(/16777217 keys/);
  });

  it('are refused for a block larger than a block may be, before the bytes are looked for', () => {
    const bytes = wire({ kind: 'blockAnswer', epoch, request: 1, bytes: NO_BLOCK });
    new DataView(bytes.buffer).setUint32(bytes.length - 4, MAX_BLOCK_BYTES + 1, true);
    expect(() => decodeFrame(bytes)).toThrow(/16777217 bytes; at most 16777216/);
  });

  it('are refused for keys without the flag of keys, and for values in a pull', () => {
    const bytes = wire(pullOf(Uint32Array.of(5)));
    const flag = bytes.length - 16;
    expect(() => decodeFrame(bytes.with(flag, 0))).toThrow('keys without their flag');
    expect(() => decodeFrame(bytes.with(flag, 2))).toThrow(MalformedBytes);
    // The same bytes as one value instead of one key.
    expect(() => decodeFrame(bytes.with(flag + 4, 0).with(flag + 8, 1))).toThrow('a pull carries no values');
  });

  it('are refused for a reason that does not exist', () => {
    const bytes = wire({ kind: 'refuse', epoch, table: 0, segment: 0, worker, reason: 'none', clock: 0, request: 0 });
    expect(() => decodeFrame(bytes.with(bytes.length - 12, 200))).toThrow('unknown reason');
  });

  it('are refused where a yes or no is neither', () => {
    const clocks = { floor: 0, ahead: [] };
    const place = { epoch, table: 0, segment: 0, request: 1, version: 1 };
    const values = new Float32Array(0);
    const answer = wire({ kind: 'answer', ...place, isHeldBack: true, clocks, values });
    expect(answer.at(-16)).toBe(1);
    expect(() => decodeFrame(answer.with(-16, 2))).toThrow(MalformedBytes);
    const block = wire({ kind: 'blockAnswer', epoch, request: 1, bytes: NO_BLOCK });
    expect(block.at(-8)).toBe(1);
    expect(() => decodeFrame(block.with(-8, 2))).toThrow(MalformedBytes);
  });

  it('are refused where a block that is not there has bytes', () => {
    const block = wire({ kind: 'blockAnswer', epoch, request: 1, bytes: Uint8Array.of(1, 2, 3, 4) });
    expect(block.at(-12)).toBe(1);
    expect(() => decodeFrame(block.with(-12, 0))).toThrow(MalformedBytes);
  });
});
