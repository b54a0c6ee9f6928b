// Rows of a split: cut it into blocks, pick some out. Nothing here knows where the samples came from.
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import { BlockTooLarge, encodedBytes, sparseBytes } from './blocks.ts';
import type { Block, DenseBlock, SparseBlock } from './dataset.ts';
import { BLOCK_SAMPLES } from './limits.ts';

/**
 * Consecutive blocks of at most `samplesPerBlock` samples and MAX_BLOCK_BYTES bytes each. Big arrays are views of the
 * input's. Throws `BlockTooLarge` where one sample alone is over the limit.
 */
export function cutBlocks(block: Block, samplesPerBlock = BLOCK_SAMPLES): Block[] {
  const blocks: Block[] = [];
  for (let start = 0; start < block.count; ) {
    const end = endOfBlock(block, start, Math.min(start + Math.max(1, samplesPerBlock), block.count));
    const cut = rowRange(block, start, end);
    if (encodedBytes(cut) > MAX_BLOCK_BYTES) throw new BlockTooLarge(encodedBytes(cut));
    blocks.push(cut);
    start = end;
  }
  return blocks;
}

/** The last row end in (start, limit] such that the rows fit one block; start + 1 where none does. */
function endOfBlock(block: Block, start: number, limit: number): number {
  const bytesTo = (end: number) =>
    block.kind === 'dense'
      ? encodedBytes(rowRange(block, start, end))
      : sparseBytes(end - start, (block.indptr[end] ?? 0) - (block.indptr[start] ?? 0));
  let end = limit;
  while (end > start + 1 && bytesTo(end) > MAX_BLOCK_BYTES) end--;
  return end;
}

/** Rows [start, end). */
export function rowRange(block: Block, start: number, end: number): Block {
  if (block.kind === 'dense') {
    const { features } = block;
    const x = block.x.subarray(start * features, end * features);
    return { kind: 'dense', count: end - start, features, x, y: block.y.subarray(start, end) };
  }
  const first = block.indptr[start] ?? 0;
  const last = block.indptr[end] ?? 0;
  return {
    kind: 'sparse',
    count: end - start,
    indptr: block.indptr.slice(start, end + 1).map((at) => at - first),
    indices: block.indices.subarray(first, last),
    values: block.values.subarray(first, last),
    y: block.y.subarray(start, end),
  };
}

/** Copies of the given rows, in the given order. Rows must be below `block.count`. */
export function selectRows(block: Block, rows: Uint32Array): Block {
  return block.kind === 'dense' ? selectDense(block, rows) : selectSparse(block, rows);
}

function selectDense(block: DenseBlock, rows: Uint32Array): DenseBlock {
  const { features } = block;
  const x =
    block.x instanceof Uint8Array ? new Uint8Array(rows.length * features) : new Float32Array(rows.length * features);
  rows.forEach((row, to) => {
    x.set(block.x.subarray(row * features, (row + 1) * features), to * features);
  });
  return { kind: 'dense', count: rows.length, features, x, y: rows.map((row) => block.y[row] ?? 0) };
}

function selectSparse(block: SparseBlock, rows: Uint32Array): SparseBlock {
  const indptr = new Uint32Array(rows.length + 1);
  rows.forEach((row, to) => {
    indptr[to + 1] = (indptr[to] ?? 0) + (block.indptr[row + 1] ?? 0) - (block.indptr[row] ?? 0);
  });
  const indices = new Uint32Array(indptr.at(-1) ?? 0);
  const values = new Float32Array(indices.length);
  rows.forEach((row, to) => {
    const start = block.indptr[row] ?? 0;
    const end = block.indptr[row + 1] ?? 0;
    indices.set(block.indices.subarray(start, end), indptr[to] ?? 0);
    values.set(block.values.subarray(start, end), indptr[to] ?? 0);
  });
  return { kind: 'sparse', count: rows.length, indptr, indices, values, y: rows.map((row) => block.y[row] ?? 0) };
}
