// From picked samples to one batch that a trainer takes: dense values as floats in [0, 1], sparse rows end to end.
import type { Block, DenseBlock, SparseBlock } from './dataset.ts';
import type { Picks } from './sampler.ts';

/** A picked block that is not there, or has no such row, or is of another kind than the rest. */
export class CannotGather extends Error {
  override name = 'CannotGather';
}

/** u8 value → f32 in [0, 1]; the same quotient everywhere. */
const UNIT = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/**
 * One batch of the picked samples, in their order. Dense: `x` is f32, u8 values divided by 255, and is a view of
 * `buffer` where that is large enough (so it lives until the next gather into it). Throws `CannotGather`.
 */
export function gather(blocks: ReadonlyMap<number, Block>, picks: Picks, buffer?: Float32Array): Block {
  const first = blockOf(blocks, picks, 0);
  return first.kind === 'dense'
    ? gatherDense(blocks, picks, first.features, buffer)
    : gatherSparse(
        Array.from(picks.blocks, (_, at) => sparseBlockOf(blocks, picks, at)),
        picks,
      );
}

function blockOf(blocks: ReadonlyMap<number, Block>, picks: Picks, at: number): Block {
  const index = picks.blocks[at];
  if (index === undefined) throw new CannotGather('a batch of no samples');
  const block = blocks.get(index);
  if (block === undefined) throw new CannotGather(`block ${index} is not here yet: fetch what the sampler needs first`);
  if ((picks.rows[at] ?? 0) >= block.count) throw new CannotGather(`block ${index} has no row ${picks.rows[at]}`);
  return block;
}

function gatherDense(
  blocks: ReadonlyMap<number, Block>,
  picks: Picks,
  features: number,
  buffer: Float32Array | undefined,
): DenseBlock {
  const count = picks.rows.length;
  const size = count * features;
  const x = buffer !== undefined && buffer.length >= size ? buffer.subarray(0, size) : new Float32Array(size);
  const y = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    const block = blockOf(blocks, picks, at);
    if (block.kind !== 'dense' || block.features !== features) throw new CannotGather('blocks of different shapes');
    const row = picks.rows[at] ?? 0;
    y[at] = block.y[row] ?? 0;
    copyScaled(block.x, row * features, x, at * features, features);
  }
  return { kind: 'dense', count, features, x, y };
}

function copyScaled(from: Uint8Array | Float32Array, start: number, to: Float32Array, at: number, size: number): void {
  if (from instanceof Float32Array) {
    to.set(from.subarray(start, start + size), at);
    return;
  }
  for (let i = 0; i < size; i++) to[at + i] = UNIT[from[start + i] ?? 0] ?? 0;
}

function sparseBlockOf(blocks: ReadonlyMap<number, Block>, picks: Picks, at: number): SparseBlock {
  const block = blockOf(blocks, picks, at);
  if (block.kind !== 'sparse') throw new CannotGather('dense and sparse blocks in one batch');
  return block;
}

function gatherSparse(sources: readonly SparseBlock[], picks: Picks): SparseBlock {
  const count = sources.length;
  const indptr = new Uint32Array(count + 1);
  const y = new Uint32Array(count);
  sources.forEach((block, at) => {
    const row = picks.rows[at] ?? 0;
    y[at] = block.y[row] ?? 0;
    indptr[at + 1] = (indptr[at] ?? 0) + (block.indptr[row + 1] ?? 0) - (block.indptr[row] ?? 0);
  });
  const indices = new Uint32Array(indptr[count] ?? 0);
  const values = new Float32Array(indices.length);
  sources.forEach((block, at) => {
    const row = picks.rows[at] ?? 0;
    const start = block.indptr[row] ?? 0;
    const end = block.indptr[row + 1] ?? 0;
    indices.set(block.indices.subarray(start, end), indptr[at] ?? 0);
    values.set(block.values.subarray(start, end), indptr[at] ?? 0);
  });
  return { kind: 'sparse', count, indptr, indices, values, y };
}
