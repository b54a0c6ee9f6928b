// Who pushed what, and what the shards said of it. A short run has a slot for every push; in a long one pushes share
// slots, and what is compared is how many there are in each.
import { type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import type { Segment } from '../ps/segment.ts';
import { receiptsOf, SLOTS } from './counting-job.ts';
import type { Violation } from './invariants.ts';

export interface PushLedger {
  /** The slot of the receipts that a push leaves. */
  slotOf(worker: WorkerId, clock: number): number;
  /** A shard has acknowledged the push in a segment. */
  acknowledge(worker: WorkerId, clock: number, segment: number): void;
  /** Pushes acknowledged so far, counted in every segment. */
  readonly acknowledgedCount: number;
  /**
   * 1: every acknowledged push is in exactly once, every other at most once.
   * @param isMean pushes are in as the mean of all of a clock: a receipt is the share of one that it had in it
   */
  check(owners: ReadonlyMap<number, Segment>, isMean?: boolean): Violation[];
}

/** More pushes than slots can come of it, with everybody who may join. */
const isLong = (steps: number, nodes: number): boolean => 3 * steps * nodes > SLOTS;

export function createLedger(segments: number, steps: number, nodes: number): PushLedger {
  return isLong(steps, nodes) ? new SharedSlots(segments) : new OwnSlots(segments, steps, 2 * nodes);
}

/** Reads the receipts of every segment from its owner. */
function checkSegments(
  segments: number,
  owners: ReadonlyMap<number, Segment>,
  checkOne: (segment: number, values: Float32Array) => Violation[],
): Violation[] {
  return Array.from({ length: segments }, (_, segment) => {
    const values = owners.get(segmentKey(0, segment))?.state().values;
    return values === undefined
      ? [{ invariant: 1, text: `segment ${segment} has no owner at the end` }]
      : checkOne(segment, values);
  }).flat();
}

class OwnSlots implements PushLedger {
  private readonly slots = new Map<string, number>();
  private readonly incarnations = new Map<NodeId, number>();
  /** `slot × segments + segment` of acknowledged pushes. */
  private readonly acknowledged = new Set<number>();
  private next = SLOTS;

  constructor(
    private readonly segments: number,
    private readonly steps: number,
    private readonly lastFixed: number,
  ) {}

  /**
   * A node's first life has fixed ones, so that runs with and without faults agree; later lives take them from the end, and
   * so do nodes whom a signaling server that had restarted gave a number far above.
   */
  slotOf({ node, incarnation }: WorkerId, clock: number): number {
    const name = `${node} ${incarnation} ${clock}`;
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const first = this.incarnations.get(node) ?? incarnation;
    this.incarnations.set(node, first);
    const isFixed = first === incarnation && node <= this.lastFixed;
    const slot = isFixed ? node * this.steps + clock : --this.next;
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

  check(owners: ReadonlyMap<number, Segment>, isMean = false): Violation[] {
    return checkSegments(this.segments, owners, (segment, values) =>
      [...this.slots].flatMap(([name, slot]) => {
        const receipts = receiptsOf(values, slot);
        const times = isMean ? Math.ceil(receipts) : receipts;
        const least = this.acknowledged.has(slot * this.segments + segment) ? 1 : 0;
        if (times >= least && times <= 1) return [];
        const text = `push ${name} (acknowledged: ${least === 1}) is in segment ${segment} ${times} times`;
        return [{ invariant: 1, text }];
      }),
    );
  }
}

/** Bounded however long the run: counts per slot, and the newest clock of each worker. */
class SharedSlots implements PushLedger {
  /** Pushes made of each slot, and of each slot and segment those acknowledged. */
  private readonly made = new Float64Array(SLOTS);
  private readonly acknowledged: Float64Array;
  /** Newest clock made by each worker, and the newest acknowledged to it in each segment: both come in order. */
  private readonly madeClocks = new Map<string, number>();
  private readonly acknowledgedClocks = new Map<string, number>();
  private count = 0;

  constructor(private readonly segments: number) {
    this.acknowledged = new Float64Array(SLOTS * segments);
  }

  slotOf({ node, incarnation }: WorkerId, clock: number): number {
    const slot = (node * 1_009 + incarnation * 3_001 + clock) % SLOTS;
    if (isLater(this.madeClocks, `${node} ${incarnation}`, clock)) this.made[slot] = (this.made[slot] ?? 0) + 1;
    return slot;
  }

  acknowledge(worker: WorkerId, clock: number, segment: number): void {
    const slot = this.slotOf(worker, clock);
    if (!isLater(this.acknowledgedClocks, `${worker.node} ${worker.incarnation} ${segment}`, clock)) return;
    const at = slot * this.segments + segment;
    this.acknowledged[at] = (this.acknowledged[at] ?? 0) + 1;
    this.count++;
  }

  get acknowledgedCount(): number {
    return this.count;
  }

  check(owners: ReadonlyMap<number, Segment>, isMean = false): Violation[] {
    return checkSegments(this.segments, owners, (segment, values) =>
      [...this.made].flatMap((most, slot) => {
        const receipts = receiptsOf(values, slot);
        const times = isMean ? Math.ceil(receipts) : receipts;
        const least = this.acknowledged[slot * this.segments + segment] ?? 0;
        if (times >= least && times <= most) return [];
        const text = `${times} pushes in slot ${slot} of segment ${segment}: ${least} acknowledged, ${most} made`;
        return [{ invariant: 1, text }];
      }),
    );
  }
}

/** Notes a clock that is newer than what was known. */
function isLater(clocks: Map<string, number>, name: string, clock: number): boolean {
  if (clock <= (clocks.get(name) ?? -1)) return false;
  clocks.set(name, clock);
  return true;
}
