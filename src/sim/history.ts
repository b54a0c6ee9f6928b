// What a history is made of, what an onlooker sees of it while it unfolds, and what came of it.
import type { CheckpointPolicy, ClusterState, RoleChoice } from '../protocol/control.ts';
import type { Filters } from '../protocol/filters.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Consistency } from '../ps/consistency.ts';
import type { FaultKind } from './faults.ts';
import type { Violation } from './invariants.ts';
import type { NetworkSettings } from './network.ts';
import type { SimCheckpoint } from './sim-checkpoints.ts';
import type { SimNode } from './sim-node.ts';

export interface SimulationConfig {
  readonly seed: number;
  readonly workers: number;
  readonly servers: number;
  readonly replicas: number;
  readonly consistency: Consistency;
  readonly steps: number;
  readonly faults: readonly FaultKind[];
  readonly faultCount: number;
  /** Segments of the receipts table: fewer are faster. */
  readonly segments?: number;
  /** Tabs at the start that work and serve, besides those that do only one of them. */
  readonly both?: number;
  /** About how long a gradient takes; a few milliseconds unless said. */
  readonly computeMs?: number;
  readonly network?: NetworkSettings;
  /** Only what keeps small whole numbers as they are: receipts are counted. */
  readonly filters?: Filters;
  /** Hears of every message that crosses the network; control messages are then measured as the JSON that they are. */
  readonly onSend?: (from: NodeId, to: NodeId, lane: string, bytes: number) => void;
  /** Looks on, many times a step, and may act. */
  readonly observe?: (observation: Observation) => void;
  readonly checkpoint?: CheckpointPolicy;
  /** Gradients are added up round a ring. */
  readonly reduce?: 'ring';
  /** Workers take several batches between two exchanges, how many is drawn from the seed: pushes are drifts. */
  readonly drifts?: boolean;
  /** Gradients of workers that are far behind are also made by idle ones. */
  readonly backups?: boolean;
  /** Somebody stops the run in its midst, at a time drawn from the seed. */
  readonly stops?: boolean;
  /** Goes on from what an earlier history kept. */
  readonly from?: SimCheckpoint;
  /** Receives every line of the trace, when wanted. */
  readonly onTrace?: (line: string) => void;
}

/** What an onlooker sees of a running history, and can do to it. */
export interface Observation {
  readonly now: number;
  /** Clock that every worker has finished. */
  readonly floor: number;
  readonly cluster: ClusterState;
  add(role: RoleChoice): void;
  kill(node: NodeId): void;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  readonly events: number;
  readonly faults: number;
  readonly messages: number;
  readonly bytes: number;
  readonly acknowledged: number;
  readonly duplicates: number;
  /** Pushes that workers left to those who made them in their names, counted in every segment. */
  readonly skipped: number;
  /** Hash of the whole trace: the same for the same seed. */
  readonly traceHash: string;
  /** Bytes of the final parameters, segment by segment: for comparing runs. */
  readonly parameters: readonly Float32Array[];
  readonly nodes: readonly SimNode[];
  /** Every checkpoint that was complete, in order. */
  readonly checkpoints: readonly SimCheckpoint[];
}
