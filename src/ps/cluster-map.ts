// The cluster map: who serves and who works, under one epoch. Everything else about ownership follows from it.
import { type Epoch, NO_EPOCH, type NodeId, type WorkerId } from '../protocol/ids.ts';

export interface ClusterMap {
  readonly epoch: Epoch;
  /** Number of the run that the shards hold parameters of; 0 before the first. */
  readonly run: number;
  /** Nodes that own segments, oldest first. */
  readonly servers: readonly NodeId[];
  /** The servers of the map before this one in the same run: where segments come from that move. Empty at a start. */
  readonly previousServers: readonly NodeId[];
  /** Active workers by rank: what BSP waits for, in the order in which it sums. */
  readonly workers: readonly WorkerId[];
}

export const EMPTY_MAP: ClusterMap = { epoch: NO_EPOCH, run: 0, servers: [], previousServers: [], workers: [] };

/** Position of a node among the workers, or −1. */
export const rankOf = (map: ClusterMap, node: NodeId): number =>
  map.workers.findIndex((worker) => worker.node === node);

/** Is this very incarnation an active worker? */
export const isActive = (map: ClusterMap, worker: WorkerId): boolean =>
  map.workers.some((active) => active.node === worker.node && active.incarnation === worker.incarnation);
