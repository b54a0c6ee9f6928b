import { describe, expect, it } from 'vitest';
import { encodeBlock, hashBlock } from '../blocks.ts';
import type { Block, DenseBlock, Split } from '../dataset.ts';
import { digitsGenerator } from './digits.ts';

const PIXELS = 784;

function images(seed: number, split: Split, index: number): DenseBlock {
  const block = digitsGenerator(seed, { train: 6_000, test: 1_000 }).block(split, index);
  if (block.kind !== 'dense') throw new Error('digits are dense');
  return block;
}

const hashOf = (block: Block) => hashBlock(encodeBlock(block));

/** Mean darkness of a block's pixels, 0 to 1. */
function meanInk(block: DenseBlock): number {
  let sum = 0;
  for (const value of block.x) sum += value;
  return sum / block.x.length / 255;
}

describe('drawn digits', () => {
  it('are 28×28 bytes in ten classes, as many as asked, in blocks of 512', () => {
    const { meta, blockSamples } = digitsGenerator(1, { train: 1_030, test: 512 });
    expect(meta).toMatchObject({ kind: 'dense', features: 784, shape: [28, 28], classes: 10 });
    expect(blockSamples).toEqual({ train: [512, 512, 6], test: [512] });
    expect(images(1, 'train', 0)).toMatchObject({ count: 512, features: 784 });
  });

  // Guards the rule that every browser makes the same bytes: nothing but a change of this file's drawing may change it.
  it('are these bytes, on every machine', () => {
    expect(hashOf(images(1, 'train', 0))).toBe('e202ce43531d18c81450c050019b4d182ce6bf376416754b8f17120fb2ca1b07');
  });

  it('are a function of seed, split and index alone', () => {
    const generator = digitsGenerator(1, { train: 6_000, test: 1_000 });
    const [second, first] = [generator.block('train', 1), generator.block('train', 0)];
    expect(hashOf(first)).toBe(hashOf(images(1, 'train', 0)));
    expect(hashOf(second)).toBe(hashOf(images(1, 'train', 1)));
    const others = [second, images(2, 'train', 0), images(1, 'test', 0)];
    expect(others.map(hashOf)).not.toContain(hashOf(first));
    expect(new Set(others.map(hashOf)).size).toBe(3);
  });

  it('do not depend on how many there are', () => {
    const few = digitsGenerator(1, { train: 512, test: 0 });
    expect(hashOf(few.block('train', 0))).toBe(hashOf(images(1, 'train', 0)));
  });

  it('have all classes about equally often', () => {
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 10; index++)
      for (const y of images(3, 'train', index).y) counts[y] = (counts[y] ?? 0) + 1;
    // 5,120 draws, 512 ± 21 (one standard deviation) each.
    for (const count of counts) expect(Math.abs(count - 512)).toBeLessThan(110);
  });

  it('are mostly paper, with dark ink in every image', () => {
    const block = images(1, 'train', 0);
    expect(meanInk(block)).toBeGreaterThan(0.05);
    expect(meanInk(block)).toBeLessThan(0.3);
    for (let row = 0; row < block.count; row++) {
      expect(Math.max(...block.x.subarray(row * PIXELS, (row + 1) * PIXELS))).toBeGreaterThan(120);
    }
  });

  it('are not for a linear model: softmax regression stays between 60 and 92 %', () => {
    const weights = trainSoftmax(5, 5);
    const accuracy = accuracyOf(weights, images(1, 'test', 0));
    expect(accuracy).toBeGreaterThan(0.6);
    expect(accuracy).toBeLessThan(0.92);
  });
});

/** Scores of one image, class by class; the last weight of a class is its bias. */
function scoresOf(weights: Float64Array, block: DenseBlock, row: number): number[] {
  return Array.from({ length: 10 }, (_, digit) => {
    const base = digit * (PIXELS + 1);
    let score = weights[base + PIXELS] ?? 0;
    for (let at = 0; at < PIXELS; at++) score += ((weights[base + at] ?? 0) * (block.x[row * PIXELS + at] ?? 0)) / 255;
    return score;
  });
}

/** Softmax regression by plain stochastic gradient descent. */
function trainSoftmax(blocks: number, epochs: number): Float64Array {
  const weights = new Float64Array(10 * (PIXELS + 1));
  const data = Array.from({ length: blocks }, (_, index) => images(1, 'train', index));
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const block of data) {
      for (let row = 0; row < block.count; row++) {
        const exps = scoresOf(weights, block, row).map(Math.exp);
        const total = exps.reduce((sum, value) => sum + value, 0);
        exps.forEach((value, digit) => {
          const step = 0.01 * (value / total - (block.y[row] === digit ? 1 : 0));
          const base = digit * (PIXELS + 1);
          for (let at = 0; at < PIXELS; at++) {
            weights[base + at] = (weights[base + at] ?? 0) - (step * (block.x[row * PIXELS + at] ?? 0)) / 255;
          }
          weights[base + PIXELS] = (weights[base + PIXELS] ?? 0) - step;
        });
      }
    }
  }
  return weights;
}

function accuracyOf(weights: Float64Array, block: DenseBlock): number {
  let right = 0;
  for (let row = 0; row < block.count; row++) {
    const scores = scoresOf(weights, block, row);
    if (scores.indexOf(Math.max(...scores)) === block.y[row]) right++;
  }
  return right / block.count;
}
