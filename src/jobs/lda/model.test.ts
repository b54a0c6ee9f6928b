import { describe, expect, test } from 'vitest';
import { countWords } from '../../data/documents.ts';
import { halves, mixtureOf, surprise, topRows, umassCoherence, type WordShares, wordShares } from './model.ts';

const shares = (topics: number, values: readonly number[]): WordShares => ({
  topics,
  values: Float64Array.from(values),
  rowOf: (word) => word,
});

test('word shares are counts with β added, and sum to 1 in each topic', () => {
  const values = wordShares(Int32Array.of(3, 0, 1, 2), Float64Array.of(4, 2), { alpha: 1, beta: 0.5 }, 2);
  for (const [at, share] of [3.5 / 5, 0.5 / 3, 1.5 / 5, 2.5 / 3].entries()) expect(values[at]).toBeCloseTo(share, 12);
});

test('a count below zero is a zero', () => {
  expect([...wordShares(Int32Array.of(-2), Float64Array.of(0), { alpha: 1, beta: 1 }, 1)]).toEqual([1]);
});

describe('a document', () => {
  test('is cut in two by turns', () => {
    const words = [3, 1, 2].map((times, row) => ({ row, times }));
    // Places 0 1 2 | 3 | 4 5: the even ones are seen.
    const [seen, held] = halves(words);
    expect(seen).toEqual([
      { row: 0, times: 2 },
      { row: 2, times: 1 },
    ]);
    expect(held).toEqual([
      { row: 0, times: 1 },
      { row: 1, times: 1 },
      { row: 2, times: 1 },
    ]);
  });

  test('has the mixture of its words where topics share none', () => {
    const mixture = mixtureOf(
      [
        { row: 0, times: 6 },
        { row: 1, times: 2 },
      ],
      shares(2, [1, 0, 0, 1]),
      1,
    );
    expect(mixture[0]).toBeCloseTo(7 / 10, 12);
    expect(mixture[1]).toBeCloseTo(3 / 10, 12);
  });

  test('surprises by the log of its words’ probabilities', () => {
    const { nats, tokens } = surprise([{ row: 0, times: 3 }], Float64Array.of(0.5, 0.5), shares(2, [0.1, 0.3]));
    expect(tokens).toBe(3);
    expect(nats).toBeCloseTo(-3 * Math.log(0.2), 12);
  });
});

test('top rows are those with the largest shares, best first', () => {
  expect(topRows(shares(2, [0.1, 0, 0.5, 0.2, 0.4, 0.9]), 0, 2)).toEqual([1, 2]);
  expect(topRows(shares(2, [0.1, 0, 0.5, 0.2, 0.4, 0.9]), 1, 1)).toEqual([2]);
});

test('UMass coherence is Σ log (D(m, l) + 1) / D(l)', () => {
  // Word 1 stands in 3 documents, 2 in two of them, 3 in one, which is one of 1's and none of 2's.
  const documents = [new Set([1, 2]), new Set([1, 2]), new Set([1, 3])];
  expect(umassCoherence([1, 2, 3], documents)).toBeCloseTo(Math.log(3 / 3) + Math.log(2 / 3) + Math.log(1 / 2), 12);
});

test('words are counted, in ascending order', () => {
  expect(countWords([5, 2, 5, 5])).toEqual({ words: Uint32Array.of(2, 5), times: Uint32Array.of(1, 3) });
});
