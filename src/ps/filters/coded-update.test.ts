import { describe, expect, it } from 'vitest';
import type { Update } from '../../protocol/frames.ts';
import { epochOf } from '../testing.ts';
import { codeUpdate, openUpdate } from './coded-update.ts';
import { BlockEncoder } from './value-block.ts';

const updateOf = (values: Float32Array, keys: Uint32Array | null = null): Update => ({
  kind: 'update',
  ...{ epoch: epochOf(1), table: 0, segment: 0, version: 3, learningRate: 0.1, weight: 1 },
  ...{ hasGradient: true, advances: [], keys, values },
});

/** One in `every` values isn't zero, and of those some are −0, denormal or tiny. */
const sparse = (length: number, every: number) =>
  Float32Array.from({ length }, (_, at) => (at % every === 0 ? ([1.5, -0, 1e-45, -3e38][(at / every) % 4] ?? 0) : 0));

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe('an update', () => {
  it.each([2, 10, 100])('with one value in %d loses its zeros, and not a bit', (every) => {
    const update = updateOf(sparse(10_000, every));
    const coded = codeUpdate(update, new BlockEncoder());
    if (coded.kind !== 'codedUpdate') throw new Error('it is plain');
    expect(coded.block.length).toBeLessThan(40_000 / every + 10_000 / 8 + 100);
    const opened = openUpdate(coded, 10_000);
    expect(opened && bitsOf(opened.values)).toEqual(bitsOf(update.values));
    expect(opened).toEqual(update);
  });

  it('of dense values, or of some rows, goes as it is, in memory of its own', () => {
    const values = Float32Array.from({ length: 1_000 }, (_, at) => at + 1);
    for (const keys of [null, Uint32Array.of(1)]) {
      const coded = codeUpdate(updateOf(values, keys), new BlockEncoder());
      expect(coded).toEqual(updateOf(values, keys));
      expect('values' in coded && coded.values).not.toBe(values);
    }
  });

  it('that is not of this segment, or no block, is none', () => {
    const coded = codeUpdate(updateOf(sparse(1_000, 10)), new BlockEncoder());
    if (coded.kind !== 'codedUpdate') throw new Error('it is plain');
    expect(openUpdate(coded, 999)).toBeNull();
    expect(openUpdate({ ...coded, block: coded.block.subarray(0, 20) }, 1_000)).toBeNull();
  });
});
