import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Spacing, stretchOf } from './spacing.ts';

/** Where points lie, each found from the end of the one before. */
function startsOf(spacing: Spacing, clocks: number): number[] {
  const starts: number[] = [];
  for (let at = 0; at < clocks; at = stretchOf(spacing, at).end) starts.push(at);
  return starts;
}

describe('the points of a curve', () => {
  it('lie evenly where nothing else is asked for', () => {
    expect(startsOf({ every: 5, doublesAfter: null }, 31)).toEqual([0, 5, 10, 15, 20, 25, 30]);
  });

  it('lie twice as far apart after so many, and again with every doubling of the run', () => {
    expect(startsOf({ every: 3, doublesAfter: 4 }, 97)).toEqual([0, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96]);
  });

  it('are few, however long the run: the same number with every doubling', () => {
    const spacing = { every: 16, doublesAfter: 400 };
    expect(startsOf(spacing, 6_400)).toHaveLength(400);
    // 100,000,000 steps, the most there are: 400 at first, then 200 in each of 13 doublings and 182 in the last.
    expect(startsOf(spacing, 100_000_000)).toHaveLength(3_182);
  });

  it('cut a run into stretches without gaps: every clock of one finds the same', () => {
    const spacings = fc.record({
      every: fc.integer({ min: 1, max: 50 }),
      doublesAfter: fc.option(fc.integer({ min: 1, max: 20 }).map((half) => 2 * half)),
    });
    fc.assert(
      fc.property(spacings, fc.integer({ min: 0, max: 5_000 }), (spacing, clock) => {
        const { start, end } = stretchOf(spacing, clock);
        expect(start).toBeLessThanOrEqual(clock);
        expect(end).toBeGreaterThan(clock);
        for (const at of [start, end - 1]) expect(stretchOf(spacing, at)).toEqual({ start, end });
        expect(stretchOf(spacing, end).start).toBe(end);
      }),
    );
  });
});
