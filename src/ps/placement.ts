// How the scheduler moves segments between servers, one safe step at a time: a newcomer fills up as a learner, joins the
// chain, and only then may become the owner. A pure function of what is and what is wanted.
import type { NodeId } from '../protocol/ids.ts';
import type { Placement } from './cluster-map.ts';

/** Where a segment of a new run starts: everyone in a chain makes the same first rows by itself. */
export const startPlacement = (chain: readonly NodeId[]): Placement => ({ chain, learners: [] });

/**
 * The next placement of one segment on its way to `wished`, or null when no copy is left.
 * The dead go at once: each member of a chain holds every acknowledged push. Everything else waits until the owner has
 * said that the step before is settled, so that the next owner can't lack what was acknowledged before it joined.
 * @param isSettled have all members and learners of `current` reached the version that the owner had when it was set?
 */
export function nextPlacement(
  current: Placement,
  wished: readonly NodeId[],
  isAlive: (node: NodeId) => boolean,
  isSettled: boolean,
): Placement | null {
  const wanted = wished.filter(isAlive);
  const chain = current.chain.filter(isAlive);
  if (chain.length === 0) return null;
  const learners = current.learners.filter((node) => isAlive(node) && wanted.includes(node));
  const isShrunk = chain.length < current.chain.length || learners.length < current.learners.length;
  const missing = wanted.filter((node) => !chain.includes(node) && !learners.includes(node));
  if (isShrunk || missing.length > 0) return { chain, learners: [...learners, ...missing] };
  if (!isSettled || wanted.length === 0) return current;
  return learners.length > 0 ? { chain: [...chain, ...learners], learners: [] } : { chain: wanted, learners: [] };
}

export const isSamePlacement = (a: Placement, b: Placement): boolean =>
  isSameList(a.chain, b.chain) && isSameList(a.learners, b.learners);

const isSameList = (a: readonly NodeId[], b: readonly NodeId[]): boolean =>
  a.length === b.length && a.every((node, index) => node === b[index]);
