// Backup tasks: which workers are so far behind that another one, which would only wait for them, makes their gradients, too;
// the first to arrive counts. Dean & Ghemawat 2004, "MapReduce", section 3.6; for gradients Chen et al. 2016, "Revisiting
// distributed synchronous SGD". Pure: the scheduler asks, and tells everybody what comes out.
import type { ClusterState } from '../protocol/control.ts';
import type { NodeId, WorkerId } from '../protocol/ids.ts';
import { scheduleAt } from './consistency.ts';
import type { Pace } from './worker-paces.ts';

/** One worker's gradients are made by another, too. */
export interface Backup {
  readonly worker: NodeId;
  readonly helper: NodeId;
}

/** A worker surely slower than this share of the median pace gets a helper. */
const FAR_BEHIND = 0.5;
/** And keeps it until it is faster than this share: between the two nothing changes, so that helpers don't come and go. */
const CAUGHT_UP = 0.7;

/** @param paces of every worker there is, without what each waits for others; null before that is known */
export function nextBackups(current: readonly Backup[], paces: ReadonlyMap<NodeId, Pace | null>): readonly Backup[] {
  const known = [...paces].flatMap(([node, pace]) => (pace === null ? [] : [{ node, pace }]));
  const sorted = known.map(({ pace }) => pace.mean).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  // Of whom nothing is known yet, say because the scheduler is new, nothing has changed.
  const shareOf = (node: NodeId, unknown: number) => {
    const pace = paces.get(node);
    return pace == null ? unknown : pace.mean / median;
  };
  const isCaughtUp = (worker: NodeId) => shareOf(worker, 0) >= CAUGHT_UP;
  const isFit = (node: NodeId) => paces.has(node) && shareOf(node, 1) >= CAUGHT_UP;
  const kept = current.filter(({ worker, helper }) => paces.has(worker) && !isCaughtUp(worker) && isFit(helper));
  const named = new Set(kept.flatMap(({ worker, helper }) => [worker, helper]));
  const behind = known.filter(({ node, pace }) => !named.has(node) && pace.most < FAR_BEHIND * median);
  const helpers = known
    .filter(({ node }) => !named.has(node) && isFit(node))
    .sort((a, b) => b.pace.mean - a.pace.mean)
    .map(({ node }) => node);
  const added = behind
    .sort((a, b) => a.pace.mean - b.pace.mean)
    .flatMap(({ node: worker }, at) => (helpers[at] === undefined ? [] : [{ worker, helper: helpers[at] }]));
  return added.length === 0 && kept.length === current.length ? current : [...kept, ...added];
}

/**
 * Whose gradient this worker makes, too, while it waits for the others at `clock`: in BSP alone, for elsewhere nobody waits
 * at every clock. Null where there is nobody.
 */
export function whomToHelp(
  { plan, map, schedule, backups }: ClusterState,
  self: NodeId,
  clock: number,
): WorkerId | null {
  if (plan?.hasBackups !== true || scheduleAt(schedule, clock).consistency.kind !== 'bsp') return null;
  const worker = backups?.find(({ helper }) => helper === self)?.worker;
  return map.workers.find(({ node }) => node === worker) ?? null;
}
