import { describe, expect, it } from 'vitest';
import type { Report } from '../protocol/control.ts';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import { MAX_ROOM_NODES } from '../protocol/limits.ts';
import { Tallies } from './tallies.ts';
import { reportOf, workerReportOf } from './testing.ts';

const [A, B, C] = [nodeId(1), nodeId(2), nodeId(3)];

const shardOf = (pushes: readonly [NodeId, number][], duplicates = 0): Report['shard'] => ({
  duplicates,
  pushes: pushes.map(([node, count]) => ({ node, count })),
  refused: [],
  staleness: {},
  workers: [],
});

const workingOf = (acknowledged: number, samples = 0): Report =>
  reportOf({ acknowledged, worker: workerReportOf({ samples }) });

describe('what nodes have done', () => {
  it('stays when they go', () => {
    const tallies = new Tallies();
    tallies.take(A, workingOf(8, 80));
    tallies.take(B, reportOf({ shard: shardOf([[A, 8]], 2) }));
    tallies.forget(A);
    tallies.forget(B);
    // C has all of B's segments now, and with them their history.
    tallies.take(C, reportOf({ shard: shardOf([[A, 8]], 1) }));
    expect(tallies.sums()).toEqual({ applied: 8, acknowledged: 8, duplicates: 3 });
    expect(tallies.samples).toBe(80);
  });

  it('does not fall when they stop working, serving, or counting: a pause is no loss', () => {
    const tallies = new Tallies();
    tallies.take(A, { ...workingOf(8, 80), shard: shardOf([], 3) });
    tallies.take(A, reportOf());
    expect(tallies.list()).toEqual([
      { node: A, samples: 80, acknowledged: 8, abandoned: 0, duplicates: 3, applied: 0 },
    ]);
  });

  it('is known to the next scheduler, which counts nothing twice', () => {
    const tallies = new Tallies();
    tallies.take(A, workingOf(8, 80));
    tallies.take(B, workingOf(4, 40));
    const next = new Tallies(tallies.list());
    next.take(B, workingOf(6, 60));
    expect(next.sums().acknowledged).toBe(14);
    expect(next.samples).toBe(140);
  });

  it('shows what was lost: acknowledged, and in no history', () => {
    const tallies = new Tallies();
    tallies.take(A, { ...workingOf(8), shard: shardOf([[A, 7]]) });
    expect(tallies.list()).toMatchObject([{ node: A, acknowledged: 8, applied: 7 }]);
  });

  it('is listed for the newest, and of the others together', () => {
    const tallies = new Tallies();
    for (let node = 1; node <= MAX_ROOM_NODES + 3; node++) tallies.take(nodeId(node), workingOf(2, 20));
    const list = tallies.list();
    expect(list).toHaveLength(MAX_ROOM_NODES + 1);
    expect(list[0]).toEqual({ node: 0, samples: 60, acknowledged: 6, abandoned: 0, duplicates: 0, applied: 0 });
    const next = new Tallies(list);
    next.take(nodeId(MAX_ROOM_NODES + 4), workingOf(2, 20));
    expect(next.samples).toBe(tallies.samples + 20);
    expect(next.list()[0]).toMatchObject({ node: 0, samples: 80 });
  });
});
