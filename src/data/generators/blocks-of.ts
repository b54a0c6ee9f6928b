// What the generators share: how samples fall into blocks, and that train and test never draw the same numbers.
import type { Split } from '../dataset.ts';
import { BLOCK_SAMPLES } from '../limits.ts';

/** Mixed into a generator's seed, so that the splits are independent. */
export const SPLIT_SEEDS: Readonly<Record<Split, number>> = { train: 1, test: 2 };

/** Samples of each block when `samples` are cut into blocks of BLOCK_SAMPLES: full ones and a rest. */
export function blockSizes(samples: number): number[] {
  const blocks = Math.ceil(samples / BLOCK_SAMPLES);
  return Array.from({ length: blocks }, (_, block) => Math.min(BLOCK_SAMPLES, samples - block * BLOCK_SAMPLES));
}
