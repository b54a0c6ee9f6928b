// The cluster state by itself: what a room is before its first run, and what can be told from a state alone. Pure.
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { NO_EPOCH, type NodeId, type WorkerId } from '../protocol/ids.ts';
import { OPEN_ROOM, type Privacy } from '../protocol/privacy.ts';
import { expandRuns, rebalance, toRuns } from './leases.ts';
import { isSamePlacement } from './placement.ts';
import { isPrivateRun, leaseOwnBlocks } from './privacy.ts';

type ClusterMap = ClusterState['map'];

const EMPTY_MAP_STATE: ClusterMap = { epoch: NO_EPOCH, run: 0, servers: [], placements: [], workers: [] };

/** What a room is before its first run. */
export function emptyCluster(scheduler: NodeId, term: number): ClusterState {
  return {
    kind: 'cluster',
    term,
    revision: 0,
    scheduler,
    phase: 'idle',
    lostIn: null,
    message: null,
    map: EMPTY_MAP_STATE,
    plan: null,
    schedule: [],
    clockLimit: 0,
    leases: [],
    holders: [],
    shutOut: [],
    sidelined: [],
    privacy: OPEN_ROOM,
    checkpoint: { cutAt: null, newest: null },
  };
}

/** Is a run going on, or about to? */
export const isActive = ({ phase }: ClusterState): boolean =>
  ['preparing', 'running', 'paused', 'finishing'].includes(phase);

export const workerNodes = ({ map }: ClusterState): NodeId[] => map.workers.map(({ node }) => node);

/** The same nodes in the same order, whatever else is known of them. */
export function sameNodes(
  a: readonly (NodeId | { node: NodeId })[],
  b: readonly (NodeId | { node: NodeId })[],
): boolean {
  const idOf = (item: NodeId | { node: NodeId } | undefined) => (typeof item === 'object' ? item.node : item);
  return a.length === b.length && a.every((item, index) => idOf(item) === idOf(b[index]));
}

/** Does the map say the same of servers, workers and segments? */
export function isSameMap(map: ClusterMap, change: Pick<ClusterMap, 'servers' | 'workers' | 'placements'>): boolean {
  return (
    sameNodes(change.servers, map.servers) &&
    sameNodes(change.workers, map.workers) &&
    change.placements.every((placement, index) => {
      const other = map.placements[index];
      return other !== undefined && isSamePlacement(placement, other);
    })
  );
}

export const isSameLeases = (a: ClusterState['leases'], b: ClusterState['leases']): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Workers that are there keep their incarnation; newcomers get the counter of the epoch that admits them. */
export function admit(map: ClusterMap, nodes: readonly { readonly node: NodeId }[]): WorkerId[] {
  const incarnation = map.epoch.counter + 1;
  return nodes.map(({ node }) => map.workers.find((worker) => worker.node === node) ?? { node, incarnation });
}

/** Shares the training blocks out over the candidates; churn moves as few as it can. */
export function leaseBlocks(
  plan: RunPlan,
  previous: ClusterState['leases'],
  candidates: readonly { readonly node: NodeId }[],
  privacy: Privacy = OPEN_ROOM,
): ClusterState['leases'] {
  if (isPrivateRun(plan)) {
    return leaseOwnBlocks(
      privacy,
      candidates.map(({ node }) => node),
    );
  }
  const { blocks, blockSamples, samples } = plan.data.train;
  const sizes = Array.from({ length: blocks }, (_, block) => Math.min(blockSamples, samples - block * blockSamples));
  const before = new Map(previous.map(({ worker, runs }) => [worker, expandRuns(runs, blocks)]));
  const after = rebalance(
    before,
    sizes,
    candidates.map(({ node }) => node),
  );
  return candidates.map(({ node }) => ({ worker: node, runs: toRuns(after.get(node) ?? []) }));
}
