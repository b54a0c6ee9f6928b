import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedBytes } from '../../protocol/bytes.ts';
import { decodeKeys, encodeKeys, encodeSignature, signatureOf } from './key-list.ts';

const START = 4_000_000_000;
const END = START + 16_384;

const keyLists = fc
  .uniqueArray(fc.integer({ min: START, max: END - 1 }), { maxLength: 400 })
  .map((keys) => Uint32Array.from(keys).sort());

test('any list comes back as it was', () => {
  fc.assert(
    fc.property(keyLists, (keys) => {
      expect(decodeKeys(encodeKeys(keys, START, END), START, END)).toEqual(keys);
    }),
  );
});

test('all keys are one byte', () => {
  expect(encodeKeys(null, START, END)).toEqual(Uint8Array.of(0));
  expect(decodeKeys(Uint8Array.of(0), START, END)).toBeNull();
});

test('few keys take a byte or two each, many a bit of the range each', () => {
  expect(encodeKeys(Uint32Array.of(START, START + 100, START + 16_000), START, END).length).toBe(5 + 1 + 1 + 2);
  expect(
    encodeKeys(
      Uint32Array.from({ length: 8_000 }, (_, i) => START + 2 * i),
      START,
      END,
    ).length,
  ).toBe(5 + 2_048);
});

describe('signature', () => {
  const keys = Uint32Array.of(1, 5, 9);

  test('stands for a list of that length', () => {
    const signature = signatureOf(keys);
    expect(decodeKeys(encodeSignature(signature, 3), 0, 16)).toEqual({ signature, count: 3 });
  });

  test('is another for any other list', () => {
    const all = [
      keys,
      Uint32Array.of(1, 5),
      Uint32Array.of(1, 5, 10),
      Uint32Array.of(0, 5, 9),
      Uint32Array.of(1, 6, 9),
    ];
    expect(new Set(all.map(signatureOf)).size).toBe(all.length);
  });

  test('of 20,000 lists no two are the same', () => {
    const signatures = Array.from({ length: 20_000 }, (_, i) => signatureOf(Uint32Array.of(i, 30_000 + (i % 7))));
    expect(new Set(signatures).size).toBe(signatures.length);
  });
});

test('any bytes are ascending keys in the range, a signature, or MalformedBytes', () => {
  const bytes = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 30 }))
    .map(([coding, count, body]) => Uint8Array.of(coding, count, 0, 0, 0, ...body));
  fc.assert(
    fc.property(bytes, (coded) => {
      try {
        const keys = decodeKeys(coded, 100, 140);
        if (!(keys instanceof Uint32Array)) return;
        expect(keys.every((key, i) => key >= 100 && key < 140 && (i === 0 || key > (keys[i - 1] ?? 0)))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBytes);
      }
    }),
    { numRuns: 3_000 },
  );
});
