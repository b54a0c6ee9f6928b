import { describe, expect, it } from 'vitest';
import { type FaultSpan, StepTimes } from './stalls.ts';

const span = (text: string, fromMs: number, toMs: number): FaultSpan => ({ text, fromMs, toMs });

describe('stalls', () => {
  it('are gaps over two seconds in the steps of all workers together', () => {
    const times = new StepTimes();
    times.add(1, [
      [0, 1_000],
      [1, 5_000],
    ]);
    times.add(2, [
      [0, 1_100],
      [1, 2_900],
    ]);
    expect(times.stalls(0, 6_000, [])).toEqual([{ fromMs: 2_900, ms: 2_100, faults: [], unexplainedMs: 2_100 }]);
  });

  it('name the faults that they overlap, and no others', () => {
    const times = new StepTimes();
    times.add(1, [
      [0, 1_000],
      [1, 4_000],
    ]);
    const spans = [span('before', 0, 900), span('within', 1_500, 1_600), span('into it', 3_900, 9_000)];
    expect(times.stalls(0, 5_000, spans)).toMatchObject([{ faults: ['within', 'into it'], unexplainedMs: 2_800 }]);
  });

  it('may be at the very end', () => {
    const times = new StepTimes();
    times.add(1, [[0, 1_000]]);
    expect(times.stalls(0, 4_000, [])).toEqual([{ fromMs: 1_000, ms: 3_000, faults: [], unexplainedMs: 3_000 }]);
  });

  it('are found though a log is drained again and again', () => {
    const times = new StepTimes();
    times.add(1, [[0, 1_000]]);
    times.add(1, [
      [0, 1_000],
      [1, 3_500],
    ]);
    expect(times.stalls(0, 4_000, [])).toHaveLength(1);
  });
});
