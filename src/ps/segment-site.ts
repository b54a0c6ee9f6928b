// What a segment needs of the shard that hosts it.
import type { Frame, Pull, Push, Refusal } from '../protocol/frames.ts';
import type { Epoch, NodeId, WorkerId } from '../protocol/ids.ts';
import type { Aggregator } from './aggregate.ts';
import type { AggregatorSpec } from './aggregate-robust.ts';
import type { Schedule } from './consistency.ts';
import type { BlockEncoder } from './filters/value-block.ts';
import type { ShardCounters } from './shard-counters.ts';

/** What a segment needs of its shard. */
export interface SegmentSite {
  readonly self: NodeId;
  readonly epoch: Epoch;
  readonly schedule: Schedule;
  readonly run: number;
  /** The clock at which the next checkpoint is cut; null while none is wanted. */
  readonly cutClock: number | null;
  /** Active workers by rank. */
  readonly workers: readonly WorkerId[];
  /** Global batch of one clock. */
  readonly batch: number;
  /** Rate at which the outer updater goes along the way of local steps. */
  readonly outerRate: number;
  readonly width: number;
  /** How BSP makes one gradient of a clock's pushes, where the updater takes a mean. */
  readonly rule: AggregatorSpec;
  readonly aggregator: Aggregator;
  /** Gradients come as pushes of several workers, as a rule. */
  readonly isRing: boolean;
  readonly encoder: BlockEncoder;
  readonly counters: ShardCounters;
  send(to: NodeId, role: 'trainer' | 'shard', frame: Frame): void;
  refuse(to: NodeId, frame: Push | Pull, reason: Refusal): void;
}

/** What waits on a segment, of the one node of which the most does. Each has its bound in `protocol/limits.ts`. */
export interface SegmentLoad {
  readonly parkedPulls: number;
  readonly pendingPushes: number;
  readonly unacknowledged: number;
}
