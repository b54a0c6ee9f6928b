import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRuns, expandRuns, type Leases, rebalance, toRuns } from './leases.ts';

const NOBODY: Leases = new Map();
const even = (blocks: number) => Array<number>(blocks).fill(512);
const counts = (leases: Leases) => [...leases.values()].map((blocks) => blocks.length);

/** How many blocks have another worker than before. */
function moved(before: Leases, after: Leases): number {
  const owner = new Map([...before].flatMap(([worker, blocks]) => blocks.map((block) => [block, worker] as const)));
  return [...after].flatMap(([worker, blocks]) => blocks.filter((block) => owner.get(block) !== worker)).length;
}

const workerSets = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
const blockSizes = fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 60 });

describe('leases', () => {
  it('go round-robin at first', () => {
    expect(rebalance(NOBODY, even(5), [7, 9])).toEqual(
      new Map([
        [7, [0, 2, 4]],
        [9, [1, 3]],
      ]),
    );
  });

  it('go round-robin also where the last block is not full, whoever gets it', () => {
    for (let blocks = 1; blocks < 12; blocks++) {
      const leases = rebalance(NOBODY, even(blocks).with(-1, 100), [1, 2, 3]);
      for (const [worker, own] of leases) expect(own.every((block) => block % 3 === worker - 1)).toBe(true);
    }
  });

  it('of a worker that left go to those with the least, and nothing else moves', () => {
    const before = new Map([
      [1, [0, 3]],
      [2, [1, 4]],
      [3, [2, 5]],
    ]);
    expect(rebalance(before, even(6), [1, 3])).toEqual(
      new Map([
        [1, [0, 1, 3]],
        [3, [2, 4, 5]],
      ]),
    );
  });

  it('move to a newcomer only, and no more than its share', () => {
    const before = rebalance(NOBODY, even(100), [1, 2, 3, 4]);
    const after = rebalance(before, even(100), [1, 2, 3, 4, 5]);
    expect(counts(after)).toEqual([20, 20, 20, 20, 20]);
    expect(moved(before, after)).toBe(20);
  });

  it('cover every block exactly once, through any joins and leaves', () => {
    fc.assert(
      fc.property(blockSizes, fc.array(workerSets, { minLength: 1, maxLength: 8 }), (sizes, history) => {
        let leases = NOBODY;
        for (const workers of history) {
          leases = rebalance(leases, sizes, workers);
          expect([...leases.keys()]).toEqual(workers);
          expect([...leases.values()].flat().toSorted((a, b) => a - b)).toEqual([...sizes.keys()]);
          for (const blocks of leases.values()) expect(blocks).toEqual(blocks.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('differ by less than the largest block, through any joins and leaves', () => {
    fc.assert(
      fc.property(blockSizes, fc.array(workerSets, { minLength: 1, maxLength: 8 }), (sizes, history) => {
        let leases = NOBODY;
        for (const workers of history) leases = rebalance(leases, sizes, workers);
        const loads = [...leases.values()].map((blocks) => blocks.reduce((sum, block) => sum + (sizes[block] ?? 0), 0));
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(Math.max(0, ...sizes));
      }),
    );
  });

  it('stay as they are when nobody came or left', () => {
    fc.assert(
      fc.property(fc.nat(60), workerSets, (blocks, workers) => {
        const leases = rebalance(NOBODY, even(blocks), workers);
        expect(rebalance(leases, even(blocks), workers)).toEqual(leases);
      }),
    );
  });

  it('drop blocks that are claimed twice or that the dataset does not have', () => {
    const before = new Map([
      [1, [0, 1, 9]],
      [2, [1]],
    ]);
    expect(rebalance(before, even(2), [1, 2])).toEqual(
      new Map([
        [1, [0]],
        [2, [1]],
      ]),
    );
  });

  it('are empty without workers', () => {
    expect(rebalance(NOBODY, even(3), [])).toEqual(new Map());
  });
});

describe('leases as runs', () => {
  it('are one run for each round-robin lease', () => {
    expect(toRuns([1, 4, 7, 10])).toEqual([[1, 4, 3]]);
    expect(toRuns([0, 1, 2, 9])).toEqual([
      [0, 3, 1],
      [9, 1, 1],
    ]);
    expect(toRuns([])).toEqual([]);
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200)), (list) => {
        const blocks = list.toSorted((a, b) => a - b);
        expect(expandRuns(toRuns(blocks), 201)).toEqual(blocks);
      }),
    );
  });

  it.each<[string, [number, number, number][]]>([
    ['past the last block', [[0, 3, 5]]],
    ['of billions of blocks', [[0, 2 ** 40, 1]]],
    [
      'that overlap',
      [
        [0, 3, 1],
        [2, 1, 1],
      ],
    ],
    [
      'that do not ascend',
      [
        [5, 1, 1],
        [2, 1, 1],
      ],
    ],
    ['of no blocks', [[1, 0, 1]]],
    ['of step 0', [[1, 2, 0]]],
    ['of fractions', [[0.5, 2, 1]]],
  ])('are refused: %s', (_, runs) => {
    expect(() => expandRuns(runs, 10)).toThrow(BadRuns);
  });
});
