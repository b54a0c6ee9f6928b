// Rooms in which data stay in their tabs: who offers what, who may be given which blocks, who takes which share. Pure.
import type { ClusterState, Request, RunPlan } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_OFFERS_CHARS } from '../protocol/limits.ts';
import type { Offer, Privacy } from '../protocol/privacy.ts';
import type { Denial } from './denial.ts';

export const isPrivateRun = (plan: RunPlan | null): boolean => plan?.data.source.kind === 'private';

export const offerOf = ({ offers }: Privacy, node: NodeId): Offer | null =>
  offers.find((offer) => offer.node === node) ?? null;

/** Does the run need data of this node's own, and has it none? Then it is given no work. */
export const lacksData = ({ plan, privacy }: Pick<ClusterState, 'plan' | 'privacy'>, node: NodeId): boolean =>
  isPrivateRun(plan) && (offerOf(privacy, node)?.train.samples ?? 0) === 0;

/** The room after a request that concerns its privacy, or why not. */
export function changePrivacy(
  { privacy, map, plan }: ClusterState,
  isActive: boolean,
  from: NodeId,
  request: Request & { readonly ask: 'privacy' | 'offer' },
): Privacy | Denial {
  if (request.ask === 'privacy') {
    if (isActive) return ['Whether data stay in their tabs is chosen before a run.', 'Stop it first.'];
    return { ...privacy, isPrivate: request.isPrivate };
  }
  const isWorking = isActive && isPrivateRun(plan) && map.workers.some(({ node }) => node === from);
  if (isWorking) return ['This tab trains on the files that it had at the start.', 'Stop the run to change them.'];
  const others = privacy.offers.filter(({ node }) => node !== from);
  if (request.offer === null) return { ...privacy, offers: others };
  const size = others.reduce((sum, { shape }) => sum + shape.length, request.offer.shape.length);
  if (size > MAX_OFFERS_CHARS) {
    return ['The names of columns and classes are too many for this room.', 'Ignore columns of many categories.'];
  }
  return { ...privacy, offers: [...others, { ...request.offer, node: from }].sort((a, b) => a.node - b.node) };
}

/** A private room starts no run in which data would travel, and a private run needs data somewhere. */
export function whyNotPrivately(
  plan: Pick<RunPlan, 'data'>,
  privacy: Privacy,
  workers: readonly NodeId[],
): Denial | null {
  const { kind } = plan.data.source;
  if (kind === 'blocks' && privacy.isPrivate) {
    return ['In this room data stay in their tabs.', 'Start with “Data stay in each tab”, or untick that.'];
  }
  if (kind !== 'private' || workers.some((node) => (offerOf(privacy, node)?.train.samples ?? 0) > 0)) return null;
  return ['No tab that may work has data of its own.', 'Drop files in at least one tab.'];
}

/** Each worker has its own blocks, all of them, and nobody else's. Numbers are its own too. */
export const leaseOwnBlocks = (privacy: Privacy, workers: readonly NodeId[]): ClusterState['leases'] =>
  workers.map((worker) => {
    const blocks = offerOf(privacy, worker)?.train.blocks ?? 0;
    return { worker, runs: blocks === 0 ? [] : [[0, blocks, 1]] };
  });

/** Share of a step between one clock and the next: multiples of it are spread evenly over [0, 1). */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Samples of `clock`'s batch that the worker at `rank` takes, where workers take by what they have: over the clocks a
 * share comes to batch × own / all, and the shares of each clock to the batch. With a batch of 64 and one sample in a
 * thousand, that is one sample every 16 clocks.
 */
export function weightedShare(batch: number, weights: readonly number[], rank: number, clock: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0 || rank >= weights.length) return 0;
  const offset = (clock * GOLDEN) % 1;
  const before = weights.slice(0, rank).reduce((sum, weight) => sum + weight, 0);
  const bound = (weight: number) => (weight === total ? batch : Math.floor((weight / total) * batch + offset));
  return bound(before + (weights[rank] ?? 0)) - (before === 0 ? 0 : bound(before));
}
