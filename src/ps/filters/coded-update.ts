// Updates on their way down a chain in fewer bytes: keys as they travel with pushes, no zeros (pixels that are always black, and what
// top-k left out), and counts in as few bytes as hold them. Nothing is rounded, −0 included, so replicas stay the same bit for bit.
import { MalformedBytes } from '../../protocol/bytes.ts';
import type { CodedUpdate, Update } from '../../protocol/frames.ts';
import type { SegmentRange } from '../table.ts';
import { codecNamed } from './codecs.ts';
import { decodeKeys, encodeKeys } from './key-list.ts';
import { type BlockEncoder, decodeBlock } from './value-block.ts';

/** With fewer zeros the time to find their places is worth more than their bytes: deflate saves no more on dense values. */
const LEAST_ZEROS = 1 / 8;

/** Looked at to guess how many there are; no round number, so that it isn't always the same column. */
const STRIDE = 61;

/** A frame for the next in the chain: coded where that pays, else with values of its own. `values` may change afterwards. */
export function codeUpdate(update: Update, { start, end }: SegmentRange, encoder: BlockEncoder): Update | CodedUpdate {
  const { kind: _, values, keys, ...head } = update;
  if (keys === null && shareOfZeros(values) < LEAST_ZEROS) return { ...update, values: values.slice() };
  // What isn't whole stays f32.
  const block = encoder.encode(values, codecNamed('whole'), 0, true);
  return { ...head, kind: 'codedUpdate', block, keys: encodeKeys(keys, start, end) };
}

/** @param width floats of a key @returns the update, or null where it can't be one of this segment */
export function openUpdate(
  { block, keys: list, ...head }: CodedUpdate,
  range: SegmentRange,
  width: number,
): Update | null {
  try {
    const keys = decodeKeys(list, range.start, range.end);
    if (keys !== null && 'signature' in keys) return null;
    const values = decodeBlock(block, keys === null ? range.floats : keys.length * width);
    return { ...head, kind: 'update', keys, values };
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
