import { describe, expect, it } from 'vitest';
import type { PlannedFault } from '../cluster/fault-plan.ts';
import { type PastFault, spansOf } from './fault-spans.ts';

const past = (fault: object, fromMs: number, endMs = fromMs): PastFault => ({
  fault: { text: 'x', atStep: 1, ...fault } as PlannedFault,
  fromMs,
  endMs,
});

const times = (...args: Parameters<typeof spansOf>) => spansOf(...args).map(({ fromMs, toMs }) => [fromMs, toMs]);

describe('what a fault may cost', () => {
  it('a kill: until its silence is noticed, and a map is made', () => {
    expect(times([past({ kind: 'kill', role: 'worker' }, 1_000)], [])).toEqual([[1_000, 10_000]]);
  });

  it('a long pause: until it is given up, and again when it is back', () => {
    expect(times([past({ kind: 'pause', seconds: 20 }, 0, 20_000)], [])).toEqual([
      [0, 9_000],
      [20_000, 23_000],
    ]);
  });

  it('a short pause: itself', () => {
    expect(times([past({ kind: 'pause', seconds: 2 }, 0, 2_000)], [])[0]).toEqual([0, 5_000]);
  });

  it('a cut: until one of the two is spared its part', () => {
    expect(times([past({ kind: 'cut' }, 0)], [])).toEqual([[0, 8_000]]);
  });

  it('signaling costs nothing by itself, but nobody is given up while it is away', () => {
    const outage = { fromMs: 5_000, toMs: 9_000 };
    expect(times([past({ kind: 'stop-signaling' }, 5_000)], [outage])).toEqual([]);
    expect(times([past({ kind: 'cut' }, 0)], [outage])).toEqual([[0, 17_000]]);
    expect(times([past({ kind: 'cut' }, 20_000)], [outage])).toEqual([[20_000, 28_000]]);
  });
});
