import { describe, expect, it } from 'vitest';
import { NOISE_SIZE, permute, ratingsGenerator } from './ratings.ts';

describe('generated ratings', () => {
  const samples = { train: 20_000, test: 2_000 };
  const generator = ratingsGenerator(5, samples);
  const blocks = (['train', 'test'] as const).flatMap((split) =>
    generator.blockSamples[split].map((_, index) => generator.block(split, index)),
  );

  it('never rate the same item by the same user twice, in neither split', () => {
    const pairs = new Set<string>();
    for (const block of blocks) {
      if (block.kind !== 'sparse') throw new Error('not sparse');
      for (let row = 0; row < block.count; row++) pairs.add(`${block.indices[2 * row]} ${block.indices[2 * row + 1]}`);
    }
    expect(pairs.size).toBe(22_000);
  });

  it('are of users and items that there are', () => {
    for (const block of blocks) {
      if (block.kind !== 'sparse') throw new Error('not sparse');
      for (const [at, key] of block.indices.entries()) {
        expect(key >= generator.users, `entry ${at}`).toBe(at % 2 === 1);
        expect(key).toBeLessThan(generator.users + generator.items);
      }
    }
  });

  it('cannot be told better than to the noise', () => {
    expect(generator.bestPossible('test')).toBeCloseTo(NOISE_SIZE, 1);
    expect(generator.bestPossible('train')).toBeCloseTo(NOISE_SIZE, 2);
  });

  it('leave pairs to recommend, however many are wanted', () => {
    const large = ratingsGenerator(5, { train: 2_000_000, test: 0 });
    expect(2_000_000 / (large.users * large.items)).toBeLessThanOrEqual(0.5);
  });
});

it.each([1, 2, 3, 10, 1_000, 4_097])('the permutation of %i takes every place once', (size) => {
  const places = Array.from({ length: size }, (_, index) => permute(9, index, size));
  expect(new Set(places).size).toBe(size);
  expect(Math.min(...places)).toBe(0);
  expect(Math.max(...places)).toBe(size - 1);
});
