import { describe, expect, it } from 'vitest';
import { canJudge, type MemorySample, memoryOf } from './memory.ts';

const tab = { name: 'worker 1', node: 1 };
/** A sample each 5 s, `bytesAt` its time. */
const samplesOf = (seconds: number, bytesAt: (second: number) => number): MemorySample[] =>
  Array.from({ length: seconds / 5 + 1 }, (_, at) => ({ atMs: at * 5_000, bytes: bytesAt(at * 5) }));

describe('memory of a tab', () => {
  it('is flat where only its first half grew', () => {
    const samples = samplesOf(600, (second) => Math.min(second, 300));
    expect(memoryOf(tab, samples, 300_000)).toMatchObject({ growth: 0, firstBytes: 0, lastBytes: 300 });
  });

  it('grows by what its last third is above its first', () => {
    // Thirds of 300..600 s have their medians at 350 and 550.
    const { growth } = memoryOf(
      tab,
      samplesOf(600, (second) => second),
      300_000,
    );
    expect(growth).toBeCloseTo(550 / 350 - 1, 1);
  });

  it('is not fooled by one sample in the midst of something', () => {
    expect(
      memoryOf(
        tab,
        samplesOf(600, (second) => (second === 600 ? 900 : 100)),
        300_000,
      ).growth,
    ).toBe(0);
  });

  it('is not even looked at in a soak too short to say anything', () => {
    expect(canJudge(30_000)).toBe(false);
    expect(canJudge(20 * 60_000)).toBe(true);
  });

  it('says nothing of a tab that came late', () => {
    expect(
      memoryOf(
        tab,
        samplesOf(100, () => 1),
        0,
      ).growth,
    ).toBeNull();
    expect(memoryOf(tab, [], 0).growth).toBeNull();
  });
});
