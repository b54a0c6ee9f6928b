import { describe, expect, it } from 'vitest';
import { parseControl, type WorkerReport } from '../protocol/control.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { mergeReports } from './reports.ts';
import { reportsOf } from './testing.ts';
import { WorkerMeter } from './worker-meter.ts';

/** A meter on a clock that the test moves. */
function meterOf(lossEvery = 5): { meter: WorkerMeter; pass(ms: number): void } {
  let now = 1_000;
  return {
    meter: new WorkerMeter({ every: lossEvery, doublesAfter: null }, () => now),
    pass: (ms) => {
      now += ms;
    },
  };
}

/** Sends a report to a scheduler. @throws BadMessage where it would not be understood */
function send(worker: WorkerReport): void {
  const { trainer, shard } = reportsOf({ worker });
  parseControl(
    JSON.stringify({
      ...mergeReports(trainer, shard, { flows: [], drains: [], bandwidth: null }),
      unreachable: [],
      rttMs: null,
    }),
  );
}

describe('what a worker measures', () => {
  it('is nothing at first', () => {
    const { meter } = meterOf();
    expect(meter.take('wasm')).toEqual({
      clock: NO_CLOCK,
      samples: 0,
      losses: [],
      evaluations: [],
      computeMs: 0,
      waitMs: 0,
      communicateMs: 0,
      spanMs: 0,
      sinceClockMs: 0,
      isDone: false,
      device: 'wasm',
    });
  });

  it('is the time of each activity since the last report', async () => {
    const { meter, pass } = meterOf();
    const spend = (ms: number) => async () => pass(ms);
    await meter.time('compute', spend(70));
    await meter.time('wait', spend(20));
    await meter.time('compute', spend(5));
    pass(5);
    expect(meter.take('')).toMatchObject({ computeMs: 75, waitMs: 20, communicateMs: 0, spanMs: 100 });
    await meter.time('communicate', spend(10));
    expect(meter.take('')).toMatchObject({ computeMs: 0, waitMs: 0, communicateMs: 10, spanMs: 10 });
  });

  it('is how long ago its clock was finished', () => {
    const { meter, pass } = meterOf();
    pass(70);
    meter.step(3, 0, 10);
    pass(40);
    expect(meter.take('').sinceClockMs).toBe(40);
    pass(20);
    expect(meter.take('').sinceClockMs).toBe(60);
    meter.skip(9, 0);
    expect(meter.take('').sinceClockMs).toBe(0);
  });

  it('is the quickest gradient, by clock that it covers', async () => {
    const { meter, pass } = meterOf();
    const compute = async (ms: number, clock: number) => {
      await meter.time('compute', async () => pass(ms));
      meter.step(clock, 0, 10);
    };
    await compute(30, 0);
    await compute(80, 4);
    // A clock without samples is none.
    meter.step(5, 0, 0);
    await compute(50, 6);
    expect(meter.take('').leastMs).toBe(20);
    expect(meter.take('').leastMs).toBeUndefined();
  });

  it('can be named by what came out, and hands that on', async () => {
    const { meter, pass } = meterOf();
    const work = async () => {
      pass(30);
      return 'held back';
    };
    expect(await meter.time((result) => (result === 'held back' ? 'wait' : 'communicate'), work)).toBe('held back');
    expect(meter.take('')).toMatchObject({ waitMs: 30, communicateMs: 0 });
  });

  it('is the loss in buckets of clocks, summed', () => {
    const { meter } = meterOf(5);
    meter.step(4, 10, 20);
    meter.step(5, 1, 10);
    meter.step(9, 2, 10);
    expect(meter.take('')).toMatchObject({
      clock: 9,
      samples: 40,
      losses: [
        [0, 10, 20],
        [5, 3, 20],
      ],
    });
  });

  it('is told once, but for the clock and the samples so far', () => {
    const { meter } = meterOf();
    meter.step(0, 1, 10);
    meter.evaluated(0, 3, 100, 50);
    expect(meter.take('').evaluations).toEqual([[0, 3, 100, 50]]);
    meter.step(1, 1, 10);
    expect(meter.take('')).toMatchObject({ clock: 1, samples: 20, losses: [[0, 1, 10]], evaluations: [] });
  });

  it('fits a report, however long nobody asked', () => {
    const { meter } = meterOf(1);
    for (let clock = 0; clock < 5_000; clock++) {
      meter.step(clock, 1, 1);
      meter.evaluated(clock, 1, 1, 1);
    }
    const report = meter.take('wasm');
    expect(report).toMatchObject({ clock: 4_999, samples: 5_000 });
    send(report);
  });

  it('fits a report also where an evaluation is not a number: JSON has none', () => {
    const { meter } = meterOf();
    meter.step(0, 1, 1);
    meter.evaluated(0, Number.NaN, 100, 10);
    meter.evaluated(1, Number.POSITIVE_INFINITY, 100, 10);
    send(meter.take('wasm'));
  });
});
