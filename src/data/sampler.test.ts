import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_WINDOW_BLOCKS, NothingToSample, Sampler, shareOf, WINDOW_BLOCKS } from './sampler.ts';

const leased = (sizes: number[], first = 0) => sizes.map((samples, at) => ({ index: first + at, samples }));

/** The next `count` picks as "block:row". */
function take(sampler: Sampler, count: number): string[] {
  const { blocks, rows } = sampler.next(count);
  return Array.from(blocks, (block, at) => `${block}:${rows[at]}`);
}

const sizes = fc.array(fc.nat(9), { minLength: 1, maxLength: 80 }).filter((list) => list.some((size) => size > 0));

describe('a sampler', () => {
  it('takes every sample exactly once an epoch, whatever the batches', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), fc.integer({ min: 1, max: 50 }), (list, seed, batch) => {
        const sampler = new Sampler(leased(list), seed, 0);
        const everything = list.flatMap((size, block) => Array.from({ length: size }, (_, row) => `${block}:${row}`));
        const picks: string[] = [];
        while (picks.length < 2 * everything.length) picks.push(...take(sampler, batch));
        expect(sampler.samples).toBe(everything.length);
        for (const epoch of [0, 1]) {
          const part = picks.slice(epoch * everything.length, (epoch + 1) * everything.length);
          expect(part.toSorted()).toEqual(everything.toSorted());
        }
      }),
    );
  });

  it('gives the same order for the same blocks, seed and rank, however the batches are cut', () => {
    const make = () => new Sampler(leased([7, 8, 9]), 5, 1);
    const [a, b] = [make(), make()];
    expect([...take(a, 10), ...take(a, 20)]).toEqual(take(b, 30));
  });

  it('gives another order to another seed, another rank and another epoch', () => {
    const epoch = (seed: number, rank: number) => take(new Sampler(leased([30, 30]), seed, rank), 60);
    expect(epoch(1, 0)).not.toEqual(epoch(2, 0));
    expect(epoch(1, 0)).not.toEqual(epoch(1, 1));
    const both = take(new Sampler(leased([30, 30]), 1, 0), 120);
    expect(both.slice(60)).not.toEqual(both.slice(0, 60));
  });

  it('with fewer samples than a batch goes round', () => {
    expect(take(new Sampler(leased([1], 9), 1, 0), 3)).toEqual(['9:0', '9:0', '9:0']);
  });

  it('mixes the samples of a window, and no others', () => {
    const sampler = new Sampler(leased(Array<number>(WINDOW_BLOCKS + 8).fill(4)), 1, 0);
    const { blocks } = sampler.next(4 * WINDOW_BLOCKS);
    expect(new Set(blocks).size).toBe(WINDOW_BLOCKS);
    expect(new Set(blocks.subarray(0, 4)).size).toBeGreaterThan(1);
  });

  it('puts other blocks together in every epoch', () => {
    const sampler = new Sampler(leased(Array<number>(2 * WINDOW_BLOCKS).fill(1)), 1, 0);
    const windowOf = () => [...sampler.next(WINDOW_BLOCKS).blocks].toSorted((a, b) => a - b);
    const [first, second, third] = [windowOf(), windowOf(), windowOf()];
    expect(new Set([...first, ...second]).size).toBe(2 * WINDOW_BLOCKS);
    expect([first, second]).not.toContainEqual(third);
  });

  it('says beforehand which blocks the next picks come from', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), fc.array(fc.integer({ min: 1, max: 9 })), (list, seed, batches) => {
        const sampler = new Sampler(leased(list, 100), seed, 0);
        for (const batch of batches) {
          const needs = sampler.needs();
          const { blocks } = sampler.next(batch);
          // A window has a sample or more for each of its blocks, so only tiny epochs go past the next window.
          if (batch <= sampler.samples) for (const block of blocks) expect(needs).toContain(block);
        }
      }),
    );
  });

  it('needs two windows at most', () => {
    const sampler = new Sampler(leased(Array<number>(200).fill(1)), 1, 0);
    expect(new Set(sampler.needs()).size).toBe(2 * WINDOW_BLOCKS);
  });

  it('refuses an empty lease', () => {
    expect(() => new Sampler([], 1, 3)).toThrow(NothingToSample);
    expect(() => new Sampler(leased([0, 0]), 1, 3)).toThrow(/rank 3/);
  });
});

describe('a sampler that begins with the blocks that are here', () => {
  const lease = (blocks: number) => leased(Array<number>(blocks).fill(10));
  const blocksIn = (sampler: Sampler, blocks: number) => new Set(sampler.next(10 * blocks).blocks);

  it('takes all of them before any other', () => {
    const here = new Set([3, 17, 18, 20, 31, 39]);
    expect(blocksIn(new Sampler(lease(40), 1, 0, here), here.size)).toEqual(here);
  });

  it('needs few others where there are none, and twice as many each time, until its windows are whole', () => {
    const sampler = new Sampler(lease(200), 1, 0, new Set());
    for (let size = FIRST_WINDOW_BLOCKS; size <= WINDOW_BLOCKS; size *= 2) {
      expect(blocksIn(sampler, size).size).toBe(size);
    }
    expect(blocksIn(sampler, WINDOW_BLOCKS).size).toBe(WINDOW_BLOCKS);
  });

  it('still takes every sample once an epoch, and says beforehand which blocks come', () => {
    const seeds = fc.record({ list: sizes, seed: fc.integer(), here: fc.array(fc.nat(80)) });
    fc.assert(
      fc.property(seeds, ({ list, seed, here }) => {
        const sampler = new Sampler(leased(list), seed, 0, new Set(here));
        const epoch: string[] = [];
        while (epoch.length < sampler.samples) {
          const needs = sampler.needs();
          const [pick = ''] = take(sampler, 1);
          expect(needs).toContain(Number(pick.split(':')[0]));
          epoch.push(pick);
        }
        expect(new Set(epoch).size).toBe(sampler.samples);
      }),
    );
  });
});

describe('the shares of a batch', () => {
  it('are equal, with the remainder to the first ranks', () => {
    expect([0, 1, 2].map((rank) => shareOf(128, rank, 3))).toEqual([43, 43, 42]);
    expect([0, 1, 2].map((rank) => shareOf(2, rank, 3))).toEqual([1, 1, 0]);
  });

  it('add up to the batch', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 64 }), (batch, workers) => {
        const shares = Array.from({ length: workers }, (_, rank) => shareOf(batch, rank, workers));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(batch);
      }),
    );
  });
});

describe('a sampler that skips', () => {
  it('goes on as one that took what was skipped', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), fc.nat(2_000), (list, seed, count) => {
        const [whole, skipping] = [new Sampler(leased(list), seed, 1), new Sampler(leased(list), seed, 1)];
        whole.next(count);
        skipping.skip(count);
        expect(take(skipping, 40)).toEqual(take(whole, 40));
        expect(skipping.needs()).toEqual(whole.needs());
      }),
    );
  });
});
