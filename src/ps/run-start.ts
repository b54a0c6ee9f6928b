// What a request to start makes of a room: whether it can be met, and the cluster state that it begins with. Pure.
import type { ClusterState, Request, RunPlan } from '../protocol/control.ts';
import type { Filters } from '../protocol/filters.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Privacy } from '../protocol/privacy.ts';
import { leaseBlocks } from './cluster-state.ts';
import type { Consistency } from './consistency.ts';
import type { Denial } from './denial.ts';
import { lacksData, whyNotPrivately } from './privacy.ts';
import { chooseServers, mayWork, type RoleHolder } from './roles.ts';

type StartRequest = Request & { readonly ask: 'start' };

/** A robust rule compares the pushes of one clock: outside BSP each is applied on arrival, and nothing would be compared. */
export function whyUnfit(
  plan: Pick<RunPlan, 'aggregator' | 'reduce' | 'isWhole'> | null,
  consistency: Consistency,
): Denial | null {
  const compares = (plan?.aggregator?.kind ?? 'mean') !== 'mean';
  if (plan?.reduce === 'ring') {
    if (plan.isWhole !== true) return RING_NEEDS_DENSE;
    if (compares) return RING_HIDES;
    if (consistency.kind !== 'bsp') return RING_NEEDS_BSP;
  }
  return compares && consistency.kind !== 'bsp' ? NEEDS_BSP : null;
}

/** What goes round is added up on the way: it can be rounded no more, nor left out. */
export const whyNoFilters = (plan: Pick<RunPlan, 'reduce'> | null, filters: Filters | undefined): Denial | null =>
  plan?.reduce === 'ring' && (filters?.kind ?? 'off') !== 'off' ? RING_NEEDS_PLAIN : null;

/** Whoever makes another's gradient must have its data, and nobody may count it twice. */
export function whyNoBackups(
  plan: Pick<RunPlan, 'hasBackups' | 'aggregator' | 'reduce' | 'updater' | 'data'>,
): Denial | null {
  if (plan.hasBackups !== true) return null;
  if (plan.updater.kind === 'add') return BACKUPS_COUNT;
  if (plan.reduce === 'ring') return BACKUPS_NEED_SERVERS;
  if ((plan.aggregator?.kind ?? 'mean') !== 'mean') return BACKUPS_SPEAK_FOR_OTHERS;
  return plan.data.source.kind === 'private' ? BACKUPS_NEED_DATA : null;
}

const BACKUPS_COUNT: Denial = [
  'This job counts: what two tabs have counted of the same data can be told apart no more.',
  'Turn backup tasks off.',
];

const BACKUPS_NEED_SERVERS: Denial = [
  'Round a ring every tab adds its own gradient: no other can do it in its place.',
  'Turn backup tasks off, or reduce at the servers.',
];

const BACKUPS_SPEAK_FOR_OTHERS: Denial = [
  'With backup tasks one tab may speak for others, and an aggregator that trusts the most would believe it.',
  'Turn backup tasks off, or choose the mean as the aggregator.',
];

const BACKUPS_NEED_DATA: Denial = [
  'In a private run no tab has the data of another, so none can compute in its place.',
  'Turn backup tasks off.',
];

const RING_NEEDS_DENSE: Denial = [
  'Each tab changes only a few parameters of this job, or counts: there is nothing whole to add up round a ring.',
  'Reduce at the servers, or choose a job that changes all its parameters in every step.',
];

const RING_NEEDS_BSP: Denial = [
  'In this run gradients are added up round a ring, clock by clock.',
  'Choose BSP, or start a run that reduces at the servers.',
];

const RING_NEEDS_PLAIN: Denial = [
  'Gradients that are added up round a ring travel without filters.',
  'Turn the filters off, or start a run that reduces at the servers.',
];

const RING_HIDES: Denial = [
  'Round a ring gradients are added up before anyone could compare them.',
  'Choose the mean as the aggregator, or reduce at the servers.',
];

const NEEDS_BSP: Denial = [
  'This run compares the gradients of each clock.',
  'Choose BSP, or the mean as its aggregator.',
];

/** @param nodes of the room, oldest first */
export function whyNotStart(
  { plan, consistency, filters }: StartRequest,
  nodes: readonly RoleHolder[],
  privacy: Privacy,
): Denial | null {
  if (!nodes.some(mayWork)) return ['No tab may work.', 'Set the role of a tab to auto, worker or both.'];
  const workers = nodes.filter(mayWork).map(({ node }) => node);
  const unfit =
    whyUnfit(plan, consistency) ??
    whyNoFilters(plan, filters) ??
    whyNoBackups(plan) ??
    whyNotPrivately(plan, privacy, workers);
  if (unfit !== null) return unfit;
  if (chooseServers(nodes, [], plan.replicas).length > 0) return null;
  return ['No tab may serve.', 'Set the role of a tab to auto, server or both.'];
}

/** A new run, before its first map. @param plan the request's, with the number of the run */
export function beginning(
  plan: RunPlan,
  { consistency, learningRate, filters, localSteps, isStalenessAware }: StartRequest,
  from: NodeId,
  nodes: readonly RoleHolder[],
  privacy: Privacy,
): Partial<ClusterState> {
  const first = { fromClock: 0, consistency, learningRate, filters, localSteps, isStalenessAware };
  return {
    phase: 'preparing',
    lostIn: null,
    message: null,
    plan,
    schedule: plan.from?.schedule ?? [first],
    checkpoint: { cutAt: null, newest: null },
    clockLimit: plan.steps,
    backups: [],
    leases: leaseBlocks(
      plan,
      [],
      nodes.filter((known) => mayWork(known) && !lacksData({ plan, privacy }, known.node)),
      privacy,
    ),
    shutOut: [],
    holders: plan.data.source.kind === 'blocks' ? [from] : [],
  };
}
