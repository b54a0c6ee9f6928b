// Few bits per value, in blocks that share a scale. Stochastic rounding makes int8 and int4 unbiased: a value between two
// levels becomes one of them with the probability that keeps its mean (Alistarh et al. 2017, "QSGD", section 3.1, with
// the largest value of a block as its norm).
import type { ValueCodec } from './value-codec.ts';

/** Values that share a scale: 4 bytes on 256 cost 1.6 % of int8, 4 on 64 12 % of int4. */
const INT8_BLOCK = 256;
const INT4_BLOCK = 64;
const ONE_BIT_BLOCK = 256;

/** Levels on each side of zero. */
const INT8_LEVELS = 127;
const INT4_LEVELS = 7;

const TO_UNIT = 2 ** -24;

/** Numerical Recipes' 32-bit linear congruential generator; its upper 24 bits are used. One multiplication a value. */
const nextRandom = (state: number): number => (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;

const blocksIn = (count: number, block: number): number => Math.ceil(count / block);

function largest(values: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) {
    const size = Math.abs(values[i] as number);
    if (size > most) most = size;
  }
  return most;
}

const scalesOf = (bytes: Uint8Array, count: number): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, count);

/** One byte a value and an f32 scale per 256: 3.94 times smaller than f32. Unbiased. */
export const int8: ValueCodec = {
  name: 'int8',
  id: 3,
  bytes: (count) => 4 * blocksIn(count, INT8_BLOCK) + count,
  encode(values, out, seed) {
    const count = values.length;
    const blocks = blocksIn(count, INT8_BLOCK);
    const scales = scalesOf(out, blocks);
    const levels = new Int8Array(out.buffer, out.byteOffset + 4 * blocks, count);
    let state = seed | 0;
    for (let block = 0; block < blocks; block++) {
      const from = block * INT8_BLOCK;
      const to = Math.min(from + INT8_BLOCK, count);
      const scale = Math.fround(largest(values, from, to) / INT8_LEVELS);
      scales[block] = scale;
      const perLevel = scale === 0 ? 0 : 1 / scale;
      for (let i = from; i < to; i++) {
        state = nextRandom(state);
        // Positive before it is cut off, so that cutting off is rounding down.
        const level = ((values[i] as number) * perLevel + (state >>> 8) * TO_UNIT + 128) | 0;
        levels[i] = (level > 255 ? 255 : level) - 128;
      }
    }
  },
  decode(bytes, out) {
    const count = out.length;
    const blocks = blocksIn(count, INT8_BLOCK);
    const scales = scalesOf(bytes, blocks);
    const levels = new Int8Array(bytes.buffer, bytes.byteOffset + 4 * blocks, count);
    for (let block = 0; block < blocks; block++) {
      const scale = scales[block] as number;
      const to = Math.min((block + 1) * INT8_BLOCK, count);
      for (let i = block * INT8_BLOCK; i < to; i++) out[i] = (levels[i] as number) * scale;
    }
  },
};

/** Half a byte a value and an f32 scale per 64: 7.1 times smaller than f32. Unbiased. */
export const int4: ValueCodec = {
  name: 'int4',
  id: 4,
  bytes: (count) => 4 * blocksIn(count, INT4_BLOCK) + Math.ceil(count / 2),
  encode(values, out, seed) {
    const count = values.length;
    const blocks = blocksIn(count, INT4_BLOCK);
    const scales = scalesOf(out, blocks);
    const pairs = out.subarray(4 * blocks);
    let state = seed | 0;
    for (let block = 0; block < blocks; block++) {
      const from = block * INT4_BLOCK;
      const to = Math.min(from + INT4_BLOCK, count);
      const scale = Math.fround(largest(values, from, to) / INT4_LEVELS);
      scales[block] = scale;
      const perLevel = scale === 0 ? 0 : 1 / scale;
      for (let i = from; i < to; i++) {
        state = nextRandom(state);
        const level = ((values[i] as number) * perLevel + (state >>> 8) * TO_UNIT + 8) | 0;
        const nibble = level > 15 ? 15 : level;
        // Blocks are even, so the first of a pair always comes first.
        if ((i & 1) === 0) pairs[i >> 1] = nibble;
        else pairs[i >> 1] = (pairs[i >> 1] as number) | (nibble << 4);
      }
    }
  },
  decode(bytes, out) {
    const count = out.length;
    const blocks = blocksIn(count, INT4_BLOCK);
    const scales = scalesOf(bytes, blocks);
    const pairs = bytes.subarray(4 * blocks);
    for (let block = 0; block < blocks; block++) {
      const scale = scales[block] as number;
      const to = Math.min((block + 1) * INT4_BLOCK, count);
      for (let i = block * INT4_BLOCK; i < to; i++) {
        const pair = pairs[i >> 1] as number;
        out[i] = (((i & 1) === 0 ? pair & 15 : pair >> 4) - 8) * scale;
      }
    }
  },
};

/**
 * The sign of each value, and per 256 the means of those above and below zero: 25 times smaller than f32. Seide et al.
 * 2014, "1-bit stochastic gradient descent", section 3.1. Biased: only with error feedback does it converge.
 */
export const oneBit: ValueCodec = {
  name: 'onebit',
  id: 5,
  bytes: (count) => 8 * blocksIn(count, ONE_BIT_BLOCK) + Math.ceil(count / 8),
  encode(values, out) {
    const count = values.length;
    const blocks = blocksIn(count, ONE_BIT_BLOCK);
    const means = scalesOf(out, 2 * blocks);
    const signs = out.subarray(8 * blocks).fill(0);
    for (let block = 0; block < blocks; block++) {
      const to = Math.min((block + 1) * ONE_BIT_BLOCK, count);
      let [above, below, countAbove, countBelow] = [0, 0, 0, 0];
      for (let i = block * ONE_BIT_BLOCK; i < to; i++) {
        const value = values[i] as number;
        if (value >= 0) {
          above += value;
          countAbove++;
          signs[i >> 3] = (signs[i >> 3] as number) | (1 << (i & 7));
        } else {
          below += value;
          countBelow++;
        }
      }
      means[2 * block] = countAbove === 0 ? 0 : above / countAbove;
      means[2 * block + 1] = countBelow === 0 ? 0 : below / countBelow;
    }
  },
  decode(bytes, out) {
    const count = out.length;
    const blocks = blocksIn(count, ONE_BIT_BLOCK);
    const means = scalesOf(bytes, 2 * blocks);
    const signs = bytes.subarray(8 * blocks);
    for (let block = 0; block < blocks; block++) {
      const to = Math.min((block + 1) * ONE_BIT_BLOCK, count);
      const [above, below] = [means[2 * block] as number, means[2 * block + 1] as number];
      for (let i = block * ONE_BIT_BLOCK; i < to; i++) {
        out[i] = ((signs[i >> 3] as number) >> (i & 7)) & 1 ? above : below;
      }
    }
  },
};
