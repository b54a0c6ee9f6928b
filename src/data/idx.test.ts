import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadDataFile, type DataFileFault, isGzip } from './data-file.ts';
import { idxDimensions, pairIdx, parseIdxImages, parseIdxLabels } from './idx.ts';

// Two images of 2×3 and their labels, written out by hand: magic, sizes (big-endian), bytes.
const IMAGES = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255);
const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 4, 9);

const poked = (bytes: Uint8Array, at: number, value: number) => bytes.with(at, value);

function faultOf(parse: () => unknown): DataFileFault | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof BadDataFile) return error.fault;
    throw error;
  }
  return undefined;
}

describe('an idx file of images', () => {
  it('gives count, height, width and the pixels in place', () => {
    const images = parseIdxImages('a', IMAGES);
    expect(images).toMatchObject({ count: 2, height: 2, width: 3 });
    expect([...images.pixels]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
    expect(images.pixels.buffer).toBe(IMAGES.buffer);
  });

  it.each<[DataFileFault, string, Uint8Array]>([
    ['empty', 'no bytes', new Uint8Array(0)],
    ['truncated', 'half a magic', IMAGES.subarray(0, 3)],
    ['truncated', 'half a header', IMAGES.subarray(0, 15)],
    ['truncated', 'a pixel short', IMAGES.subarray(0, -1)],
    ['truncated', 'sizes that multiply past 2⁶⁴', Uint8Array.of(0, 0, 8, 3, ...Array<number>(12).fill(255))],
    ['trailing-bytes', 'a pixel more', Uint8Array.of(...IMAGES, 0)],
    ['unknown-format', 'text', new TextEncoder().encode('label 1:2')],
    ['wrong-type', 'floats', poked(IMAGES, 2, 0x0d)],
    ['wrong-dimensions', 'four dimensions', poked(IMAGES, 3, 4)],
    ['wrong-dimensions', 'labels', LABELS],
    ['empty', 'no images', poked(IMAGES, 7, 0)],
    ['empty', 'images without width', poked(IMAGES, 15, 0)],
  ])('is refused as %s: %s', (fault, _, bytes) => {
    expect(faultOf(() => parseIdxImages('a', bytes))).toBe(fault);
  });

  it('is named in the message, which says what was expected', () => {
    expect(() => parseIdxImages('train.idx', IMAGES.subarray(0, -1))).toThrow(
      /^train\.idx: 27 bytes where its header says 28: .*download it again$/,
    );
  });

  it('of any content parses or fails as BadDataFile', () => {
    const nearly = fc
      .tuple(fc.nat(IMAGES.length - 1), fc.nat(255), fc.nat(IMAGES.length))
      .map(([at, value, length]) => poked(IMAGES, at, value).subarray(0, length));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.uint8Array()), (bytes) => {
        if (faultOf(() => parseIdxImages('a', bytes)) !== undefined) return;
        const { count, height, width, pixels } = parseIdxImages('a', bytes);
        expect(pixels.length).toBe(count * height * width);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('an idx file of labels', () => {
  it('gives the labels', () => {
    expect([...parseIdxLabels('a', LABELS)]).toEqual([4, 9]);
  });

  it('is not one of images', () => {
    expect(faultOf(() => parseIdxLabels('a', IMAGES))).toBe('wrong-dimensions');
  });
});

describe('images and labels', () => {
  it('make a block of bytes and classes', () => {
    const block = pairIdx('l', parseIdxImages('a', IMAGES), parseIdxLabels('l', LABELS));
    expect(block).toMatchObject({ kind: 'dense', count: 2, features: 6, y: Uint32Array.of(4, 9) });
  });

  it('are refused where their numbers differ', () => {
    const images = parseIdxImages('a', IMAGES);
    expect(() => pairIdx('labels', images, Uint8Array.of(1))).toThrow(/^labels: 1 labels for 2 images/);
  });
});

it('an idx file is told by its first four bytes', () => {
  expect(idxDimensions(IMAGES)).toBe(3);
  expect(idxDimensions(LABELS)).toBe(1);
  expect(idxDimensions(Uint8Array.of(0, 0, 7, 3))).toBeNull();
  expect(idxDimensions(Uint8Array.of(0, 0, 8))).toBeNull();
});

it('a gzip file is told by its first three bytes', () => {
  expect(isGzip(Uint8Array.of(0x1f, 0x8b, 8, 0))).toBe(true);
  expect(isGzip(Uint8Array.of(0x1f, 0x8b))).toBe(false);
  expect(isGzip(IMAGES)).toBe(false);
});
