// The value codecs there are, by name and by their number on the wire.
import { bytesOf } from '../../protocol/bytes.ts';
import type { CodecName } from '../../protocol/filters.ts';
import { bf16, f16 } from './half.ts';
import { int4, int8, oneBit } from './quantise.ts';
import type { ValueCodec } from './value-codec.ts';
import { WHOLE_WIDTHS, whole } from './whole-numbers.ts';

/** As they are. */
const f32: ValueCodec = {
  name: 'f32',
  id: 0,
  bytes: (count) => 4 * count,
  encode: (values, out) => out.set(bytesOf(values)),
  decode: (bytes, out) => bytesOf(out).set(bytes),
};

const CODECS: Readonly<Record<CodecName, ValueCodec>> = { f32, f16, bf16, int8, int4, onebit: oneBit, whole };

const BY_ID = new Map([...Object.values(CODECS), ...WHOLE_WIDTHS].map((codec) => [codec.id, codec]));

export const codecNamed = (name: CodecName): ValueCodec => CODECS[name];

/** What a block of these values has when `codec` was asked for. */
export const codecFor = (codec: ValueCodec, values: Float32Array): ValueCodec =>
  codec.narrowest === undefined ? codec : (codec.narrowest(values) ?? f32);

/** The codec of a number that came over the wire; undefined where there is none. */
export const codecOf = (id: number): ValueCodec | undefined => BY_ID.get(id);
