import { describe, expect, it } from 'vitest';
import { fitting } from './fitting.ts';

describe('who chooses', () => {
  it('the ring gets BSP, no filters and the mean', () => {
    expect(fitting({ reduce: 'ring' })).toEqual({
      reduce: 'ring',
      consistency: { kind: 'bsp' },
      filters: { kind: 'off' },
      aggregator: { kind: 'mean' },
      hasBackups: false,
    });
  });

  it('the servers keeps everything else', () => {
    expect(fitting({ reduce: 'server' })).toEqual({ reduce: 'server' });
  });

  it('a rule that compares gradients gets BSP, and leaves the ring', () => {
    const aggregator = { kind: 'median' } as const;
    expect(fitting({ aggregator })).toEqual({
      ...{ aggregator, consistency: { kind: 'bsp' }, reduce: 'server', hasBackups: false },
    });
  });

  it('backup tasks gets BSP, the servers and the mean', () => {
    expect(fitting({ hasBackups: true })).toEqual({
      ...{ hasBackups: true, consistency: { kind: 'bsp' }, reduce: 'server', aggregator: { kind: 'mean' } },
    });
    expect(fitting({ hasBackups: false })).toEqual({ hasBackups: false });
  });

  it.each([{ kind: 'async' }, { kind: 'ssp', delay: 4 }] as const)(
    '%o leaves the ring and such rules',
    (consistency) => {
      expect(fitting({ consistency })).toEqual({
        ...{ consistency, aggregator: { kind: 'mean' }, reduce: 'server', hasBackups: false },
      });
    },
  );

  it('filters leaves the ring', () => {
    expect(fitting({ filters: { kind: 'auto' } })).toEqual({ filters: { kind: 'auto' }, reduce: 'server' });
  });

  it.each([
    { consistency: { kind: 'bsp' } },
    { filters: { kind: 'off' } },
    { aggregator: { kind: 'mean' } },
    { steps: 9 },
  ] as const)('%o changes nothing else', (change) => {
    expect(fitting(change)).toEqual(change);
  });
});
