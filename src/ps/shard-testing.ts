// Shards with two workers, and what comes out of them.
import type { Frame } from '../protocol/frames.ts';
import { nodeId } from '../protocol/ids.ts';
import type { ShardPlan } from './shard-core.ts';
import { BSP, mapOf, scheduleOf, shardPlanOf, TestShard, workerOf } from './testing.ts';

export const SELF = nodeId(9);
export const [A, B, C] = [workerOf(1), workerOf(2), workerOf(3)];
export const BOTH = [A, B];

/** The only shard, with these workers. */
export const shardOf = (consistency = BSP, workers = BOTH, plan: Partial<ShardPlan> = {}) =>
  new TestShard(SELF, mapOf({ workers }), scheduleOf(consistency), shardPlanOf(plan));

export const answersIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => (frame.kind === 'answer' ? [frame] : []));
export const acksIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => (frame.kind === 'ack' ? [`${frame.worker.node}@${frame.clock}`] : []));
