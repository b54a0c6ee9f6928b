import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import { Random } from '../random.ts';
import { assignSegments, LOAD_FACTOR, ringPoints, segmentPosition, VIRTUAL_NODES } from './ring.ts';
import { cutSegments, SEGMENT_FLOATS, type SegmentRange } from './table.ts';
import { tableOf } from './testing.ts';

const nodes = (...ids: number[]) => ids.map(nodeId);
const serverSets = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 12 });
const tableSets = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 4 })
  .map((sizes) => cutSegments(sizes.map(([keys, width]) => tableOf(keys, width))));

/** 100 segments of one size. */
const even = cutSegments([tableOf(100 * SEGMENT_FLOATS)]);

const floatsOf = (ranges: readonly SegmentRange[]) => ranges.reduce((sum, { floats }) => sum + floats, 0);

/** Floats that each server owns. */
function loads(chains: readonly NodeId[][], ranges: readonly SegmentRange[]): Map<NodeId, number> {
  const sums = new Map<NodeId, number>();
  for (const [index, [node]] of chains.entries()) {
    if (node !== undefined) sums.set(node, (sums.get(node) ?? 0) + (ranges[index]?.floats ?? 0));
  }
  return sums;
}

/** The share of the floats whose owner differs. */
function movedShare(before: readonly NodeId[][], after: readonly NodeId[][], ranges: readonly SegmentRange[]): number {
  const moved = ranges.filter((_, index) => before[index]?.[0] !== after[index]?.[0]);
  return floatsOf(moved) / floatsOf(ranges);
}

describe('the points of the ring', () => {
  it('are as many for each server, in order, in [0, 1)', () => {
    const points = ringPoints(nodes(3, 1, 2));
    expect(points).toHaveLength(3 * VIRTUAL_NODES);
    expect(points.map(({ position }) => position)).toEqual(
      points.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    for (const { position } of points) expect(position >= 0 && position < 1).toBe(true);
  });

  it('of a server stay where they are, whoever else is there', () => {
    const own = (servers: NodeId[]) => ringPoints(servers).filter(({ node }) => node === 2);
    expect(own(nodes(1, 2, 3))).toEqual(own(nodes(2)));
  });

  it('are somewhere else for every segment', () => {
    expect(new Set(even.map(segmentPosition)).size).toBe(even.length);
  });
});

describe('the chains of the segments', () => {
  it('are of one owner and as many replicas as asked for and possible, nobody twice', () => {
    fc.assert(
      fc.property(serverSets, tableSets, fc.nat(3), (servers, ranges, replicas) => {
        const chains = assignSegments(nodes(...servers), ranges, replicas);
        expect(chains).toHaveLength(ranges.length);
        for (const chain of chains) {
          expect(chain).toHaveLength(Math.min(replicas + 1, servers.length));
          expect(new Set(chain).size).toBe(chain.length);
          expect(servers).toEqual(expect.arrayContaining(chain));
        }
      }),
    );
  });

  it('are empty without servers', () => {
    expect(assignSegments([], even.slice(0, 2), 1)).toEqual([[], []]);
  });

  it('depend on who serves, not on the order in which servers are named', () => {
    fc.assert(
      fc.property(serverSets, tableSets, fc.nat(2), fc.integer(), (servers, ranges, replicas, seed) => {
        const shuffled = servers.slice();
        new Random(seed).shuffle(shuffled);
        expect(assignSegments(nodes(...shuffled), ranges, replicas)).toEqual(
          assignSegments(nodes(...servers), ranges, replicas),
        );
      }),
    );
  });

  it('are the same on every node: golden owners', () => {
    const small = even.slice(0, 8);
    expect(assignSegments(nodes(1, 2, 3), small, 1).map((chain) => chain.join())).toEqual([
      '1,3',
      '2,1',
      '2,3',
      '1,2',
      '1,2',
      '2,1',
      '3,1',
      '3,2',
    ]);
  });

  it('have the same owners with replicas as without', () => {
    fc.assert(
      fc.property(serverSets, tableSets, (servers, ranges) => {
        const owners = (replicas: number) =>
          assignSegments(nodes(...servers), ranges, replicas).map(([owner]) => owner);
        expect(owners(2)).toEqual(owners(0));
      }),
    );
  });

  it('load no owner over the bound, but by one segment that fits nowhere', () => {
    fc.assert(
      fc.property(serverSets, tableSets, fc.nat(2), (servers, ranges, replicas) => {
        const chains = assignSegments(nodes(...servers), ranges, replicas);
        const bound = (LOAD_FACTOR * floatsOf(ranges)) / servers.length;
        const largest = Math.max(...ranges.map(({ floats }) => floats));
        for (const load of loads(chains, ranges).values()) expect(load).toBeLessThanOrEqual(bound + largest);
      }),
    );
  });

  it('load no server over the bound where segments are small', () => {
    for (let servers = 1; servers <= 10; servers++) {
      const chains = assignSegments(nodes(...Array.from({ length: servers }, (_, at) => at + 1)), even, 0);
      const bound = (LOAD_FACTOR * floatsOf(even)) / servers;
      for (const load of loads(chains, even).values()) expect(load).toBeLessThanOrEqual(bound);
    }
  });
});

describe('a change of servers', () => {
  /** Mean and worst share that moves when one server joins `count` others, over many sets of servers. */
  function sharesMoved(count: number): { mean: number; worst: number } {
    const random = new Random(5);
    const shares = Array.from({ length: 60 }, () => {
      const ids = Array.from({ length: 64 }, (_, at) => at + 1);
      random.shuffle(ids);
      const before = assignSegments(nodes(...ids.slice(0, count)), even, 0);
      const after = assignSegments(nodes(...ids.slice(0, count + 1)), even, 0);
      return movedShare(before, after, even);
    });
    return { mean: shares.reduce((sum, share) => sum + share, 0) / shares.length, worst: Math.max(...shares) };
  }

  // A newcomer's share is 1/(n+1); the bound on loads adds some moves between the others.
  it.each([1, 2, 3, 5, 8])('of %i by one moves about a fair share, in both directions', (count) => {
    const { mean, worst } = sharesMoved(count);
    const fair = 1 / (count + 1);
    expect(mean).toBeGreaterThan(0.7 * fair);
    expect(mean).toBeLessThan(1.8 * fair);
    expect(worst).toBeLessThan(fair + 0.25);
  });

  it('leaves nothing with who is gone, and gives the newcomer something', () => {
    fc.assert(
      fc.property(serverSets, fc.integer({ min: 65, max: 99 }), (servers, newcomer) => {
        const after = assignSegments(nodes(...servers, newcomer), even, 0);
        expect(after.flat()).toContain(newcomer);
        expect(assignSegments(nodes(...servers), even, 0).flat()).not.toContain(newcomer);
      }),
    );
  });
});
