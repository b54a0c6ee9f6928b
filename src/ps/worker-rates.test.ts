import { describe, expect, it } from 'vitest';
import { WorkerRates } from './worker-rates.ts';

const span = (computeMs = 0, waitMs = 0) => ({ spanMs: 250, computeMs, waitMs, communicateMs: 0 });

describe('WorkerRates', () => {
  it('spreads what a round brings over all reports since the last one', () => {
    const rates = new WorkerRates();
    // Rounds of a second: 800 ms of computing are told when they are over, in the fourth report.
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 3; at++) rates.take(0, span(0, at === 0 ? 100 : 0));
      rates.take(1_024, span(800));
    }
    expect(rates.samplesPerSecond).toBeCloseTo(1_024);
    expect(rates.shares.compute).toBeCloseTo(0.8);
    expect(rates.shares.wait).toBeCloseTo(0.1);
  });

  it('shows the same rate all through a round, and a worker that stands still comes to a stop', () => {
    const rates = new WorkerRates();
    rates.take(500, span());
    expect(rates.samplesPerSecond).toBe(2_000);
    rates.take(0, span());
    expect(rates.samplesPerSecond).toBe(2_000);
    for (let report = 1; report < 40; report++) rates.take(0, span());
    expect(rates.samplesPerSecond).toBe(50);
  });
});
