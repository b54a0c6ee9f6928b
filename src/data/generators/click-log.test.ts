import { describe, expect, it } from 'vitest';
import { checkBlockFits, decodeBlock, encodeBlock, hashBlock } from '../blocks.ts';
import type { SparseBlock } from '../dataset.ts';
import { BIAS_KEY, clickLogGenerator } from './click-log.ts';

const log = clickLogGenerator(1, { train: 20_000, test: 5_000 });

function views(index: number): SparseBlock {
  const block = log.block('train', index);
  if (block.kind !== 'sparse') throw new Error('a click log is sparse');
  return block;
}
const train = log.blockSamples.train.map((_, index) => views(index));
const rowsOf = (block: SparseBlock) =>
  Array.from({ length: block.count }, (_, row) => block.indices.subarray(block.indptr[row], block.indptr[row + 1]));

describe('a generated click log', () => {
  it('has blocks that belong in its dataset, of 512 views and a rest', () => {
    expect(log.blockSamples.test).toEqual([...Array<number>(9).fill(512), 392]);
    for (const block of train) expect(() => checkBlockFits(decodeBlock(encodeBlock(block)), log.meta)).not.toThrow();
  });

  it('is these bytes, on every machine', () => {
    expect(hashBlock(encodeBlock(views(0)))).toBe('7acc1065e9c15bc48a37f2a1d1141e4aaa1039e0ad585abb6808b2a05f9d9c7a');
  });

  it('is a function of seed, split and index alone', () => {
    expect(clickLogGenerator(1, { train: 1_024, test: 0 }).block('train', 1)).toEqual(views(1));
    expect(clickLogGenerator(2).block('train', 1)).not.toEqual(views(1));
    expect(log.block('test', 0)).not.toEqual(views(0));
  });

  it('has the bias in every view, and about fifteen keys of value 1', () => {
    for (const keys of train.flatMap(rowsOf)) expect(keys[0]).toBe(BIAS_KEY);
    const stored = train.reduce((sum, block) => sum + block.indices.length, 0);
    expect(stored / 20_000).toBeGreaterThan(14.9);
    expect(train.every((block) => block.values.every((value) => value === 1))).toBe(true);
  });

  it('has power-law keys: a few in most views, most in few', () => {
    const counts = new Map<number, number>();
    for (const block of train) for (const key of block.indices) counts.set(key, (counts.get(key) ?? 0) + 1);
    const sorted = [...counts.values()].toSorted((a, b) => b - a);
    // Zipf over 3 values: the most frequent has 1 / (1 + 1/2 + 1/3) = 54.5 % of the views.
    expect((sorted[1] ?? 0) / 20_000).toBeCloseTo(0.545, 1);
    expect(sorted.filter((count) => count <= 3).length).toBeGreaterThan(sorted.length / 2);
  });

  it('has clicks in 20 to 25 % of the views', () => {
    const clicks = train.reduce((sum, block) => sum + block.y.reduce((a, b) => a + b, 0), 0);
    expect(clicks / 20_000).toBeGreaterThan(0.2);
    expect(clicks / 20_000).toBeLessThan(0.25);
  });

  it('comes from a few hundred weights out of 20,000', () => {
    const nonZero = log.planted.filter((weight) => weight !== 0).length;
    expect(log.planted.length).toBe(20_000);
    expect(nonZero).toBeGreaterThan(200);
    expect(nonZero).toBeLessThan(600);
  });

  it('lets the planted model reach the accuracy and log loss that it states, and no more', () => {
    let [right, loss] = [0, 0];
    for (const block of train) {
      rowsOf(block).forEach((keys, row) => {
        const score = keys.reduce((sum, key) => sum + (log.planted[key] ?? 0), 0);
        const p = 1 / (1 + Math.exp(-score));
        if (score > 0 === (block.y[row] === 1)) right++;
        loss -= Math.log(block.y[row] === 1 ? p : 1 - p);
      });
    }
    const best = log.bestPossible('train');
    // 20,000 draws: one standard deviation of the accuracy is 0.26 %.
    expect(Math.abs(right / 20_000 - best.accuracy)).toBeLessThan(0.01);
    expect(Math.abs(loss / 20_000 - best.logLoss)).toBeLessThan(0.01);
    expect(best.accuracy).toBeGreaterThan(1 - best.clickRate + 0.03);
  });

  it('works on a key space so small that fields collide', () => {
    const tiny = clickLogGenerator(1, { train: 100, test: 0 }, 5);
    expect(() => checkBlockFits(decodeBlock(encodeBlock(tiny.block('train', 0))), tiny.meta)).not.toThrow();
    expect(() => clickLogGenerator(1, { train: 1, test: 1 }, 1)).toThrow(RangeError);
  });
});
