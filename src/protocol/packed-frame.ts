// A frame that travels deflated: the link at one end packs it, the link at the other opens it again, and nobody else sees one.
// Version u8, kind u8 (22: no other frame has it), zero u16, bytes of the frame u32, then the deflated frame (RFC 1951).
import { ByteReader, ByteWriter, MalformedBytes } from './bytes.ts';
import { MAX_PACKED_FRAME_BYTES, PROTOCOL_VERSION } from './limits.ts';

/** On the wire, beside the numbers of `FrameKind`. */
export const PACKED_KIND = 22;

const HEADER_BYTES = 8;

export interface PackedFrame {
  /** Of the frame itself. */
  readonly length: number;
  readonly deflated: Uint8Array;
}

/** The bytes that travel, as parts. */
export const encodePacked = ({ length, deflated }: PackedFrame): Uint8Array[] => [
  new ByteWriter(HEADER_BYTES).u8(PROTOCOL_VERSION).u8(PACKED_KIND).u16(0).u32(length).finish(),
  deflated,
];

/** @returns null for a frame that travels as it is @throws MalformedBytes */
export function decodePacked(bytes: Uint8Array): PackedFrame | null {
  if (bytes[0] !== PROTOCOL_VERSION || bytes[1] !== PACKED_KIND) return null;
  const reader = new ByteReader(bytes.subarray(2));
  if (reader.u16() !== 0) throw new MalformedBytes('reserved bytes are not zero');
  const length = reader.u32();
  // Nothing is made of that size before it is known to be one that is ever packed.
  if (length > MAX_PACKED_FRAME_BYTES) throw new MalformedBytes(`a packed frame of ${length} bytes`);
  if (length <= bytes.byteLength) throw new MalformedBytes(`${length} bytes packed into ${bytes.byteLength}`);
  return { length, deflated: reader.raw(reader.remaining) };
}
