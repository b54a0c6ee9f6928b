import { describe, expect, test } from 'vitest';
import { type ClockFigures, chooseFilters, FILTER_OPTIONS } from './choose.ts';

/** What a worker would measure: 2 MB of f32 a clock over a link of so many MB/s. */
function measured(current: number, computeMs: number, megabytesPerSecond: number, overlaps = true): ClockFigures {
  const rawBytes = 2e6;
  const option = FILTER_OPTIONS[current];
  if (option === undefined) throw new Error('no such option');
  const wireBytes = rawBytes * option.share;
  const networkMs = wireBytes / 1e3 / megabytesPerSecond;
  const codingMs = (option.msPerMegabyte * rawBytes) / 1e6;
  const exposedMs = overlaps ? Math.max(0, networkMs + codingMs - computeMs) : networkMs + codingMs;
  return { computeMs, exposedMs, wireBytes, rawBytes, overlaps };
}

const nameOf = (current: number, figures: ClockFigures) => FILTER_OPTIONS[chooseFilters(current, figures).option]?.name;

test('communication that is hidden is left as it is', () => {
  expect(nameOf(0, measured(0, 100, 40))).toBe('plain f32');
});

test('without a network that slows, coding would only cost', () => {
  expect(nameOf(0, measured(0, 5, 5_000, false))).toBe('plain f32');
});

test('the least loss that hides it: 2 MB in 60 ms at 20 MB/s are half too many', () => {
  expect(nameOf(0, measured(0, 60, 20))).toBe('f16');
});

test('over a slow link, as small as it gets', () => {
  expect(nameOf(0, measured(0, 5, 1))).toBe('int8');
  expect(nameOf(0, measured(0, 5, 1, false))).toBe('int8');
});

test.each([0, 1, 2, 3])('from option %i it comes to the same choice over a slow link, and stays', (current) => {
  expect(nameOf(current, measured(current, 5, 1))).toBe('int8');
});

test('a link that got fast again: back to what loses less', () => {
  expect(chooseFilters(3, measured(3, 5, 4_000, false)).option).toBe(0);
});

test('the reason names what was measured', () => {
  expect(chooseFilters(0, measured(0, 5, 1)).reason).toMatch(/^int8: .*1\.0 MB\/s.*5\.0 ms$/);
});

describe('by its own figures', () => {
  test('never makes a clock longer than plain f32, for any link and computation', () => {
    for (const computeMs of [0.5, 5, 50, 500]) {
      for (const speed of [0.1, 1, 10, 40, 200, 1_000]) {
        for (const overlaps of [true, false]) {
          const { option } = chooseFilters(0, measured(0, computeMs, speed, overlaps));
          const timeOf = (at: number) => {
            const { exposedMs } = measured(at, computeMs, speed, overlaps);
            return computeMs + exposedMs;
          };
          expect(timeOf(option)).toBeLessThanOrEqual(1.02 * timeOf(0));
        }
      }
    }
  });
});
