// What must hold in every history, checked while it happens and at its end. A violation names the invariant by its number
// in the list of the documentation.
import type { ClusterState } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_EARLY_BYTES, MAX_PARKED_PULLS, MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import type { Segment } from '../ps/segment.ts';
import type { ShardLoad } from '../ps/shard-core.ts';

export interface Violation {
  /** 0 where a core threw. */
  readonly invariant: number;
  readonly text: string;
}

/** 2: one map for each epoch, whoever tells it, so that no segment has two owners in one. */
export class MapLedger {
  private readonly maps = new Map<string, string>();

  check({ map }: ClusterState): Violation | null {
    const name = `${map.epoch.term}.${map.epoch.counter}`;
    const text = JSON.stringify(map);
    const known = this.maps.get(name);
    this.maps.set(name, known ?? text);
    return known === undefined || known === text ? null : { invariant: 2, text: `two maps of epoch ${name}` };
  }
}

/** 4: copies that are at the same version of the same history have identical bytes. */
export function checkReplicas(copies: readonly { readonly node: NodeId; readonly segment: Segment }[]): Violation[] {
  const seen = new Map<string, { node: NodeId; segment: Segment }>();
  const violations: Violation[] = [];
  for (const { node, segment } of copies) {
    const { table, segment: index } = segment.range;
    const name = `${table}.${index} version ${segment.version} of ${segment.stamp.term}.${segment.stamp.counter}`;
    const other = seen.get(name);
    if (other === undefined) seen.set(name, { node, segment });
    else if (!sameState(other.segment, segment)) {
      violations.push({ invariant: 4, text: `${name} differs between nodes ${other.node} and ${node}` });
    }
  }
  return violations;
}

/** How much waits at a worker's client: clocks with pushes that are not acknowledged, pulls, and requests of those. */
export interface ClientLoad {
  readonly clocks: number;
  readonly pulls: number;
  readonly requests: number;
  /** Of what goes round a ring, at most one of each kind is kept for each segment. */
  readonly ring: number;
}

/** A worker trains on one pull while the next is under way. */
const MAX_PULLS = 2;

/** 7: queues and what remembers duplicates stay under their named bounds. Everything is of one node. */
export function checkMemory(node: NodeId, shard: ShardLoad, client: ClientLoad | null, segments: number): Violation[] {
  const bounds: readonly (readonly [string, number, number])[] = [
    ['bytes kept early for one sender', shard.earlyBytes, MAX_EARLY_BYTES],
    ['pulls of one node parked on a segment', shard.parkedPulls, MAX_PARKED_PULLS],
    ['pushes of one worker that wait for others', shard.pendingPushes, MAX_UNACKED_CLOCKS],
    ['pushes of one worker that wait for replicas', shard.unacknowledged, MAX_UNACKED_CLOCKS],
    ['clocks not acknowledged', client?.clocks ?? 0, MAX_UNACKED_CLOCKS],
    ['pulls under way', client?.pulls ?? 0, MAX_PULLS],
    ['requests under way', client?.requests ?? 0, MAX_PULLS * segments],
    ['of one kind kept of a ring', client?.ring ?? 0, segments],
  ];
  return bounds.flatMap(([what, size, bound]) =>
    size <= bound ? [] : [{ invariant: 7, text: `node ${node}: ${size} ${what}; at most ${bound}` }],
  );
}

function sameState(a: Segment, b: Segment): boolean {
  const [first, second] = [a.state(), b.state()];
  return (
    sameFloats(first.values, second.values) &&
    sameFloats(first.scalars, second.scalars) &&
    first.slots.every((slot, index) => sameFloats(slot, second.slots[index] ?? new Float32Array(0)))
  );
}

const sameFloats = (a: Float32Array | Float64Array, b: Float32Array | Float64Array): boolean =>
  a.length === b.length && a.every((value, at) => Object.is(value, b[at]));
