// Samples one by one into blocks of equal size, each handed out when it is full: what is held is one block of each split.
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import { BLOCK_HEADER_BYTES } from './blocks.ts';
import type { Block, DenseBlock, SparseBlock, Split } from './dataset.ts';
import { BLOCK_SAMPLES } from './limits.ts';

/** More blocks than this get more samples each instead: each is a file in the browser's storage, and a line in the manifest. */
const MANY_BLOCKS = 4_096;

/** Bytes of a sample in a block, without its values' own. */
const DENSE_ROW_BYTES = 4;
const SPARSE_ROW_BYTES = 8;

/** Values of one sparse sample: with its label and its place it must fit a block. */
export const MAX_ROW_VALUES = Math.floor((MAX_BLOCK_BYTES - BLOCK_HEADER_BYTES - 2 * SPARSE_ROW_BYTES) / 8);

export const denseRowBytes = (values: number, bytesPerValue: number): number =>
  DENSE_ROW_BYTES + values * bytesPerValue;
export const sparseRowBytes = (values: number): number => SPARSE_ROW_BYTES + 8 * values;

/**
 * Samples of each block, so that all but the last are equal: BLOCK_SAMPLES, more where there would be too many blocks, fewer
 * where the longest rows would not fit.
 */
export function blockSamplesFor(samples: number, longestRowBytes: number): number {
  const bytesOf = (count: number) => BLOCK_HEADER_BYTES + SPARSE_ROW_BYTES + count * longestRowBytes;
  let count = BLOCK_SAMPLES;
  while (samples > MANY_BLOCKS * count && bytesOf(2 * count) <= MAX_BLOCK_BYTES) count *= 2;
  while (count > 1 && bytesOf(count) > MAX_BLOCK_BYTES) count = Math.ceil(count / 2);
  return count;
}

/** Sparse samples. */
export class SparseBlocks {
  private count = 0;
  private stored = 0;
  private readonly y: Uint32Array;
  private readonly indptr: Uint32Array;
  private indices = new Uint32Array(1_024);
  private values = new Float32Array(1_024);

  constructor(
    private readonly blockSamples: number,
    private readonly emit: (block: SparseBlock) => void,
  ) {
    this.y = new Uint32Array(blockSamples);
    this.indptr = new Uint32Array(blockSamples + 1);
  }

  /** A sample of the first `length` of these keys and values. */
  add(label: number, indices: Uint32Array, values: Float32Array, length: number): void {
    this.makeRoom(this.stored + length);
    for (let at = 0; at < length; at++) {
      this.indices[this.stored] = indices[at] as number;
      this.values[this.stored++] = values[at] as number;
    }
    this.y[this.count++] = label;
    this.indptr[this.count] = this.stored;
    if (this.count === this.blockSamples) this.finish();
  }

  /** Hands out what is left. */
  finish(): void {
    const { count, stored } = this;
    if (count === 0) return;
    this.emit({
      kind: 'sparse',
      count,
      indptr: this.indptr.slice(0, count + 1),
      indices: this.indices.slice(0, stored),
      values: this.values.slice(0, stored),
      y: this.y.slice(0, count),
    });
    this.count = 0;
    this.stored = 0;
  }

  private makeRoom(needed: number): void {
    if (needed <= this.indices.length) return;
    const size = Math.max(needed, 2 * this.indices.length);
    const [indices, values] = [new Uint32Array(size), new Float32Array(size)];
    indices.set(this.indices);
    values.set(this.values);
    this.indices = indices;
    this.values = values;
  }
}

/** Dense samples of floats. */
export class DenseBlocks {
  private count = 0;
  private readonly x: Float32Array;
  private readonly y: Uint32Array;

  constructor(
    private readonly features: number,
    private readonly blockSamples: number,
    private readonly emit: (block: DenseBlock) => void,
  ) {
    this.x = new Float32Array(blockSamples * features);
    this.y = new Uint32Array(blockSamples);
  }

  add(label: number, values: Float32Array): void {
    this.x.set(values, this.count * this.features);
    this.y[this.count++] = label;
    if (this.count === this.blockSamples) this.finish();
  }

  /** Hands out what is left. */
  finish(): void {
    const { count, features } = this;
    if (count === 0) return;
    const [x, y] = [this.x.slice(0, count * features), this.y.slice(0, count)];
    this.emit({ kind: 'dense', count, features, x, y });
    this.count = 0;
  }
}

/** A builder for each split. */
export function bothSplits<T extends { finish(): void }>(
  samples: Readonly<Record<Split, number>>,
  longestRowBytes: number,
  emit: (split: Split, block: Block) => void,
  make: (blockSamples: number, emit: (block: Block) => void) => T,
): Record<Split, T> & { finish(): void } {
  const of = (split: Split) => make(blockSamplesFor(samples[split], longestRowBytes), (block) => emit(split, block));
  const [train, test] = [of('train'), of('test')];
  const finish = () => {
    train.finish();
    test.finish();
  };
  return { train, test, finish };
}

/** Says of each sample of a file in turn which split it is in. */
export class SplitTurns {
  private row = 0;
  private place = 0;

  /** @param held rows for testing, ascending */
  constructor(private readonly held: Uint32Array) {}

  next(): Split {
    if (this.held[this.place] !== this.row++) return 'train';
    this.place++;
    return 'test';
  }
}
