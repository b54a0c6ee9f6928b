import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Consistency,
  changeSchedule,
  delayOf,
  MAX_SCHEDULE_ENTRIES,
  requiredClock,
  type Schedule,
  scheduleAt,
} from './consistency.ts';

const bsp: Consistency = { kind: 'bsp' };
const async: Consistency = { kind: 'async' };
const ssp = (delay: number): Consistency => ({ kind: 'ssp', delay });
const always = (consistency: Consistency): Schedule => [{ fromClock: 0, consistency, learningRate: 0.1 }];
const entry = (fromClock: number, learningRate: number) => ({ fromClock, consistency: bsp, learningRate });

describe('the delay bound', () => {
  it('is 0 for BSP, infinite for async, and what it says between', () => {
    expect([delayOf(bsp), delayOf(ssp(1)), delayOf(ssp(16)), delayOf(async)]).toEqual([0, 1, 16, 1 / 0]);
  });
});

describe('the clock that a worker must see', () => {
  // All iterations ≤ t − 1 − τ; −1 where there is none.
  it.each<[string, Consistency, number[]]>([
    ['τ = 0', bsp, [-1, 0, 1, 2, 3, 4, 5, 6]],
    ['τ = 1', ssp(1), [-1, -1, 0, 1, 2, 3, 4, 5]],
    ['τ = 4', ssp(4), [-1, -1, -1, -1, -1, 0, 1, 2]],
    ['τ = ∞', async, [-1, -1, -1, -1, -1, -1, -1, -1]],
  ])('to start clocks 0 to 7 with %s', (_, consistency, required) => {
    expect(required.map((_, clock) => requiredClock(always(consistency), clock))).toEqual(required);
  });

  it('follows the consistency of the clock that it starts, not of the one it finished', () => {
    const schedule = changeSchedule(
      changeSchedule(always(bsp), { ...entry(4, 0.1), consistency: async }),
      entry(6, 0.1),
    );
    expect([3, 4, 5, 6].map((clock) => requiredClock(schedule, clock))).toEqual([2, -1, -1, 5]);
  });
});

describe('a schedule', () => {
  it('holds from each entry on, until the next', () => {
    const schedule = [entry(0, 1), entry(5, 2), entry(9, 3)];
    expect([0, 4, 5, 8, 9, 1e9].map((clock) => scheduleAt(schedule, clock).learningRate)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('has something for every clock, also for those before its first entry', () => {
    expect(scheduleAt([entry(5, 2), entry(9, 3)], 1).learningRate).toBe(2);
  });

  it('without entries is an error', () => {
    expect(() => scheduleAt([], 0)).toThrow(RangeError);
  });

  it('is changed from a clock on, and what was planned from there is replaced', () => {
    const schedule = changeSchedule(changeSchedule(always(bsp), entry(5, 2)), entry(9, 3));
    expect(changeSchedule(schedule, entry(9, 4)).map(({ fromClock }) => fromClock)).toEqual([0, 5, 9]);
    expect(changeSchedule(schedule, entry(7, 4)).map(({ fromClock }) => fromClock)).toEqual([0, 5, 7]);
    expect(changeSchedule(schedule, entry(0, 4)).map(({ learningRate }) => learningRate)).toEqual([4]);
  });

  it('keeps the past: before a change everything is as it was', () => {
    const clocks = fc.array(fc.nat(100), { maxLength: MAX_SCHEDULE_ENTRIES - 1 });
    fc.assert(
      fc.property(clocks, fc.nat(100), fc.nat(100), (history, fromClock, clock) => {
        const before = history.reduce<Schedule>(
          (sum, at, index) => changeSchedule(sum, entry(at, index + 2)),
          [entry(0, 1)],
        );
        const after = changeSchedule(before, entry(fromClock, 99));
        expect(scheduleAt(after, clock)).toEqual(clock < fromClock ? scheduleAt(before, clock) : entry(fromClock, 99));
        expect(after.map((one) => one.fromClock)).toEqual(after.map((one) => one.fromClock).toSorted((a, b) => a - b));
      }),
    );
  });

  it('stays small: the oldest entries go', () => {
    let schedule = always(bsp);
    for (let clock = 1; clock <= 50; clock++) schedule = changeSchedule(schedule, entry(clock, clock));
    expect(schedule.length).toBe(MAX_SCHEDULE_ENTRIES);
    expect(schedule.map(({ fromClock }) => fromClock)).toEqual(Array.from({ length: 16 }, (_, at) => 35 + at));
  });
});
