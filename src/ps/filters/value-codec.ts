// What a value codec is: floats to bytes and back, of a length that the count alone says. Stateless; what a lossy one
// loses is remembered, where wanted, by who uses it (push-filter.ts).
import type { CodecName } from '../../protocol/filters.ts';

export interface ValueCodec {
  readonly name: CodecName;
  /** On the wire. Append only: a number, once used, never means anything else. */
  readonly id: number;
  /** For these values another codec does the same in fewer bytes; null where none can, and f32 must. Absent: it does itself. */
  narrowest?(values: Float32Array): ValueCodec | null;
  /** Bytes that `count` values take, whatever they are. */
  bytes(count: number): number;
  /**
   * Fills `out`, which starts at a multiple of 4 and has `bytes(values.length)` bytes. Values are finite.
   * @param seed of the rounding: the same seed and values give the same bytes
   */
  encode(values: Float32Array, out: Uint8Array, seed: number): void;
  /** Fills `out` from `bytes(out.length)` bytes that start at a multiple of 4. Any bytes are some values. */
  decode(bytes: Uint8Array, out: Float32Array): void;
}
