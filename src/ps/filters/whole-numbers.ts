// Whole numbers as they are, in as few bytes as the largest of a block needs: for counts, which no filter may round. A block
// names the width that it has; what is no whole number of 32 bits travels as f32.
import type { ValueCodec } from './value-codec.ts';

const BYTE_LIMIT = 2 ** 7;
const SHORT_LIMIT = 2 ** 15;
const INT_LIMIT = 2 ** 31;

/** A codec of signed integers; what lies outside, or between two of them, is cut off. */
function integers(id: number, of: Int8ArrayConstructor | Int16ArrayConstructor | Int32ArrayConstructor): ValueCodec {
  const width = of.BYTES_PER_ELEMENT;
  const view = (bytes: Uint8Array, count: number) => new of(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
  return {
    name: 'whole',
    id,
    bytes: (count) => width * count,
    encode: (values, out) => view(out, values.length).set(values),
    decode: (bytes, out) => out.set(view(bytes, out.length)),
  };
}

const bytes = integers(7, Int8Array);
const shorts = integers(8, Int16Array);
const ints = integers(6, Int32Array);

export const WHOLE_WIDTHS: readonly ValueCodec[] = [bytes, shorts];

/** The narrowest that holds all values exactly; null where none does: −0 is no integer, and replicas must be equal bit by bit. */
function narrowest(values: Float32Array): ValueCodec | null {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value !== (value | 0) || Object.is(value, -0)) return null;
    const size = value < 0 ? -1 - value : value;
    if (size > most) most = size;
  }
  if (most < BYTE_LIMIT) return bytes;
  if (most < SHORT_LIMIT) return shorts;
  return most < INT_LIMIT ? ints : null;
}

/** Asked for by name; what a block then has is the narrowest width. */
export const whole: ValueCodec = { ...ints, narrowest };
