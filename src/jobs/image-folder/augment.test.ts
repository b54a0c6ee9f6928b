import { expect, test } from 'vitest';
import type { DenseBlock } from '../../data/dataset.ts';
import { augment } from './augment.ts';

/** Pictures of 4 × 5 pixels and 3 colours, in which every value is another. */
const SHAPE = [4, 5, 3] as const;
const FEATURES = 60;

function pictures(count: number, start = 0): DenseBlock {
  const x = Float32Array.from({ length: count * FEATURES }, (_, at) => ((start + at) % 251) / 255);
  return { kind: 'dense', count, features: FEATURES, x, y: new Uint32Array(count) };
}

/** Red of the pixel. */
const at = (block: DenseBlock, row: number, y: number, x: number) =>
  block.x[row * FEATURES + (y * 5 + x) * 3] as number;

test('a picture is itself or its mirror image, and about half are mirrored', () => {
  const before = pictures(200);
  const after = augment(before, SHAPE, { flip: true, crop: 0 });
  let flipped = 0;
  for (let row = 0; row < 200; row++) {
    const isFlipped = at(after, row, 0, 0) !== at(before, row, 0, 0);
    flipped += Number(isFlipped);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) expect(at(after, row, y, x)).toBe(at(before, row, y, isFlipped ? 4 - x : x));
    }
  }
  expect(flipped).toBeGreaterThan(70);
  expect(flipped).toBeLessThan(130);
});

test('a shift moves all pixels alike, by every way up to the crop, and continues the edges', () => {
  const before = pictures(300);
  const after = augment(before, SHAPE, { flip: false, crop: 1 });
  const ways = new Set<string>();
  for (let row = 0; row < 300; row++) {
    const way = [-1, 0, 1]
      .flatMap((down) => [-1, 0, 1].map((right) => [down, right] as const))
      .find(([down, right]) => at(after, row, 2, 2) === at(before, row, 2 + down, 2 + right));
    if (way === undefined) throw new Error(`picture ${row} is another`);
    const [down, right] = way;
    ways.add(`${down} ${right}`);
    const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) {
        expect(at(after, row, y, x)).toBe(at(before, row, clamp(y + down, 3), clamp(x + right, 4)));
      }
    }
  }
  expect(ways.size).toBe(9);
});

test('the same batch is changed alike, another one otherwise; the original stays', () => {
  const what = { flip: true, crop: 2 };
  const batch = pictures(16);
  const copy = batch.x.slice();
  const once = augment(batch, SHAPE, what);
  expect(augment(batch, SHAPE, what)).toEqual(once);
  expect(batch.x).toEqual(copy);
  const first = (block: DenseBlock) => augment(block, SHAPE, what).x.subarray(0, 3 * FEATURES);
  const company = {
    ...pictures(16),
    x: Float32Array.from(copy, (value, at) => (at < 3 * FEATURES ? value : 1 - value)),
  };
  expect(first(company)).not.toEqual(first(batch));
});

test('without flip and crop nothing is copied', () => {
  const batch = pictures(2);
  expect(augment(batch, SHAPE, { flip: false, crop: 0 })).toBe(batch);
});
