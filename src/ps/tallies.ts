// What each node has done in a run, kept when it is gone: a dead tab's work is done all the same. Handed on to the next
// scheduler with the metrics.
import type { Metrics, Report, Tally } from '../protocol/control.ts';
import { NO_NODE, type NodeId } from '../protocol/ids.ts';
import { MAX_ROOM_NODES } from '../protocol/limits.ts';

type Done = Omit<Tally, 'node' | 'applied'>;

export class Tallies {
  /** In the order in which nodes were first heard of. */
  private readonly done = new Map<NodeId, Done>();
  /** Pushes by worker, in what each node owns now. */
  private readonly owned = new Map<NodeId, readonly { readonly node: NodeId; readonly count: number }[]>();

  /** @param known what an earlier scheduler had heard */
  constructor(known: readonly Tally[] = []) {
    for (const { node, samples, acknowledged, abandoned, duplicates } of known) {
      this.done.set(node, { samples, acknowledged, abandoned, duplicates });
    }
  }

  /** A node's counts only grow, whatever of its report is missing: it may serve, or work, no more. */
  take(from: NodeId, { worker, acknowledged, abandoned, shard }: Report): void {
    const known = this.done.get(from) ?? NOTHING;
    this.done.set(from, {
      samples: Math.max(known.samples, worker?.samples ?? 0),
      acknowledged: Math.max(known.acknowledged, acknowledged),
      abandoned: Math.max(known.abandoned, abandoned),
      duplicates: Math.max(known.duplicates, shard?.duplicates ?? 0),
    });
    this.owned.set(from, shard?.pushes ?? []);
  }

  /** The node has gone: what it owned is another's. */
  forget(node: NodeId): void {
    this.owned.delete(node);
  }

  samplesOf(node: NodeId): number {
    return this.done.get(node)?.samples ?? 0;
  }

  get samples(): number {
    let sum = 0;
    for (const { samples } of this.done.values()) sum += samples;
    return sum;
  }

  sums(): Pick<Metrics, 'applied' | 'acknowledged' | 'duplicates'> {
    const sums = { applied: 0, acknowledged: 0, duplicates: 0 };
    for (const { acknowledged, duplicates } of this.done.values()) {
      sums.acknowledged += acknowledged;
      sums.duplicates += duplicates;
    }
    for (const count of this.applied().values()) sums.applied += count;
    return sums;
  }

  /** At most a room's worth of nodes, the newest; the others as one. */
  list(): Tally[] {
    const applied = this.applied();
    const nodes = new Set([...this.done.keys(), ...applied.keys()]);
    const all = [...nodes].map((node) => ({
      node,
      ...(this.done.get(node) ?? NOTHING),
      applied: applied.get(node) ?? 0,
    }));
    if (all.length <= MAX_ROOM_NODES) return all;
    const newest = all.filter(({ node }) => node !== NO_NODE).slice(-MAX_ROOM_NODES);
    const named = new Set(newest.map(({ node }) => node));
    return [
      all.filter(({ node }) => !named.has(node)).reduce(add, { node: NO_NODE, ...NOTHING, applied: 0 }),
      ...newest,
    ];
  }

  private applied(): Map<NodeId, number> {
    const sums = new Map<NodeId, number>();
    for (const pushes of this.owned.values()) {
      for (const { node, count } of pushes) sums.set(node, (sums.get(node) ?? 0) + count);
    }
    return sums;
  }
}

const NOTHING: Done = { samples: 0, acknowledged: 0, abandoned: 0, duplicates: 0 };

const add = (sum: Tally, part: Tally): Tally => ({
  node: sum.node,
  samples: sum.samples + part.samples,
  acknowledged: sum.acknowledged + part.acknowledged,
  abandoned: sum.abandoned + part.abandoned,
  duplicates: sum.duplicates + part.duplicates,
  applied: sum.applied + part.applied,
});
