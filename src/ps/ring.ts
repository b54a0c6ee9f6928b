// Consistent hashing with virtual nodes and bounded loads: from the servers to the owner of every segment. A pure
// function, so that every node that has the map knows every owner. (Karger et al. 1997; Mirrokni et al. 2018 for the
// bound: no server gets more than LOAD_FACTOR times its share, at the price of a few more moves.)
import type { NodeId } from '../protocol/ids.ts';
import { hash32, hashUnit } from '../random.ts';
import type { SegmentRange } from './table.ts';

/** Points of one server on the ring: enough that arcs are even within a few per cent, few enough to draw. */
export const VIRTUAL_NODES = 32;

/** A server's load may be this many times the mean: 1 would move everything at each change, ∞ balances nothing. */
export const LOAD_FACTOR = 1.15;

const RING_SEED = 0x50757368;
const SEGMENT_SEED = 0x70756c6c;

export interface RingPoint {
  /** In [0, 1), clockwise. */
  readonly position: number;
  readonly node: NodeId;
}

/** Every virtual node, by position. */
export function ringPoints(servers: readonly NodeId[]): RingPoint[] {
  const points = servers.flatMap((node) =>
    Array.from({ length: VIRTUAL_NODES }, (_, index) => ({ position: hashUnit(RING_SEED, node, index), node })),
  );
  return points.sort((a, b) => a.position - b.position || a.node - b.node);
}

/** Where a segment lies on the ring, in [0, 1). */
export const segmentPosition = ({ table, segment }: SegmentRange): number =>
  hash32(SEGMENT_SEED, table, segment) / 2 ** 32;

/**
 * The chain of every segment, in the order given: its owner and `replicas` more servers, fewer where there are fewer.
 * Walks clockwise from each segment, larger ones first, past servers that have no room for it. Empty chains where there
 * are no servers.
 */
export function assignSegments(
  servers: readonly NodeId[],
  segments: readonly SegmentRange[],
  replicas: number,
): NodeId[][] {
  const points = ringPoints(servers);
  const chains: NodeId[][] = segments.map(() => []);
  const total = segments.reduce((sum, { floats }) => sum + floats, 0);
  const copies = Math.min(replicas + 1, servers.length);
  const bySize = segments.map((range, index) => ({ range, index }));
  bySize.sort((a, b) => b.range.floats - a.range.floats || a.index - b.index);
  for (let copy = 0; copy < copies; copy++) {
    const room = new Map(servers.map((node) => [node, (LOAD_FACTOR * total) / servers.length]));
    for (const { range, index } of bySize) {
      const chain = chains[index] ?? [];
      const node = firstWithRoom(points, segmentPosition(range), room, range.floats, chain);
      room.set(node, (room.get(node) ?? 0) - range.floats);
      chain.push(node);
    }
  }
  return chains;
}

/** The next server clockwise that isn't in the chain yet and has room; where none has, the one with the most. */
function firstWithRoom(
  points: readonly RingPoint[],
  position: number,
  room: ReadonlyMap<NodeId, number>,
  floats: number,
  taken: readonly NodeId[],
): NodeId {
  const from = Math.max(
    0,
    points.findIndex((point) => point.position >= position),
  );
  let most = Number.NEGATIVE_INFINITY;
  for (const [node, left] of room) if (left > most && !taken.includes(node)) most = left;
  const least = Math.min(floats, most);
  for (let step = 0; step < points.length; step++) {
    const node = points[(from + step) % points.length]?.node;
    if (node !== undefined && !taken.includes(node) && (room.get(node) ?? 0) >= least) return node;
  }
  throw new RangeError('A chain cannot have more members than there are servers.');
}
