import { expect, test } from 'vitest';
import { imageSizeOf, imageTypeOf } from './image-header.ts';

const bytes = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const PNG = bytes('89504e470d0a1a0a 0000000d 49484452 00000003 00000102 08020000');
/** SOI, APP0 of 16 bytes, a quantisation table, and a progressive frame header of 2 × 300 pixels. */
const JPEG = bytes('ffd8 ffe00010 4a46494600010100000100010000 ffdb0004 0000 ffc2000b 08 012c 0002 01 011100');

test('PNG: width and height stand in its first chunk', () => {
  expect(imageTypeOf(PNG)).toBe('png');
  expect(imageSizeOf(PNG)).toEqual({ width: 3, height: 258 });
});

test('JPEG: they stand in the frame header, behind other segments', () => {
  expect(imageTypeOf(JPEG)).toBe('jpeg');
  expect(imageSizeOf(JPEG)).toEqual({ width: 2, height: 300 });
});

test('a view in the middle of a buffer is read at its own place', () => {
  const all = new Uint8Array(100);
  all.set(PNG, 13);
  expect(imageSizeOf(all.subarray(13))).toEqual({ width: 3, height: 258 });
});

test('what is cut off has no size, and anything else is no picture', () => {
  for (let length = 0; length < 24; length++) expect(imageSizeOf(PNG.subarray(0, length))).toBeNull();
  for (let length = 0; length < 31; length++) expect(imageSizeOf(JPEG.subarray(0, length))).toBeNull();
  expect(imageTypeOf(bytes('47494638'))).toBeNull();
  // A segment of length 0 must not be read for ever.
  expect(imageSizeOf(bytes('ffd8 ffe0 0000 0000 0000 0000 0000'))).toBeNull();
});
