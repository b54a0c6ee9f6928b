// The cluster map: who serves which segment and who works, under one epoch.
import { type Epoch, NO_EPOCH, type NodeId, type WorkerId } from '../protocol/ids.ts';

/** Where one segment is. Updates flow down the chain, then to the learners in order. */
export interface Placement {
  /** The owner, then its replicas: a push is acknowledged when all of them have applied it. */
  readonly chain: readonly NodeId[];
  /** Nodes that are filling up to join the chain. */
  readonly learners: readonly NodeId[];
}

export interface ClusterMap {
  readonly epoch: Epoch;
  /** Number of the run that the shards hold parameters of; 0 before the first. */
  readonly run: number;
  /** Nodes that may own segments, oldest first. */
  readonly servers: readonly NodeId[];
  /** One for each segment, in the order of `cutSegments`. */
  readonly placements: readonly Placement[];
  /** Active workers by rank: what BSP waits for, in the order in which it sums. */
  readonly workers: readonly WorkerId[];
}

export const EMPTY_MAP: ClusterMap = { epoch: NO_EPOCH, run: 0, servers: [], placements: [], workers: [] };

/** Position of a node among the workers, or −1. */
export const rankOf = (map: ClusterMap, node: NodeId): number =>
  map.workers.findIndex((worker) => worker.node === node);

/** Is this very incarnation an active worker? */
export const isActive = (map: ClusterMap, worker: WorkerId): boolean =>
  map.workers.some((active) => active.node === worker.node && active.incarnation === worker.incarnation);

/** Does the node hold a segment, or fill up with one? */
export const isServing = (map: ClusterMap, node: NodeId): boolean =>
  map.placements.some(({ chain, learners }) => chain.includes(node) || learners.includes(node));

/** The newest of those that the map counts on, and of its scheduler. */
export const newestNode = ({ servers, workers }: ClusterMap, scheduler: NodeId): NodeId =>
  [...servers, ...workers.map(({ node }) => node)].reduce((newest, node) => (node > newest ? node : newest), scheduler);
