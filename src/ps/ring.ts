// Consistent hashing with virtual nodes and bounded loads: from the servers to the owner of every segment. A pure
// function, so that every node that has the map knows every owner. (Karger et al. 1997; Mirrokni et al. 2018 for the
// bound: no server gets more than LOAD_FACTOR times its share, at the price of a few more moves.)
import { type NodeId, segmentKey } from '../protocol/ids.ts';
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

/** Owner of every segment by `segmentKey`. Empty where there are no servers. */
export type Ownership = ReadonlyMap<number, NodeId>;

/** Walks clockwise from each segment, larger ones first, to the first server that has room. */
export function assignSegments(servers: readonly NodeId[], segments: readonly SegmentRange[]): Ownership {
  const owners = new Map<number, NodeId>();
  if (servers.length === 0) return owners;
  const points = ringPoints(servers);
  const total = segments.reduce((sum, { floats }) => sum + floats, 0);
  const room = new Map(servers.map((node) => [node, (LOAD_FACTOR * total) / servers.length]));
  const bySize = [...segments].sort((a, b) => b.floats - a.floats || a.table - b.table || a.segment - b.segment);
  for (const range of bySize) {
    const owner = firstWithRoom(points, segmentPosition(range), room, range.floats);
    room.set(owner, (room.get(owner) ?? 0) - range.floats);
    owners.set(segmentKey(range.table, range.segment), owner);
  }
  return owners;
}

function firstWithRoom(
  points: readonly RingPoint[],
  position: number,
  room: Map<NodeId, number>,
  floats: number,
): NodeId {
  const start = points.findIndex((point) => point.position >= position);
  const from = Math.max(start, 0);
  let roomiest = points[from]?.node;
  for (let step = 0; step < points.length; step++) {
    const node = points[(from + step) % points.length]?.node;
    if (node === undefined) break;
    if ((room.get(node) ?? 0) >= floats) return node;
    if (roomiest === undefined || (room.get(node) ?? 0) > (room.get(roomiest) ?? 0)) roomiest = node;
  }
  if (roomiest === undefined) throw new RangeError('A ring without servers owns nothing.');
  return roomiest;
}
