// Batches of dense samples as kernels want them: a few sizes only, values in [0, 1], labels as weighed rows.
import type { Block, DenseBlock } from '../data/dataset.ts';

/**
 * Rows of the kernel that computes `count` samples: the next multiple of an eighth of the power of two below it, so at
 * most 12.5 % are padding. jax-js compiles per shape (about 60 ms) and never forgets one; shares that differ by one sample
 * (42 and 43) use the same kernel, and there are 8 for each doubling. It depends on `count` alone, so results do too.
 */
export function kernelRows(count: number): number {
  const grain = 2 ** Math.max(0, Math.floor(Math.log2(count)) - 3);
  return Math.ceil(count / grain) * grain;
}

/** Samples `start` to `end`, in place. */
export function rowsOf({ features, x, y }: DenseBlock, start: number, end: number): DenseBlock {
  const rows = x.subarray(start * features, end * features);
  return { kind: 'dense', count: end - start, features, x: rows, y: y.subarray(start, end) };
}

/** As few of a block's samples as are computed in the same sizes as all of them: what compiles for these has compiled for those. */
export function leastRows(block: Block, atOnce = Number.POSITIVE_INFINITY): Block {
  if (block.kind !== 'dense' || block.count <= atOnce) return block;
  return rowsOf(block, 0, atOnce + (block.count % atOnce));
}

/** Values [rows, features], u8 ones in [0, 1]; padding is zero. The block's own array where nothing has to change. */
export function paddedInputs({ x, count, features }: DenseBlock, rows: number): Float32Array {
  if (x instanceof Float32Array && rows === count) return x;
  const padded = new Float32Array(rows * features);
  if (x instanceof Float32Array) padded.set(x);
  else for (let i = 0; i < x.length; i++) padded[i] = (x[i] as number) / 255;
  return padded;
}

/** Labels as rows [rows, classes] of 1/count at the label: what log-probabilities are weighed with. Padding weighs nothing. */
export function labelRows({ y, count }: DenseBlock, rows: number, classes: number): Float32Array {
  const targets = new Float32Array(rows * classes);
  for (let row = 0; row < count; row++) targets[row * classes + (y[row] as number)] = 1 / count;
  return targets;
}
