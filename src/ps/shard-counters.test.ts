import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { MAX_COUNTED_DELAY, ShardCounters } from './shard-counters.ts';

const [A, B] = [nodeId(1), nodeId(2)];

describe('the counters of a shard', () => {
  it('start at nothing', () => {
    const figures = { applied: 0, duplicates: 0, refused: [], staleness: {}, workers: [] };
    expect(new ShardCounters().figures()).toEqual(figures);
  });

  it('count each gradient at its delay, and per worker', () => {
    const counters = new ShardCounters();
    for (const [worker, delay] of [
      [A, 0],
      [A, 3],
      [B, 3],
    ] as const)
      counters.applied(worker, delay);
    expect(counters.figures()).toMatchObject({
      applied: 3,
      staleness: { 0: 1, 3: 2 },
      workers: [
        { node: A, applied: 2, delaySum: 3 },
        { node: B, applied: 1, delaySum: 3 },
      ],
    });
  });

  it('bound the histogram, not the sum', () => {
    const counters = new ShardCounters();
    counters.applied(A, 1_000);
    expect(counters.figures().staleness).toEqual({ [MAX_COUNTED_DELAY]: 1 });
    expect(counters.figures().workers).toEqual([{ node: A, applied: 1, delaySum: 1_000 }]);
  });

  it('count refusals by sender and reason, and start again for another run', () => {
    const counters = new ShardCounters();
    counters.refused(A, 'bad-keys');
    counters.refused(B, 'bad-keys');
    counters.refused(B, 'bad-keys');
    counters.refused(B, 'no-frame');
    counters.duplicate();
    expect(counters.figures()).toMatchObject({
      refused: [
        { node: A, reason: 'bad-keys', count: 1 },
        { node: B, reason: 'bad-keys', count: 2 },
        { node: B, reason: 'no-frame', count: 1 },
      ],
      duplicates: 1,
    });
    counters.reset();
    expect(counters.figures()).toEqual(new ShardCounters().figures());
  });
});
