// Updates on their way down a chain without their zeros, where there are enough of them: pixels that are always black, and what
// top-k left out. Nothing is rounded, −0 included, so replicas stay the same bit for bit.
import { MalformedBytes } from '../../protocol/bytes.ts';
import type { CodedUpdate, Update } from '../../protocol/frames.ts';
import { codecNamed } from './codecs.ts';
import { type BlockEncoder, decodeBlock } from './value-block.ts';

/** With fewer zeros the time to find their places is worth more than their bytes: deflate saves no more on dense values. */
const LEAST_ZEROS = 1 / 8;

/** Looked at to guess how many there are; no round number, so that it isn't always the same column. */
const STRIDE = 61;

/** A frame for the next in the chain: coded where that pays, else with values of its own. `values` may change afterwards. */
export function codeUpdate(update: Update, encoder: BlockEncoder): Update | CodedUpdate {
  const { values, keys } = update;
  if (keys !== null || shareOfZeros(values) < LEAST_ZEROS) return { ...update, values: values.slice() };
  const { keys: _, values: __, ...head } = update;
  return {
    ...head,
    kind: 'codedUpdate',
    count: values.length,
    block: encoder.encode(values, codecNamed('f32'), 0, true),
  };
}

/** @param floats of the segment @returns the update, or null where it can't be one of this segment */
export function openUpdate({ block, count, ...head }: CodedUpdate, floats: number): Update | null {
  if (count !== floats) return null;
  try {
    return { ...head, kind: 'update', keys: null, values: decodeBlock(block, floats) };
  } catch (error) {
    if (error instanceof MalformedBytes) return null;
    throw error;
  }
}

function shareOfZeros(values: Float32Array): number {
  let [zeros, seen] = [0, 0];
  for (let at = 0; at < values.length; at += STRIDE) {
    seen++;
    if (Object.is(values[at], 0)) zeros++;
  }
  return seen === 0 ? 0 : zeros / seen;
}
