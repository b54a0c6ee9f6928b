import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactExp, exactSigmoid, rotation } from './exact-math.ts';

describe('exact-operation mathematics', () => {
  it('exp is within 1e-13 of Math.exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
      }),
      { numRuns: 5_000 },
    );
  });

  it('exp is exact where it can be, and stays finite', () => {
    expect(exactExp(0)).toBe(1);
    expect(exactExp(1e9)).toBeLessThan(Number.MAX_VALUE);
    expect(exactExp(-1e9)).toBeGreaterThan(0);
  });

  it('sigmoid goes from 0 to 1 through a half', () => {
    expect(exactSigmoid(0)).toBe(0.5);
    expect(exactSigmoid(2)).toBeCloseTo(0.8807970779778823, 14);
    expect(exactSigmoid(-800)).toBeGreaterThanOrEqual(0);
    expect(exactSigmoid(800)).toBe(1);
  });

  it('a rotation is the cosine and sine of twice the angle whose tangent it is given', () => {
    const { cos, sin } = rotation(Math.tan(Math.PI / 12));
    expect(cos).toBeCloseTo(Math.sqrt(3) / 2, 14);
    expect(sin).toBeCloseTo(0.5, 14);
  });
});
