import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedBytes } from '../../protocol/bytes.ts';
import { codecNames } from '../../protocol/filters.ts';
import { Random } from '../../random.ts';
import { codecNamed } from './codecs.ts';
import { BlockEncoder, decodeBlock } from './value-block.ts';

const HEADER_BYTES = 16;
const F32 = codecNamed('f32');

/** One in `every` is not zero. */
function sparse(count: number, every: number): Float32Array {
  const random = new Random(every);
  return Float32Array.from({ length: count }, () => (random.below(every) === 0 ? random.unit() + 0.1 : 0));
}

test.each([1, 2, 5, 50, 5_000])('values of which one in %i is not zero come back as they were', (every) => {
  const values = sparse(3_001, every);
  expect(decodeBlock(new BlockEncoder().encode(values, F32, 0), values.length)).toEqual(values);
});

describe('zeros cost', () => {
  const encoder = new BlockEncoder();

  test('nothing where there are none: 4 bytes a value', () => {
    expect(encoder.encode(sparse(1_000, 1), F32, 0).length).toBe(HEADER_BYTES + 4_000);
  });

  test('a bit each where many are left', () => {
    const values = new Float32Array(1_000).map((_, i) => i % 2);
    expect(encoder.encode(values, F32, 0).length).toBe(HEADER_BYTES + 2_000 + 125);
  });

  test('a byte for each of the few that are left', () => {
    const values = new Float32Array(1_000);
    values.set([1, 2, 3], 100);
    values[900] = 4;
    // The gap of 797 takes two bytes.
    expect(encoder.encode(values, F32, 0).length).toBe(HEADER_BYTES + 16 + 5);
  });

  test('16 bytes where nothing is left', () => {
    expect(encoder.encode(new Float32Array(5_000), F32, 0).length).toBe(HEADER_BYTES);
  });
});

describe('malformed', () => {
  const block = new BlockEncoder().encode(sparse(300, 9), codecNamed('int8'), 4);
  const changed = (at: number, value: number) => block.slice().fill(value, at, at + 1);

  test.each([
    ['another count than expected', block, 299],
    ['a codec that there is not', changed(0, 77), 300],
    ['a mask that there is not', changed(1, 7), 300],
    ['reserved bytes', changed(2, 1), 300],
    ['more kept than there are', changed(9, 255), 300],
    ['a byte less', block.subarray(0, block.length - 1), 300],
    ['a byte more', new Uint8Array([...block, 0]), 300],
    ['nothing', new Uint8Array(0), 300],
  ])('%s', (_, bytes, expected) => {
    expect(() => decodeBlock(bytes, expected)).toThrow(MalformedBytes);
  });

  test('any bytes are values of the length expected, or MalformedBytes', () => {
    const arbitraryBlock = fc
      .record({
        codec: fc.integer({ min: 0, max: 7 }),
        mask: fc.integer({ min: 0, max: 3 }),
        count: fc.integer({ min: 0, max: 60 }),
        kept: fc.integer({ min: 0, max: 60 }),
        maskBytes: fc.integer({ min: 0, max: 12 }),
        body: fc.uint8Array({ maxLength: 300 }),
      })
      .map(({ codec, mask, count, kept, maskBytes, body }) => {
        const bytes = new Uint8Array(HEADER_BYTES + body.length);
        const view = new DataView(bytes.buffer);
        bytes.set([codec, mask]);
        [count, kept, maskBytes].forEach((field, i) => {
          view.setUint32(4 + 4 * i, field, true);
        });
        bytes.set(body, HEADER_BYTES);
        return { bytes, count };
      });
    fc.assert(
      fc.property(arbitraryBlock, ({ bytes, count }) => {
        try {
          expect(decodeBlock(bytes, count).length).toBe(count);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBytes);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('a block with one byte changed is values or malformed, never another failure', () => {
    for (const name of codecNames) {
      const whole = new BlockEncoder().encode(sparse(120, 6), codecNamed(name), 4);
      for (let at = 0; at < whole.length; at++) {
        for (const value of [0, 1, 127, 128, 255]) {
          const bytes = whole.slice();
          bytes[at] = value;
          try {
            expect(decodeBlock(bytes, 120).length).toBe(120);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedBytes);
          }
        }
      }
    }
  });
});

test('a block that starts anywhere in a message is read all the same', () => {
  const values = sparse(100, 2);
  const block = new BlockEncoder().encode(values, codecNamed('f16'), 0);
  const message = new Uint8Array(block.length + 3);
  message.set(block, 3);
  expect(decodeBlock(message.subarray(3), 100)).toEqual(decodeBlock(block, 100));
});
