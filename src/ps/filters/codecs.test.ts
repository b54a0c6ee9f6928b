import { describe, expect, test } from 'vitest';
import { type CodecName, codecNames } from '../../protocol/filters.ts';
import { Random } from '../../random.ts';
import { codecNamed } from './codecs.ts';

/** Values of many sizes, as gradients are: signs, exponents from 2⁻²⁰ to 2³. */
function gradients(count: number, seed = 3): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => (random.unit() - 0.5) * 2 ** (4 - random.below(24)));
}

function roundTrip(name: CodecName, values: Float32Array, seed = 1): Float32Array {
  const codec = codecNamed(name);
  const bytes = new Uint8Array(codec.bytes(values.length));
  codec.encode(values, bytes, seed);
  const out = new Float32Array(values.length);
  codec.decode(bytes, out);
  return out;
}

describe.each(codecNames)('%s', (name) => {
  test.each([0, 1, 7, 63, 64, 65, 255, 256, 257, 1000])('carries %i values, zeros as zeros', (count) => {
    expect(roundTrip(name, new Float32Array(count))).toEqual(new Float32Array(count));
    expect(roundTrip(name, gradients(count)).every(Number.isFinite)).toBe(true);
  });

  test('gives the same bytes for the same seed', () => {
    const values = gradients(500);
    expect(roundTrip(name, values, 9)).toEqual(roundTrip(name, values, 9));
  });
});

test('f32 changes nothing', () => {
  const values = gradients(300);
  expect(roundTrip('f32', values)).toEqual(values);
});

describe('f16', () => {
  /** Every half there is, by the definition of the format: (−1)ˢ · 2^(e−15) · (1 + m/1024), or 2⁻¹⁴ · m/1024. */
  const halves = Array.from({ length: 0x7c00 }, (_, half) => {
    const [exponent, mantissa] = [half >> 10, half & 1023];
    return exponent === 0 ? 2 ** -24 * mantissa : 2 ** (exponent - 15) * (1 + mantissa / 1024);
  });

  test('every half comes back as itself', () => {
    const values = Float32Array.from([...halves, ...halves.map((half) => -half)]);
    expect(roundTrip('f16', values)).toEqual(values);
  });

  test('other values become the nearest half, ties the even one', () => {
    const values = Float32Array.from([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -24 * 2.5, 2 ** -24 * 3.5, 2 ** -26]);
    expect([...roundTrip('f16', values)]).toEqual([1, 1 + 2 ** -9, 2 ** -24 * 2, 2 ** -24 * 4, 0]);
  });

  test('no other half is nearer, over 10,000 values', () => {
    const values = gradients(10_000);
    const sorted = Float64Array.from(halves);
    roundTrip('f16', values).forEach((found, i) => {
      const size = Math.abs(values[i] ?? 0);
      const at = sorted.findIndex((half) => half >= size);
      const nearest = Math.min(Math.abs((sorted[at] ?? 0) - size), Math.abs((sorted[at - 1] ?? 0) - size));
      expect(Math.abs(Math.abs(found) - size)).toBe(nearest);
    });
  });

  test('what is too large becomes the largest half, never infinite', () => {
    expect([...roundTrip('f16', Float32Array.of(65_519, 65_520, 1e30, -1e30))]).toEqual([
      65_504, 65_504, 65_504, -65_504,
    ]);
  });
});

test('bf16 keeps 8 significant bits of any f32, ties to even', () => {
  const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -(2 ** 100), 2 ** -126, 3.4e38);
  const largest = 2 ** 127 * (2 - 2 ** -7);
  expect([...roundTrip('bf16', values)]).toEqual([1, 1, 1 + 2 ** -6, -(2 ** 100), 2 ** -126, largest]);
});

describe.each([
  ['int8', 127, 256],
  ['int4', 7, 64],
] as const)('%s', (name, levels, block) => {
  test('no value moves by a level or more, and the largest of a block stays', () => {
    const values = gradients(4 * block);
    const found = roundTrip(name, values);
    for (let from = 0; from < values.length; from += block) {
      const most = Math.max(...values.subarray(from, from + block).map(Math.abs));
      for (let i = from; i < from + block; i++) {
        expect(Math.abs((found[i] ?? 0) - (values[i] ?? 0))).toBeLessThan((most / levels) * 1.0001);
      }
      expect(Math.max(...found.subarray(from, from + block).map(Math.abs))).toBeCloseTo(most, 5);
    }
  });

  test('is unbiased: the mean over seeds is the value, within four standard errors', () => {
    const values = gradients(block, 5);
    const runs = 4_000;
    const sum = new Float64Array(block);
    for (let seed = 0; seed < runs; seed++) {
      roundTrip(name, values, seed * 2_654_435_761).forEach((found, i) => {
        sum[i] = (sum[i] ?? 0) + found;
      });
    }
    const level = Math.max(...values.map(Math.abs)) / levels;
    // A choice between two neighbouring levels has a standard deviation of at most half a level.
    const allowed = (4 * (level / 2)) / Math.sqrt(runs);
    const worst = Math.max(...sum.map((total, i) => Math.abs(total / runs - (values[i] ?? 0))));
    expect(worst).toBeLessThan(allowed);
    const bias = sum.reduce((all, total, i) => all + total / runs - (values[i] ?? 0), 0) / block;
    expect(Math.abs(bias)).toBeLessThan(allowed / Math.sqrt(block) + 1e-9);
  });
});

test('onebit sends the means of what is above and below zero', () => {
  expect([...roundTrip('onebit', Float32Array.of(1, 3, -2, 0, -6))]).toEqual(
    [4 / 3, 4 / 3, -4, 4 / 3, -4].map(Math.fround),
  );
});
