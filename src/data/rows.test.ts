import { describe, expect, it } from 'vitest';
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import { BlockTooLarge, encodeBlock, encodedBytes } from './blocks.ts';
import type { DenseBlock, SparseBlock } from './dataset.ts';
import { cutBlocks, selectRows } from './rows.ts';

const dense: DenseBlock = {
  kind: 'dense',
  count: 5,
  features: 2,
  x: Uint8Array.of(0, 1, 10, 11, 20, 21, 30, 31, 40, 41),
  y: Uint32Array.of(0, 1, 2, 3, 4),
};
const sparse: SparseBlock = {
  kind: 'sparse',
  count: 4,
  indptr: Uint32Array.of(0, 2, 2, 3, 6),
  indices: Uint32Array.of(1, 5, 7, 0, 2, 3),
  values: Float32Array.of(1, 2, 3, 4, 5, 6),
  y: Uint32Array.of(0, 1, 0, 1),
};

describe('cutting a split into blocks', () => {
  it('gives full blocks and a rest, in order', () => {
    expect(cutBlocks(dense, 2).map((block) => [...block.y])).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('shares the values with the split', () => {
    const [first] = cutBlocks(dense, 2);
    expect(first?.kind === 'dense' && first.x.buffer).toBe(dense.x.buffer);
  });

  it('counts the rows of each sparse block from 0', () => {
    expect(cutBlocks(sparse, 2)).toEqual([
      {
        kind: 'sparse',
        count: 2,
        indptr: Uint32Array.of(0, 2, 2),
        indices: Uint32Array.of(1, 5),
        values: Float32Array.of(1, 2),
        y: Uint32Array.of(0, 1),
      },
      {
        kind: 'sparse',
        count: 2,
        indptr: Uint32Array.of(0, 1, 4),
        indices: Uint32Array.of(7, 0, 2, 3),
        values: Float32Array.of(3, 4, 5, 6),
        y: Uint32Array.of(0, 1),
      },
    ]);
  });

  it('takes fewer samples per block where that many would be too large', () => {
    const features = MAX_BLOCK_BYTES / 4;
    const big: DenseBlock = {
      kind: 'dense',
      count: 5,
      features,
      x: new Uint8Array(5 * features),
      y: new Uint32Array(5),
    };
    const blocks = cutBlocks(big, 512);
    expect(blocks.map((block) => block.count)).toEqual([3, 2]);
    for (const block of blocks) expect(encodedBytes(block)).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
  });

  it('refuses a sample that no block can hold', () => {
    const features = MAX_BLOCK_BYTES;
    const huge: DenseBlock = { kind: 'dense', count: 1, features, x: new Uint8Array(features), y: new Uint32Array(1) };
    expect(() => cutBlocks(huge)).toThrow(BlockTooLarge);
  });
});

describe('selecting rows', () => {
  it('copies dense rows in the order asked', () => {
    expect(selectRows(dense, Uint32Array.of(4, 0))).toEqual({
      kind: 'dense',
      count: 2,
      features: 2,
      x: Uint8Array.of(40, 41, 0, 1),
      y: Uint32Array.of(4, 0),
    });
  });

  it('copies sparse rows, empty ones too', () => {
    const picked = selectRows(sparse, Uint32Array.of(3, 1, 0));
    expect(picked).toEqual({
      kind: 'sparse',
      count: 3,
      indptr: Uint32Array.of(0, 3, 3, 5),
      indices: Uint32Array.of(0, 2, 3, 1, 5),
      values: Float32Array.of(4, 5, 6, 1, 2),
      y: Uint32Array.of(1, 1, 0),
    });
    expect(() => encodeBlock(picked)).not.toThrow();
  });
});
