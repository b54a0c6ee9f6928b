import { describe, expect, it } from 'vitest';
import { nodeId } from '../../protocol/ids.ts';
import { nearLinksOf } from './near-links.ts';

/** Bytes per millisecond by link, the smaller node first; of the others nobody knows. */
type Rates = Readonly<Record<string, number>>;

interface Room {
  readonly workers?: readonly number[];
  readonly servers?: readonly number[];
  readonly before?: Readonly<Record<number, readonly number[]>>;
  readonly everyMs?: number;
}

/** "1: 3 4" for a worker with its near servers. Exchanges of 8-bit values: a fourth of a million bytes each way. */
function near(rates: Rates, { workers = [1, 2], servers = [3, 4], before = {}, everyMs = 1_000 }: Room = {}): string[] {
  const found = nearLinksOf(
    {
      ...{ workers: workers.map(nodeId), servers: servers.map(nodeId), everyMs },
      ...{ plainBytes: 1e6, codedBytes: 0.25e6 },
      rate: (a, b) => rates[`${Math.min(a, b)}-${Math.max(a, b)}`] ?? null,
    },
    Object.entries(before).map(([worker, of]) => ({ worker: nodeId(Number(worker)), servers: of.map(nodeId) })),
  );
  return found.map(({ worker, servers }) => `${worker}: ${servers.join(' ')}`);
}

describe('near links', () => {
  it('carry plain values twice as fast as the slowest link carries coded ones', () => {
    // 300 bytes/ms of coded values are as good as 1,200 of plain ones.
    expect(near({ '1-3': 20_000, '1-4': 300, '2-3': 2_401, '2-4': 2_399 })).toEqual(['1: 3', '2: 3']);
  });

  it.each([1, 2, 3, 4])('are all but those of one slow tab, whichever it is: %i', (slow) => {
    const pairs = [1, 2, 3, 4].flatMap((a) => [1, 2, 3, 4].filter((b) => b > a).map((b) => [a, b]));
    const rates = Object.fromEntries(pairs.map((pair) => [pair.join('-'), pair.includes(slow) ? 300 : 20_000]));
    const everybody = { workers: [1, 2, 3, 4], servers: [1, 2, 3, 4] };
    const others = [1, 2, 3, 4].filter((node) => node !== slow);
    expect(near(rates, everybody)).toEqual(
      others.map((node) => `${node}: ${others.filter((other) => other !== node).join(' ')}`),
    );
  });

  it('are links between workers and servers: how fast others are says nothing', () => {
    const links = { '1-3': 20_000, '1-4': 20_000, '2-3': 20_000, '2-4': 500 };
    expect(near({ ...links, '1-2': 10, '3-4': 10 })).toEqual(['1: 3 4', '2: 3']);
  });

  it('are none of which nobody knows', () => {
    expect(near({ '1-3': 20_000, '2-4': 300 })).toEqual(['1: 3']);
  });

  it('stay what they were while nobody knows how slow the others are, but for tabs that have gone', () => {
    const before = { 1: [3, 5], 2: [3] };
    expect(near({ '1-3': 20_000, '2-3': 18_000 }, { before })).toEqual(['1: 3', '2: 3']);
    expect(near({}, { before })).toEqual(['1: 3', '2: 3']);
    const all = { '1-3': 20_000, '1-4': 20_000, '2-3': 18_000, '2-4': 18_000 };
    expect(near(all, { before })).toEqual([]);
  });

  it('do not exist where no link is slow for what it carries, whatever the others are', () => {
    const rates = { '1-3': 2_600, '1-4': 60_000, '2-3': 60_000, '2-4': 2_700 };
    expect(near(rates)).toEqual([]);
    expect(near(rates, { everyMs: 900 })).toEqual(['1: 4', '2: 3']);
    // Those that there are stay until it takes still less.
    expect(near(rates, { before: { 1: [4] } })).toEqual(['1: 4', '2: 3']);
    expect(near(rates, { before: { 1: [4] }, everyMs: 4_000 })).toEqual([]);
    expect(near({})).toEqual([]);
  });

  it('stay for as long as plain values take no longer than the slowest link takes', () => {
    const around = (rate: number, before = {}) => near({ '1-3': rate, '1-4': 300 }, { workers: [1], before });
    expect(around(1_300)).toEqual([]);
    expect(around(1_300, { 1: [3] })).toEqual(['1: 3']);
    expect(around(1_100, { 1: [3] })).toEqual([]);
  });
});
