import { describe, expect, it } from 'vitest';
import type { LoggedStep } from '../../src/runtime/step-log.ts';
import { stepTimes } from './step-times.ts';

/** Clocks 0 … count − 1, each so many milliseconds after the one before. */
const log = (count: number, ms: (clock: number) => number): LoggedStep[] => {
  let at = 0;
  return Array.from({ length: count }, (_, clock) => {
    at += ms(clock);
    return [clock, at];
  });
};

describe('the times of steps', () => {
  it('name the longest stop of any worker, not the wait for the first step', () => {
    const even = log(30, () => 100);
    const stopped = log(30, (clock) => (clock === 0 ? 9_000 : clock === 20 ? 2_500 : 100));
    expect(stepTimes([even]).longestMs).toBe(100);
    expect(stepTimes([even, stopped]).longestMs).toBe(2_500);
  });

  it('give the speed after the first third', () => {
    // 10 slow clocks, then 50 ms each.
    const { steady } = stepTimes([log(31, (clock) => (clock < 10 ? 1_000 : 50))]);
    expect(steady).toEqual({ fromClock: 10, clocksPerSecond: 20 });
  });

  it('count rounds of several clocks by their last, and workers by their mean', () => {
    const rounds: LoggedStep[] = Array.from({ length: 16 }, (_, round) => [round * 4 + 3, round * 100]);
    const single = log(64, () => 50);
    // 40 and 20 clocks a second, while both work.
    expect(stepTimes([rounds, single]).steady?.clocksPerSecond).toBeCloseTo(30, 9);
  });

  it('say nothing of runs that were over with their beginning', () => {
    expect(stepTimes([])).toEqual({ longestMs: null, steady: null });
    expect(stepTimes([log(1, () => 100)])).toEqual({ longestMs: null, steady: null });
  });
});
