import { describe, expect, it } from 'vitest';
import type { CodedUpdate, Update } from '../../protocol/frames.ts';
import type { SegmentRange } from '../table.ts';
import { epochOf } from '../testing.ts';
import { codeUpdate, openUpdate } from './coded-update.ts';
import { encodeSignature } from './key-list.ts';
import { BlockEncoder } from './value-block.ts';

/** Keys 100 … 599 of 20 floats each: 10,000. */
const WIDTH = 20;
const RANGE: SegmentRange = { table: 0, segment: 0, start: 100, end: 600, floats: 500 * WIDTH };

const code = (update: Update, range = RANGE) => codeUpdate(update, range, new BlockEncoder());

function coded(update: Update): CodedUpdate {
  const frame = code(update);
  if (frame.kind !== 'codedUpdate') throw new Error('it is plain');
  return frame;
}

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
    const frame = coded(update);
    expect(frame.block.length).toBeLessThan(40_000 / every + 10_000 / 8 + 100);
    const opened = openUpdate(frame, RANGE, WIDTH);
    expect(opened && bitsOf(opened.values)).toEqual(bitsOf(update.values));
    expect(opened).toEqual(update);
  });

  it('of dense values goes as it is, in memory of its own', () => {
    const update = updateOf(Float32Array.from({ length: 10_000 }, (_, at) => at + 0.5));
    const frame = code(update);
    expect(frame).toEqual(update);
    expect('values' in frame && frame.values).not.toBe(update.values);
  });

  it('of some rows has its keys in a byte or so each, and the same values', () => {
    const keys = Uint32Array.from({ length: 100 }, (_, at) => 101 + 4 * at);
    const update = updateOf(
      Float32Array.from({ length: 100 * WIDTH }, (_, at) => at + 0.5),
      keys,
    );
    const frame = coded(update);
    expect(frame.keys.length).toBeLessThan(120);
    expect(openUpdate(frame, RANGE, WIDTH)).toEqual(update);
  });

  it.each([
    ['counts', 1, (at: number) => (at % 2 ? 0 : 3 - (at % 7))],
    ['larger counts', 2, (at: number) => at],
    ['counts among which is −0', 4, (at: number) => (at === 77 ? -0 : at)],
    ['counts among which is a half', 4, (at: number) => (at === 77 ? 0.5 : at)],
    ['no numbers', 4, (at: number) => (at === 77 ? Number.NaN : Number.POSITIVE_INFINITY)],
  ])('of %s takes %d bytes a value at most, bit for bit', (_, bytes, valueAt) => {
    const keys = Uint32Array.from({ length: 500 }, (_, at) => 100 + at);
    const update = updateOf(
      Float32Array.from({ length: 10_000 }, (_, at) => valueAt(at)),
      keys,
    );
    const frame = coded(update);
    expect(frame.block.length).toBeLessThan(10_000 * bytes + 100);
    const opened = openUpdate(frame, RANGE, WIDTH);
    expect(opened && bitsOf(opened.values)).toEqual(bitsOf(update.values));
    expect(opened?.keys).toEqual(keys);
  });

  it('that is not of this segment, or no block, is none', () => {
    const frame = coded(updateOf(sparse(10_000, 10)));
    expect(openUpdate(frame, { ...RANGE, floats: 9_999 }, WIDTH)).toBeNull();
    expect(openUpdate({ ...frame, block: frame.block.subarray(0, 20) }, RANGE, WIDTH)).toBeNull();
    const some = coded(updateOf(new Float32Array(2 * WIDTH).fill(0.5), Uint32Array.of(598, 599)));
    expect(openUpdate(some, RANGE, WIDTH)).not.toBeNull();
    expect(openUpdate(some, { ...RANGE, end: 599 }, WIDTH)).toBeNull();
    expect(openUpdate(some, RANGE, WIDTH + 1)).toBeNull();
    expect(openUpdate({ ...some, keys: encodeSignature('0123456789abcdef', 2) }, RANGE, WIDTH)).toBeNull();
    expect(openUpdate({ ...some, keys: new Uint8Array(0) }, RANGE, WIDTH)).toBeNull();
  });
});
