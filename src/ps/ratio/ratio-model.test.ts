import { describe, expect, test } from 'vitest';
import type { Ratio } from '../../protocol/ratio.ts';
import { type Basis, fixedPart, predictClockMs, predictRate, ratiosOf } from './ratio-model.ts';

/** Four tabs, each on a machine of its own, unless said: all train, one serves; 10 ms of computation, no serving time. */
const basisOf = (change: Partial<Basis> = {}, figures: Partial<Basis['figures']> = {}): Basis => ({
  ratio: { workers: 4, servers: 1 },
  figures: {
    ...{ clockMs: 40, computeMs: 10, bytes: 1e6, serveMs: 0, roundTripMs: 0, ...figures },
    leastMs: figures.leastMs ?? figures.computeMs ?? 10,
  },
  machines: [1, 2, 3, 4].map((id) => ({ id: String(id), cores: 4 })),
  overlaps: false,
  replicas: 0,
  samples: 100,
  fixedMs: 0,
  ...change,
});

const ONE_MACHINE = [1, 2, 3, 4].map(() => ({ id: 'one', cores: 2 }));

const clock = (basis: Basis, workers: number, servers: number): number => predictClockMs(basis, { workers, servers });

describe('closed forms', () => {
  test.each<Ratio>([
    { workers: 4, servers: 1 },
    { workers: 3, servers: 2 },
    { workers: 2, servers: 4 },
  ])('what was measured is what is predicted for it: $workers + $servers', (ratio) => {
    expect(predictClockMs(basisOf({ ratio }), ratio)).toBeCloseTo(40);
    expect(predictRate(basisOf({ ratio }), ratio)).toBeCloseTo(2_500);
    expect(predictClockMs(basisOf({ ratio, machines: ONE_MACHINE }), ratio)).toBeCloseTo(40);
    expect(predictClockMs(basisOf({ ratio, overlaps: true }), ratio)).toBeCloseTo(40);
  });

  test('the busiest server’s bytes are shared out: it has those of 3 remote workers and its own', () => {
    // One server: 3 half bytes, none of its own on a link. Four: 3/4 as a server, 3/4 as a worker.
    expect(clock(basisOf(), 4, 4)).toBeCloseTo(10 + 30 * (1.5 / 3));
    // Two that only serve, two workers: one whole half byte at each end; a worker computes twice as many samples.
    expect(clock(basisOf(), 2, 2)).toBeCloseTo(20 + 30 * (1 / 3));
  });

  test('serving is shared out among the servers’ threads', () => {
    // 30 ms of exchange are 60 of the server's two threads; 24 of them serve, and 36 move 1.5 MB.
    const basis = basisOf({}, { serveMs: 24 });
    expect(clock(basis, 4, 2)).toBeCloseTo(10 + (12 + 36 * ((1.5 + 0.5) / 3)) / 2);
  });

  test('on one machine nothing gets faster by more workers: they share its cores', () => {
    const basis = basisOf({ machines: ONE_MACHINE, ratio: { workers: 4, servers: 4 } }, { bytes: 0, clockMs: 10 });
    // 10 ms measured with two on each core are 5 alone; half of the workers compute twice as long, alone.
    expect(clock(basis, 2, 4)).toBeCloseTo(10);
    expect(clock(basis, 4, 4)).toBeCloseTo(10);
  });

  test('what a gradient costs however few its samples is not shared out', () => {
    const basis = basisOf({ fixedMs: 4 }, { clockMs: 10, bytes: 0 });
    expect(clock(basis, 4, 1)).toBeCloseTo(10);
    expect(clock(basis, 1, 4)).toBeCloseTo(4 + 4 * 6);
    // No more than all of it can be fixed.
    expect(clock(basisOf({ fixedMs: 99 }, { clockMs: 10, bytes: 0 }), 1, 4)).toBeCloseTo(10);
  });

  test('that part is where the line through gradients of different shares meets none', () => {
    const of = (workers: number, computeMs: number, change: Partial<Basis> = {}) =>
      basisOf({ ratio: { workers, servers: 1 }, ...change }, { computeMs });
    expect(fixedPart([of(4, 7), of(2, 9), of(1, 13)])).toBeCloseTo(5);
    // Four on two cores: half of what was measured is what it takes alone.
    expect(fixedPart([of(4, 14, { machines: ONE_MACHINE }), of(1, 13, { machines: ONE_MACHINE })])).toBeCloseTo(5);
    // One number of workers says nothing; fewer samples don't cost more; no time is below none.
    expect(fixedPart([])).toBe(0);
    expect(fixedPart([of(4, 7), of(4, 9)])).toBe(0);
    expect(fixedPart([of(4, 9), of(1, 7)])).toBe(8);
    expect(fixedPart([of(4, 1), of(1, 9)])).toBe(0);
  });

  test('links take their part of a core, too: the quickest gradient is what one takes alone', () => {
    const basis = basisOf({ machines: ONE_MACHINE, ratio: { workers: 4, servers: 4 } }, { leastMs: 3, clockMs: 40 });
    // 34 ms of exchange are 3 MB through the machine; one worker beside three servers moves 1 MB.
    expect(clock(basis, 4, 4)).toBeCloseTo(40);
    expect(clock(basis, 1, 3)).toBeCloseTo(12 + 34 / 3);
  });

  test('where clocks overlap, the longer of computing and exchanging counts', () => {
    const basis = basisOf({ overlaps: true }, { clockMs: 30 });
    expect(clock(basis, 4, 4)).toBeCloseTo(30 * (1.5 / 3));
    expect(clock(basisOf({ overlaps: true }, { clockMs: 12, computeMs: 10 }), 4, 4)).toBeCloseTo(10);
    // Hidden behind computing, a byte costs what it usually does: 1 µs is not what one takes here.
    expect(clock(basisOf({ overlaps: true }, { clockMs: 10, computeMs: 10, bytes: 1e5 }), 1, 4)).toBeCloseTo(40);
  });

  test('copies of the parameters are bytes, too', () => {
    const without = basisOf({ ratio: { workers: 4, servers: 2 } });
    const basis = basisOf({ ratio: { workers: 4, servers: 2 }, replicas: 1 });
    // With one server there can be no copy: what the copies took is gone.
    expect(clock(basis, 4, 1)).toBeLessThan(clock(without, 4, 1));
  });
});

test('a chart has both kinds of every number of servers', () => {
  expect(ratiosOf(3)).toEqual([
    { workers: 2, servers: 1 },
    { workers: 3, servers: 1 },
    { workers: 1, servers: 2 },
    { workers: 3, servers: 2 },
    { workers: 3, servers: 3 },
  ]);
});
