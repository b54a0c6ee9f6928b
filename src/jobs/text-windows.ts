// Between blocks of text and a transformer: characters as numbers, windows cut from rows, rows with a 1 at each character.
import type { DenseBlock } from '../data/dataset.ts';
import { hash32 } from '../random.ts';

/**
 * Characters of a block, as numbers of the vocabulary. Blocks hold bytes; a gathered batch holds them divided by 255, and
 * f32 keeps k / 255 exactly enough to find k again.
 */
export function charactersOf({ x }: DenseBlock): Uint8Array {
  return x instanceof Uint8Array ? x : Uint8Array.from(x, (value) => Math.round(255 * value));
}

/** Windows of `context` characters and the one after each of them. */
export interface Windows {
  readonly count: number;
  /** [count, context] */
  readonly inputs: Uint8Array;
  /** [count, context] */
  readonly targets: Uint8Array;
}

/**
 * One window from each row, its first character `shift(row)` after the row's. Rows have `features` ≥ context + 1
 * characters.
 */
export function cutWindows(block: DenseBlock, context: number, shift: (row: number) => number): Windows {
  const { count, features } = block;
  const characters = charactersOf(block);
  const inputs = new Uint8Array(count * context);
  const targets = new Uint8Array(count * context);
  for (let row = 0; row < count; row++) {
    const start = row * features + shift(row);
    inputs.set(characters.subarray(start, start + context), row * context);
    targets.set(characters.subarray(start + 1, start + context + 1), row * context);
  }
  return { count, inputs, targets };
}

/**
 * Where training cuts its windows: anywhere in the row, so that the same text is seen from many places. It depends on what
 * is in the batch and nothing else: a row that comes again, in other company, is cut elsewhere, and results can be repeated.
 */
export function shiftsOf(block: DenseBlock, context: number): (row: number) => number {
  const places = block.features - context;
  if (places === 1) return () => 0;
  const characters = charactersOf(block);
  let state = 0;
  for (let at = 0; at < characters.length; at += block.features) state = hash32(state, characters[at] as number);
  return (row) => hash32(state, row) % places;
}

/** [count × context, vocabulary]: `weight` at each character. `rows` of windows are made, those after `count` empty. */
export function weightedRows(characters: Uint8Array, rows: number, vocabulary: number, weight: number): Float32Array {
  const matrix = new Float32Array(rows * vocabulary);
  for (let at = 0; at < characters.length; at++) matrix[at * vocabulary + (characters[at] as number)] = weight;
  return matrix;
}
