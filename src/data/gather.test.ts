import { describe, expect, it } from 'vitest';
import type { Block } from './dataset.ts';
import { CannotGather, gather } from './gather.ts';

const picks = (...pairs: [number, number][]) => ({
  blocks: Uint32Array.from(pairs, ([block]) => block),
  rows: Uint32Array.from(pairs, ([, row]) => row),
});
const dense = (...values: number[]): Block => ({
  kind: 'dense',
  count: values.length / 2,
  features: 2,
  x: Uint8Array.from(values),
  y: Uint32Array.from({ length: values.length / 2 }, (_, row) => row),
});
const sparse: Block = {
  kind: 'sparse',
  count: 3,
  indptr: Uint32Array.of(0, 2, 2, 3),
  indices: Uint32Array.of(1, 5, 7),
  values: Float32Array.of(1, 2, 3),
  y: Uint32Array.of(1, 0, 1),
};

describe('a batch of images', () => {
  const blocks = new Map([
    [3, dense(0, 255, 51, 102)],
    [8, dense(255, 0)],
  ]);

  it('has floats from 0 to 1, in the order of the picks', () => {
    expect(gather(blocks, picks([3, 1], [8, 0], [3, 0]))).toEqual({
      kind: 'dense',
      count: 3,
      features: 2,
      x: Float32Array.of(0.2, 0.4, 1, 0, 0, 1),
      y: Uint32Array.of(1, 0, 0),
    });
  });

  it('goes into a buffer that is large enough, and into a new one otherwise', () => {
    const buffer = new Float32Array(5);
    const fits = gather(blocks, picks([3, 1], [8, 0]), buffer);
    expect(fits.kind === 'dense' && fits.x.buffer).toBe(buffer.buffer);
    expect([...buffer]).toEqual([...Float32Array.of(0.2, 0.4, 1, 0, 0)]);
    const larger = gather(blocks, picks([3, 1], [8, 0], [8, 0]), buffer);
    expect(larger.kind === 'dense' && larger.x.buffer).not.toBe(buffer.buffer);
  });

  it('takes floats as they are', () => {
    const floats: Block = { kind: 'dense', count: 1, features: 2, x: Float32Array.of(-3, 7), y: Uint32Array.of(4) };
    expect(gather(new Map([[0, floats]]), picks([0, 0]))).toMatchObject({ x: Float32Array.of(-3, 7) });
  });
});

it('a batch of sparse rows is the rows end to end, empty ones too', () => {
  expect(gather(new Map([[2, sparse]]), picks([2, 2], [2, 1], [2, 0]))).toEqual({
    kind: 'sparse',
    count: 3,
    indptr: Uint32Array.of(0, 1, 1, 3),
    indices: Uint32Array.of(7, 1, 5),
    values: Float32Array.of(3, 1, 2),
    y: Uint32Array.of(1, 0, 1),
  });
});

describe('a batch cannot be gathered', () => {
  const blocks = new Map<number, Block>([
    [0, dense(1, 2)],
    [1, sparse],
    [2, { kind: 'dense', count: 1, features: 1, x: Uint8Array.of(1), y: Uint32Array.of(0) }],
  ]);
  it.each<[string, ReturnType<typeof picks>, RegExp]>([
    ['of nothing', picks(), /no samples/],
    ['while a block is missing', picks([0, 0], [9, 0]), /block 9 is not here/],
    ['from a row that is not there', picks([0, 1]), /block 0 has no row 1/],
    ['from dense and sparse blocks', picks([0, 0], [1, 0]), /different shapes/],
    ['from sparse and dense blocks', picks([1, 0], [0, 0]), /dense and sparse/],
    ['from images of different sizes', picks([0, 0], [2, 0]), /different shapes/],
  ])('%s', (_, wanted, message) => {
    expect(() => gather(blocks, wanted)).toThrow(CannotGather);
    expect(() => gather(blocks, wanted)).toThrow(message);
  });
});
