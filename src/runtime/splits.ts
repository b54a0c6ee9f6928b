// A split of a dataset in numbers: all blocks equal but the last.
import type { SplitPlan } from '../protocol/control.ts';

/** Samples in block `index`: all blocks are equal but the last. */
export const samplesIn = ({ blockSamples, samples }: SplitPlan, index: number): number =>
  Math.min(blockSamples, samples - index * blockSamples);

/** The split as a plan has it, from the samples of its blocks. */
export function splitPlan(blockSamples: readonly number[]): SplitPlan {
  const samples = blockSamples.reduce((sum, count) => sum + count, 0);
  return { samples, blockSamples: blockSamples[0] ?? 1, blocks: blockSamples.length };
}
