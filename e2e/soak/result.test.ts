import { describe, expect, it } from 'vitest';
import { compareScores, complaintsOf, type SoakResult } from './result.ts';

const good: SoakResult = {
  ...{ seed: 1, minutes: 20, replay: '', steps: 100, samples: 6_400, lossFirst: 2, lossLast: 0.1 },
  ...{ acknowledgedPushes: 12, appliedPushes: 12, duplicatesIgnored: 0, faults: [], stalls: [] },
  accuracy: { clock: 99, calm: 0.95, soak: 0.946, last: 0.95 },
  pushes: [{ node: 1, isGone: false, acknowledged: 12, abandoned: 0, applied: 12 }],
  memory: [{ name: 'worker 1', node: 1, firstBytes: 1, lastBytes: 1, growth: 0.09, curve: [] }],
};

const complaints = (change: Partial<SoakResult>) => complaintsOf({ ...good, ...change }).length;
const pushes = (acknowledged: number, applied: number, isGone = false, abandoned = 0) => [
  { node: 1, isGone, acknowledged, abandoned, applied },
];

describe('a soak', () => {
  it('is good where accuracy, memory, stalls and pushes are as they must be', () => {
    expect(complaints({})).toBe(0);
    expect(complaints({ stalls: [{ fromMs: 0, ms: 5_000, faults: ['kill-server'], unexplainedMs: 1_900 }] })).toBe(0);
  });

  it('is not where one of them is not', () => {
    expect(complaints({ accuracy: { clock: 99, calm: 0.95, soak: 0.944, last: 0.95 } })).toBe(1);
    expect(complaints({ accuracy: { clock: 99, calm: 0.9095000000000001, soak: 0.9045, last: 0.95 } })).toBe(0);
    expect(complaints({ memory: [{ name: 'a', node: 1, firstBytes: 1, lastBytes: 1, growth: 0.11, curve: [] }] })).toBe(
      1,
    );
    expect(complaints({ stalls: [{ fromMs: 0, ms: 5_000, faults: ['kill-server'], unexplainedMs: 2_100 }] })).toBe(1);
    expect(complaints({ pushes: pushes(12, 11) })).toBe(1);
    expect(complaints({ pushes: pushes(12, 13) })).toBe(1);
  });

  it('lets who died have more applied than it heard, never less', () => {
    expect(complaints({ pushes: pushes(12, 13, true) })).toBe(0);
    expect(complaints({ pushes: pushes(13, 12, true) })).toBe(1);
  });

  it('lets who was taken for gone have as many more applied as it gave up on', () => {
    expect(complaints({ pushes: pushes(12, 16, false, 4) })).toBe(0);
    expect(complaints({ pushes: pushes(12, 17, false, 4) })).toBe(1);
    expect(complaints({ pushes: pushes(12, 11, false, 4) })).toBe(1);
  });

  it('compares scores at the last clock that both runs reached', () => {
    const calm = { step: [10, 20], value: [0.5, 0.9] };
    const soak = { step: [10, 20, 30], value: [0.4, 0.8, 0.95] };
    expect(compareScores(calm, soak)?.clock).toBe(20);
    expect(compareScores(calm, soak)?.soak).toBeCloseTo(0.6);
    expect(compareScores({ step: [], value: [] }, soak)).toBeNull();
  });
});
