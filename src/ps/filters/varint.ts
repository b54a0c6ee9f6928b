// Whole numbers in as few bytes as they need: 7 bits a byte, the lowest first (LEB128).
import { MalformedBytes } from '../../protocol/bytes.ts';

/** Bytes of a u32. */
export function varintBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  return value < 2 ** 28 ? 4 : 5;
}

/** Writes a u32. @returns where the next byte goes */
export function putVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Reads numbers below 2³⁵ one after the other. */
export class VarintReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @throws MalformedBytes */
  next(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new MalformedBytes('a number that ends too early');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new MalformedBytes('a number of more than 5 bytes');
  }

  /** @throws MalformedBytes where bytes are left over */
  end(): void {
    if (this.at !== this.bytes.length) throw new MalformedBytes(`${this.bytes.length - this.at} bytes left over`);
  }
}
