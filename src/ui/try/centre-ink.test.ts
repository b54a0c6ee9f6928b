// Facts about bringing a drawing into the dataset's form.
import { expect, test } from 'vitest';
import { centreInk, type Image } from './centre-ink.ts';

function draw(size: number, left: number, top: number, width: number, height: number): Image {
  const pixels = new Float32Array(size * size);
  for (let y = top; y < top + height; y++) pixels.fill(1, y * size + left, y * size + left + width);
  return { width: size, height: size, pixels };
}

/** Columns and rows that hold ink: [first, last]. */
function extent(pixels: Float32Array, width: number): { x: [number, number]; y: [number, number] } {
  const xs: number[] = [];
  const ys: number[] = [];
  pixels.forEach((ink, index) => {
    if (ink > 0.5) xs.push(index % width);
    if (ink > 0.5) ys.push(Math.floor(index / width));
  });
  return { x: [Math.min(...xs), Math.max(...xs)], y: [Math.min(...ys), Math.max(...ys)] };
}

test('an empty drawing is no image', () => {
  expect(centreInk(draw(280, 0, 0, 0, 0), 28, 28)).toBeNull();
});

test('a tall bar in a corner becomes 20 pixels tall, in the middle, proportions kept', () => {
  // 40×100 in a corner: 5 source pixels per target pixel, so 8×20, around (14, 14): x 10…17, y 4…23.
  const pixels = centreInk(draw(280, 5, 5, 40, 100), 28, 28);
  expect(pixels && extent(pixels, 28)).toEqual({ x: [10, 17], y: [4, 23] });
});

test('ink is kept: area averages, values in [0, 1]', () => {
  const pixels = centreInk(draw(280, 5, 5, 40, 100), 28, 28);
  expect(pixels?.reduce((sum, ink) => sum + ink, 0)).toBeCloseTo(160, 3);
  expect(Math.max(...(pixels ?? []))).toBeCloseTo(1, 5);
});

test('the centre of mass goes to the middle, not the box', () => {
  const drawing = draw(100, 10, 10, 40, 40);
  // A foot to the right moves the mass, so the block goes left of the middle.
  drawing.pixels.set(new Float32Array(40).fill(1), 49 * 100 + 50);
  const pixels = centreInk(drawing, 28, 28);
  let [mass, x] = [0, 0];
  pixels?.forEach((ink, index) => {
    mass += ink;
    x += ink * ((index % 28) + 0.5);
  });
  expect(x / mass).toBeCloseTo(14, 1);
});

test('it follows the dataset’s shape', () => {
  const pixels = centreInk(draw(280, 100, 100, 60, 60), 16, 8);
  expect(pixels).toHaveLength(128);
  expect(pixels && extent(pixels, 16).y).toEqual([1, 6]);
});
