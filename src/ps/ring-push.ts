// A push of several workers, as workers and owners see it: how it grows by one, what can be wrong with it, and the single
// pushes that it stands for.

import type { Round } from '../protocol/frame-fields.ts';
import type { Push, Refusal } from '../protocol/frames.ts';
import type { NodeId, WorkerId } from '../protocol/ids.ts';
import type { RingPart, RingPush } from '../protocol/ring-frames.ts';
import { type ClusterMap, isActive } from './cluster-map.ts';
import { isAllFinite } from './finite.ts';
import { createUpdater } from './updaters/create-updater.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

/** What both ends must know of a run to judge a push of several. */
export interface RingRule {
  /** How a segment's updater wants gradients made one: the mean weighted by samples, or the sum. */
  readonly combine: 'mean' | 'sum';
  /** Most samples of one worker at one clock. */
  readonly batch: number;
  /** Clocks of the run. */
  readonly steps: number;
}

/** The rule of a run whose gradients go round; undefined where each goes to the servers by itself. */
export function ringRuleOf(plan: {
  readonly reduce?: 'server' | 'ring' | undefined;
  readonly updater: UpdaterSpec;
  readonly batch: number;
  readonly steps: number;
}): RingRule | undefined {
  const { reduce, updater, batch, steps } = plan;
  return reduce === 'ring' ? { combine: createUpdater(updater).aggregate, batch, steps } : undefined;
}

/** One worker's own gradient of a segment. */
export interface OwnPart extends RingPart, Round {
  readonly clock: number;
  /** The whole segment, or nothing where there are no samples. */
  readonly values: Float32Array;
}

/** A push that waits at its owner; `group` names everybody whose gradient came with it. */
export interface CollectedPush extends Push {
  readonly group?: readonly WorkerId[];
}

const NO_VALUES = new Float32Array(0);

/**
 * Adds one worker's part to what has come round. The array of the sum is used again: whoever sent it has its own.
 * @returns null where the result holds what is no number: then nobody should pass it on
 */
export function addPart(sum: RingPush, own: OwnPart, combine: RingRule['combine']): RingPush | null {
  const { worker, settled, samples } = own;
  const parts = [...sum.parts, { worker, settled, samples }];
  if (samples === 0 || own.values.length === 0) return { ...sum, parts };
  if (sum.values.length === 0) return isAllFinite(own.values) ? { ...sum, parts, values: own.values } : null;
  const before = samplesOf(sum);
  const [old, added] = combine === 'sum' ? [1, 1] : [before / (before + samples), samples / (before + samples)];
  return mix(sum.values, own.values, old, added) ? { ...sum, parts } : null;
}

/** `into` = old · into + added · values. @returns whether all of it is finite */
function mix(into: Float32Array, values: Float32Array, old: number, added: number): boolean {
  // 0 for every number, NaN for the others, and NaN stays: every value comes by here, without a branch.
  let check = 0;
  for (let at = 0; at < into.length; at++) {
    const value = (into[at] as number) * old + (values[at] as number) * added;
    into[at] = value;
    check += value * 0;
  }
  return check === 0;
}

/** The clocks of a push and what its rows are; two of different rounds have no sum. */
export const roundOf = ({ covers, isDrift }: Round): Round => ({
  ...(covers === undefined ? {} : { covers }),
  ...(isDrift ? { isDrift } : {}),
});

export const isSameRound = (a: Round, b: Round): boolean =>
  (a.covers ?? 1) === (b.covers ?? 1) && (a.isDrift ?? false) === (b.isDrift ?? false);

const samplesOf = ({ parts }: RingPush): number => parts.reduce((sum, { samples }) => sum + samples, 0);

/** What is wrong with a push of several that acts under this very map, but for its values being numbers. */
export function flawOfRingPush(push: RingPush, map: ClusterMap, { batch, steps }: RingRule, floats: number): Refusal {
  const { clock, covers = 1, parts, values } = push;
  if (clock < 0 || clock >= steps || covers > clock + 1 || parts.some(({ settled }) => settled > clock))
    return 'bad-clock';
  if (!parts.every(({ worker }) => isActive(map, worker))) return 'not-a-worker';
  if (new Set(parts.map(({ worker }) => worker.node)).size < parts.length) return 'not-a-worker';
  if (parts.some(({ samples }) => samples > batch * covers)) return 'bad-samples';
  return values.length === (samplesOf(push) === 0 ? 0 : floats) ? 'none' : 'bad-keys';
}

/** The pushes that it stands for. The first brings the gradient and the samples of all of them, the others only identities. */
export function pushesOf(push: RingPush): CollectedPush[] {
  const { epoch, table, segment, clock, parts } = push;
  const round = roundOf(push);
  const group = parts.map(({ worker }) => worker);
  const samples = samplesOf(push);
  return parts.map(({ worker, settled }, index) => ({
    kind: 'push',
    ...{ epoch, table, segment, worker, clock, ...round, settled, group, keys: null },
    // It has seen all clocks before: outside BSP nobody sums on the way.
    readFront: clock - (round.covers ?? 1),
    samples: index === 0 ? samples : 0,
    values: index === 0 ? push.values : NO_VALUES,
  }));
}

/** Where one worker stands in a segment's ring. */
export interface RingPlace {
  /** The segment's owner: what has gone all the way round goes to it. */
  readonly owner: NodeId;
  /** Whom this worker hears from, and whom it passes on to. */
  readonly previous: NodeId;
  readonly next: NodeId;
  /** Begins the sum. */
  readonly isFirst: boolean;
  /** Ends the sum, hands it to the owner, and fetches the answer for all. */
  readonly isLast: boolean;
  /** Its next has the answer already: it fetched it. */
  readonly isLastToHear: boolean;
}

/**
 * A worker's place in the ring of the segment at `index` of the placements: workers by rank, turned so that the last one sits
 * in the owner's tab, or so that segments of servers that don't work begin at different workers (Patarasuk & Yuan 2009, section 3).
 * @returns null where there is no ring: nobody owns the segment, the worker isn't active, or it is alone
 */
export function placeIn(map: ClusterMap, index: number, self: WorkerId): RingPlace | null {
  const owner = map.placements[index]?.chain[0];
  const nodes = map.workers.map(({ node }) => node);
  const count = nodes.length;
  if (owner === undefined || count < 2 || !isActive(map, self)) return null;
  const last = nodes.includes(owner) ? nodes.indexOf(owner) : index % count;
  const rank = nodes.indexOf(self.node);
  const at = (rank - last - 1 + 2 * count) % count;
  const [previous, next] = [nodes[(rank - 1 + count) % count], nodes[(rank + 1) % count]];
  if (previous === undefined || next === undefined) return null;
  return { owner, previous, next, isFirst: at === 0, isLast: at === count - 1, isLastToHear: at === count - 2 };
}
