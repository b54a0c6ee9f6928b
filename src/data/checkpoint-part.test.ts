import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedBytes } from '../protocol/bytes.ts';
import { decodePart, encodePart } from './checkpoint-part.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const entry = fc.record({ table: u16, segment: u16, hash: fc.stringMatching(/^[0-9a-f]{64}$/) });

describe('a list of segments', () => {
  it('is 36 bytes for each: two numbers and a hash', () => {
    const bytes = encodePart([{ table: 1, segment: 515, hash: 'ab'.repeat(32) }]);
    expect([...bytes]).toEqual([1, 0, 3, 2, ...Array.from({ length: 32 }, () => 0xab)]);
  });

  it('comes back as it went', () => {
    const property = fc.property(fc.array(entry), (entries) => {
      expect(decodePart(encodePart(entries))).toEqual(entries);
    });
    fc.assert(property);
  });

  it('is refused where it is cut off or endless', () => {
    expect(() => decodePart(new Uint8Array(35))).toThrow(MalformedBytes);
    expect(() => decodePart(new Uint8Array(36 * 4_097))).toThrow(MalformedBytes);
  });
});
