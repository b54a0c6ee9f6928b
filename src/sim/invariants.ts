// What must hold in every history, checked while it happens and at its end. A violation names the invariant by its number
// in the list of the documentation.
import type { ClusterState } from '../protocol/control.ts';
import { type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import type { Segment } from '../ps/segment.ts';
import { receiptsOf, SLOTS } from './counting-job.ts';

export interface Violation {
  /** 0 where a core threw. */
  readonly invariant: number;
  readonly text: string;
}

/** The pushes of a run, and what the shards said of them. */
export class PushLedger {
  private readonly slots = new Map<string, number>();
  private readonly incarnations = new Map<NodeId, number>();
  /** `slot × segments + segment` of acknowledged pushes. */
  private readonly acknowledged = new Set<number>();
  private next = SLOTS;

  constructor(
    private readonly segments: number,
    private readonly steps: number,
  ) {}

  /**
   * The slot of a push. A node's first life has fixed ones, so that runs with and without faults agree; later lives
   * take them from the end.
   */
  slotOf({ node, incarnation }: WorkerId, clock: number): number {
    const name = `${node} ${incarnation} ${clock}`;
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const first = this.incarnations.get(node) ?? incarnation;
    this.incarnations.set(node, first);
    const slot = first === incarnation ? node * this.steps + clock : --this.next;
    if (slot >= SLOTS || slot < 0) throw new Error(`more pushes than ${SLOTS} slots: use fewer steps or nodes`);
    this.slots.set(name, slot);
    return slot;
  }

  acknowledge(worker: WorkerId, clock: number, segment: number): void {
    this.acknowledged.add(this.slotOf(worker, clock) * this.segments + segment);
  }

  get acknowledgedCount(): number {
    return this.acknowledged.size;
  }

  /** 1: every acknowledged push is in exactly once, every other at most once. */
  check(owners: ReadonlyMap<number, Segment>): Violation[] {
    const violations: Violation[] = [];
    for (let segment = 0; segment < this.segments; segment++) {
      const values = owners.get(segmentKey(0, segment))?.state().values;
      if (values === undefined) {
        violations.push({ invariant: 1, text: `segment ${segment} has no owner at the end` });
        continue;
      }
      for (const [name, slot] of this.slots) {
        const times = receiptsOf(values, slot);
        const least = this.acknowledged.has(slot * this.segments + segment) ? 1 : 0;
        if (!(times >= least && times <= 1)) {
          const text = `push ${name} (acknowledged: ${least === 1}) is in segment ${segment} ${times} times`;
          violations.push({ invariant: 1, text });
        }
      }
    }
    return violations;
  }
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
