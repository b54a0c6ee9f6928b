import { describe, expect, it } from 'vitest';
import { type NodeId, nodeId } from '../../protocol/ids.ts';
import { type LinkSpeeds, type Sites, sitesOf } from './sites.ts';

const [A, B, C, D] = [nodeId(1), nodeId(2), nodeId(3), nodeId(4)];

/** Bytes per millisecond by pair, "1-2": both ways; the others nobody has measured. */
const rates = (known: Readonly<Record<string, number>>) => (a: NodeId, b: NodeId) =>
  known[`${Math.min(a, b)}-${Math.max(a, b)}`] ?? null;

/** 8 bits: a fourth of a million bytes each way, once a second. */
const sites = (
  known: Readonly<Record<string, number>>,
  { before = [], ...change }: Partial<LinkSpeeds> & { before?: Sites } = {},
) =>
  sitesOf(
    {
      ...{ nodes: [A, B, C, D], rate: rates(known) },
      ...{ plainBytes: 1e6, codedBytes: 0.25e6, everyMs: 1_000, ...change },
    },
    before,
  );

const PHONE = { '1-4': 300, '2-4': 300, '3-4': 500 };

describe('sites', () => {
  it('are the tabs whose links carry plain values faster than the slowest link carries coded ones', () => {
    expect(sites({ ...PHONE, '1-2': 20_000, '1-3': 9_000, '2-3': 15_000 })).toEqual([[A, B, C]]);
  });

  it('are several, where the slow link is between two houses', () => {
    const between = { '1-3': 400, '1-4': 350, '2-3': 300, '2-4': 500 };
    expect(sites({ ...between, '1-2': 9_000, '3-4': 9_000 })).toEqual([
      [A, B],
      [C, D],
    ]);
  });

  it('have none that is slow to any of the others', () => {
    expect(sites({ ...PHONE, '1-2': 20_000, '1-3': 20_000, '2-3': 1_000 })).toEqual([[A, B]]);
  });

  it('hold what has never had to wait', () => {
    expect(sites(PHONE)).toEqual([[A, B, C]]);
  });

  it('do not exist where no link is slow for what it carries, whatever the others are', () => {
    expect(sites({ '1-2': 3_000, '1-3': 60_000, '2-3': 60_000 })).toEqual([]);
    expect(sites({})).toEqual([]);
  });

  it('stay for as long as plain values take no longer than the slowest link takes', () => {
    // 300 bytes/ms of coded values are as good as 1,200 of plain ones.
    const around = (rate: number, before: Sites) =>
      sites({ ...PHONE, '1-2': rate, '1-3': 500, '2-3': 500 }, { before });
    expect(around(2_500, [])).toEqual([[A, B]]);
    expect(around(1_300, [])).toEqual([]);
    expect(around(1_300, [[A, B]])).toEqual([[A, B]]);
    expect(around(1_100, [[A, B]])).toEqual([]);
  });
});
