// Sums in writing, "12+7=19", line after line: text with answers that are right or wrong. Which pairs of numbers are for
// testing is fixed by the seed, so that a sum tested was never seen.
import { hash32, Random } from '../../random.ts';
import type { DatasetMeta, DenseBlock, Generator, Split } from '../dataset.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';

/** Both numbers are below this. */
const BOUND = 100;
/** One of so many pairs is for testing. */
const TEST_SHARE = 10;
/** Characters of a row, and one more to be told. */
const WINDOW = 64;

export const SUMS_VOCABULARY: readonly string[] = [...'\n+0123456789='];

export const SUMS_SAMPLES = { train: 20_000, test: 1_000 };

/** Whether a + b is a sum of the test split. */
export const isTested = (seed: number, a: number, b: number): boolean => hash32(seed, a, b) % TEST_SHARE === 0;

/** A generator of rows of sums; each row begins with a whole one. */
export function sumsGenerator(seed: number, samples: Readonly<Record<Split, number>> = SUMS_SAMPLES): Generator {
  const features = WINDOW + 1;
  const meta: DatasetMeta = {
    kind: 'text',
    name: 'sums',
    samples: { train: samples.train, test: samples.test },
    features,
    classes: SUMS_VOCABULARY.length,
    vocabulary: SUMS_VOCABULARY,
    answersAfter: '=',
  };
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  const numbers = new Map(SUMS_VOCABULARY.map((character, number) => [character, number]));
  return {
    name: 'sums',
    meta,
    blockSamples,
    block(split: Split, index: number): DenseBlock {
      const count = blockSamples[split][index] ?? 0;
      const x = new Uint8Array(count * features);
      for (let row = 0; row < count; row++) {
        const random = new Random(hash32(seed, SPLIT_SEEDS[split], index * BLOCK_SAMPLES + row));
        const text = rowOfSums(seed, split, random, features);
        for (let at = 0; at < features; at++) x[row * features + at] = numbers.get(text[at] ?? '\n') ?? 0;
      }
      return { kind: 'dense', count, features, x, y: new Uint32Array(count) };
    },
  };
}

function rowOfSums(seed: number, split: Split, random: Random, length: number): string {
  let text = '';
  while (text.length < length) {
    const [a, b] = [random.below(BOUND), random.below(BOUND)];
    if (isTested(seed, a, b) === (split === 'test')) text += `${a}+${b}=${a + b}\n`;
  }
  return text;
}
