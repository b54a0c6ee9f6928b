import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { BadTensor, decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const weights = { name: 'w', shape: [2, 1], values: Float32Array.of(1, -2) };
const bias = { name: 'b', shape: [], values: Float32Array.of(0.5) };

/** A file with the given header and as many data bytes as asked. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const entry = (start: number, end: number, shape = [(end - start) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [start, end],
});

describe('a safetensors file', () => {
  it('is a length, a header padded to 8 with spaces, and the values', () => {
    const bytes = encodeSafetensors([weights], { steps: '7' });
    const header = '{"__metadata__":{"steps":"7"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
    expect(header.length).toBe(85);
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(88n);
    expect(new TextDecoder().decode(bytes.subarray(8, 96))).toBe(`${header}   `);
    expect([...bytes.subarray(96)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it('comes back as it went, scalars and odd names too', () => {
    const odd = { name: '__proto__', shape: [0, 3], values: new Float32Array(0) };
    const number = { name: '0', shape: [1], values: Float32Array.of(9) };
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors([weights, number, bias], { a: 'é', b: '' }));
    expect(tensors).toEqual([weights, number, bias]);
    expect([...metadata]).toEqual([
      ['a', 'é'],
      ['b', ''],
    ]);
    expect(decodeSafetensors(encodeSafetensors([odd], {})).tensors).toEqual([odd]);
  });

  it('has aligned values, which are not copied', () => {
    const bytes = encodeSafetensors([weights], {});
    expect(decodeSafetensors(bytes).tensors[0]?.values.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['a name used twice', [weights, weights], /w is reserved or used twice/],
    ['the reserved name', [{ ...weights, name: '__metadata__' }], /reserved/],
    ['a shape that does not fit', [{ ...weights, shape: [3] }], /2 values, which is not \[3\]/],
  ])('cannot hold %s', (_, tensors, message) => {
    expect(() => encodeSafetensors(tensors, {})).toThrow(BadTensor);
    expect(() => encodeSafetensors(tensors, {})).toThrow(message);
  });
});

describe('what is not a safetensors file is refused', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /expected 4 bytes/],
    ['a header past the end', file({}, 0).with(0, 200), /expected 200 bytes/],
    ['a header of 2⁶³ bytes', new Uint8Array(8).with(7, 0x80), /too large/],
    ['a header that is not JSON', file('{', 0), /not JSON/],
    ['a header that is a list', file([], 0), /not an object/],
    ['another type of value', file({ w: { ...entry(0, 4), dtype: 'BF16' } }, 4), /entry w/],
    ['a shape that does not fit', file({ w: entry(0, 4, [2]) }, 4), /does not fill \[2\]/],
    ['values past the end', file({ w: entry(0, 8) }, 4), /expected 8 bytes/],
    ['a huge shape', file({ w: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4), /does not fill/],
    ['a gap', file({ a: entry(0, 4), b: entry(8, 12) }, 12), /b starts at 8, expected 4/],
    ['an overlap', file({ a: entry(0, 8), b: entry(4, 12) }, 12), /b starts at 4, expected 8/],
    ['leftovers', file({ w: entry(0, 4) }, 8), /4 bytes left over/],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(MalformedBytes);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('any truncation or mutation', () => {
    const whole = encodeSafetensors([weights, bias], { steps: '7' });
    const broken = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
      .map(([at, value, length]) => whole.with(at, value).subarray(0, length));
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array()), (bytes) => {
        try {
          const { tensors } = decodeSafetensors(bytes);
          expect(tensors.reduce((sum, tensor) => sum + tensor.values.length, 0)).toBeLessThanOrEqual(3);
        } catch (error) {
          if (!(error instanceof MalformedBytes)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
