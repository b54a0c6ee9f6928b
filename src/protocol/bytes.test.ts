import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, bytesOf, MalformedBytes } from './bytes.ts';

describe('a byte writer', () => {
  it('writes little-endian', () => {
    const bytes = new ByteWriter().u8(1).u16(0x0302).u32(0x07060504).i32(-2).finish();
    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 0xfe, 0xff, 0xff, 0xff]);
  });

  it('grows from any capacity, also past its double at once', () => {
    const bytes = new ByteWriter(1)
      .u8(9)
      .raw(Uint8Array.from({ length: 100 }, (_, at) => at))
      .f64(1)
      .finish();
    expect(bytes.length).toBe(109);
    expect(bytes[0]).toBe(9);
    expect(bytes[100]).toBe(99);
    expect(new ByteReader(bytes.subarray(101)).f64()).toBe(1);
  });
});

describe('a byte reader', () => {
  it('reads back what was written', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.nat(255), fc.nat(0xffff), u32, i32, fc.double(), (a, b, c, d, e) => {
        const reader = new ByteReader(new ByteWriter(1).u8(a).u16(b).u32(c).i32(d).f64(e).finish());
        expect([reader.u8(), reader.u16(), reader.u32(), reader.i32(), reader.f64()]).toEqual([a, b, c, d, e]);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('says what it expected, where, and what it found', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    reader.u8();
    expect(() => reader.u32()).toThrow('expected 4 bytes at 1, found 2');
    expect(reader.u16()).toBe(0x0302);
    expect(() => reader.u8()).toThrow(MalformedBytes);
  });

  it('refuses arrays longer than the input before making them', () => {
    for (const length of [3, 2 ** 31, 2 ** 32 - 1]) {
      expect(() => new ByteReader(new Uint8Array(8)).f32s(length)).toThrow(MalformedBytes);
      expect(() => new ByteReader(new Uint8Array(8)).u32s(length)).toThrow(MalformedBytes);
      expect(() => new ByteReader(new Uint8Array(2)).raw(length)).toThrow(MalformedBytes);
    }
  });

  it('shares aligned arrays with its input and copies the others', () => {
    const buffer = new Uint8Array(13);
    buffer.set(bytesOf(Float32Array.of(1.5)), 4);
    buffer.set(bytesOf(Float32Array.of(2.5)), 9);
    const aligned = new ByteReader(buffer.subarray(4, 8)).f32s(1);
    const unaligned = new ByteReader(buffer.subarray(9, 13)).f32s(1);
    expect([aligned[0], unaligned[0]]).toEqual([1.5, 2.5]);
    expect(aligned.buffer).toBe(buffer.buffer);
    expect(unaligned.buffer.byteLength).toBe(4);
  });

  it('names the bytes that are left over', () => {
    const reader = new ByteReader(new Uint8Array(5));
    reader.u16();
    expect(() => reader.end()).toThrow('3 bytes left over at 2');
  });
});

describe('the bytes of an array', () => {
  it('are a view of the same memory, only its part', () => {
    const values = Float32Array.of(1, 2, 3).subarray(1, 2);
    const bytes = bytesOf(values);
    expect([bytes.byteOffset, bytes.byteLength]).toEqual([4, 4]);
    expect(bytes.buffer).toBe(values.buffer);
  });
});
