// 16-bit floats: IEEE half precision and bfloat16. Rounding to the nearest, ties to even. What overflows saturates: a
// gradient must not become infinite on its way.
import type { ValueCodec } from './value-codec.ts';

/** Bits of the smallest f32 that would round to a half's infinity. */
const F16_OVERFLOW = 0x477ff000;
const F16_LARGEST = 0x7bff;
/** Bits of 2⁻¹⁴, the smallest normal half. */
const F16_NORMAL = 0x38800000;
/** What the two formats' exponent biases differ by, in the f32's place: (127 − 15) << 23. */
const F16_REBIAS = 0x38000000;
/** Halves below 2⁻¹⁴ are multiples of 2⁻²⁴. */
const F16_SUBNORMAL_SCALE = 2 ** 24;
/** Added and taken away again, it rounds an f64 below 2⁵¹ to a whole number, ties to even. */
const ROUND = 2 ** 52;
/** Undoes in one multiplication the bias of a half's exponent put in an f32's place; exact, subnormals included. */
const F16_UNBIAS = 2 ** 112;

const BF16_LARGEST = 0x7f7f;

const wordsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

const halvesOf = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);

export const f16: ValueCodec = {
  name: 'f16',
  id: 1,
  bytes: (count) => 2 * count,
  encode(values, out) {
    const words = wordsOf(values);
    const halves = halvesOf(out);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      const size = word & 0x7fffffff;
      const sign = (word >>> 16) & 0x8000;
      if (size >= F16_OVERFLOW) halves[i] = sign | F16_LARGEST;
      else if (size >= F16_NORMAL) halves[i] = sign | ((size - F16_REBIAS + 0xfff + ((size >>> 13) & 1)) >>> 13);
      else halves[i] = sign | (Math.abs(values[i] as number) * F16_SUBNORMAL_SCALE + ROUND - ROUND);
    }
  },
  decode(bytes, out) {
    const halves = halvesOf(bytes);
    const words = wordsOf(out);
    for (let i = 0; i < words.length; i++) {
      const half = halves[i] as number;
      words[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    }
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) * F16_UNBIAS;
  },
};

/** The upper half of an f32: its range with 8 significant bits. */
export const bf16: ValueCodec = {
  name: 'bf16',
  id: 2,
  bytes: (count) => 2 * count,
  encode(values, out) {
    const words = wordsOf(values);
    const halves = halvesOf(out);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      const rounded = ((word & 0x7fffffff) + 0x7fff + ((word >>> 16) & 1)) >>> 16;
      halves[i] = ((word >>> 16) & 0x8000) | (rounded > BF16_LARGEST ? BF16_LARGEST : rounded);
    }
  },
  decode(bytes, out) {
    const halves = halvesOf(bytes);
    const words = wordsOf(out);
    for (let i = 0; i < words.length; i++) words[i] = (halves[i] as number) << 16;
  },
};
