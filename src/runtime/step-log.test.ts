import { describe, expect, it } from 'vitest';
import { StepLog } from './step-log.ts';

describe('a step log', () => {
  it('keeps the newest steps with their times, however many there were', () => {
    let now = 0;
    const log = new StepLog(() => now);
    for (let clock = 0; clock < 20_000; clock++) {
      now = 10 * clock;
      log.done(clock);
    }
    expect(log.all.at(-1)).toEqual([19_999, 199_990]);
    expect(log.all.length).toBeGreaterThanOrEqual(4_096);
    expect(log.all.length).toBeLessThanOrEqual(8_192);
    log.all.forEach(([clock], index) => {
      expect(clock).toBe(19_999 - (log.all.length - 1 - index));
    });
  });
});
