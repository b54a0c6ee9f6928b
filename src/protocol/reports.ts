// What nodes report to the scheduler, and what it tells them all of a run: curves, and figures of every node.
import { z } from 'zod';
import { MAX_COUNTED_WORKERS, MAX_CURVE_POINTS, MAX_PLACEMENTS, MAX_ROOM_NODES } from './limits.ts';
import { adviceSchema, machineSchema } from './ratio.ts';
import { amount, clock, count, epochSchema, hash, node, sentence, u32 } from './schema-fields.ts';

/** A point of a curve: clock, samples, seconds, value. */
const point = z.tuple([clock, count, amount, z.number()]);
const curveSchema = z.array(point).max(MAX_CURVE_POINTS);

/** What a run had learnt until its checkpoint: its curves go on from there. */
export const historySchema = z.object({ seconds: amount, loss: curveSchema, accuracy: curveSchema });

const triple = z.tuple([clock, z.number(), count]);

/** What a worker did since its last report, and where it is. */
export const workerReportSchema = z.object({
  clock,
  samples: count,
  /** [first clock of the bucket, loss sum, samples] since the last report. */
  losses: z.array(triple).max(2_000),
  /** [clock, loss sum, samples, score sum] since the last report. */
  evaluations: z.array(z.tuple([clock, z.number(), count, z.number()])).max(200),
  computeMs: amount,
  /** Of the quickest gradient since the last report, per clock that it covers; absent: there was none. */
  leastMs: amount.optional(),
  waitMs: amount,
  communicateMs: amount,
  /** Spent on gradients of workers that are far behind; absent: none. */
  backupMs: amount.optional(),
  /** Clocks that it left to whoever made its gradients, since its last report; absent: none. */
  skipped: count.optional(),
  spanMs: amount,
  /** How long ago `clock` was finished: of rounds of several clocks a report may come in the middle. */
  sinceClockMs: amount,
  /** At the end of the run, or of one that is being stopped: there it may be sent on, to where another is. */
  isDone: z.boolean(),
  device: z.string().max(60),
});

/** How often something of one sender was refused, and why. */
const refusedSchema = z.object({ node, reason: z.string().max(40), count });

const shardReportSchema = z.object({
  duplicates: count,
  /** Pushes of each worker in the histories of the segments that the node owns; absent: as in the report before. */
  pushes: z
    .array(z.object({ node, count }))
    .max(MAX_COUNTED_WORKERS + 1)
    .optional(),
  refused: z.array(refusedSchema).max(MAX_ROOM_NODES * 16),
  staleness: z.record(z.string().max(10), count),
  workers: z
    .array(z.object({ node, applied: count, delaySum: amount }))
    .max(1_000)
    .optional(),
  /** Time spent with frames since the start: taking them in, applying, answering. */
  busyMs: amount.optional(),
  /** Bytes of workers' pushes and pulls that deflate saved on the way in this run; absent: none. */
  saved: z.object({ push: count, pull: count }).optional(),
});

/** Bytes of one direction. */
export const wayBytesSchema = z.object({
  /** Keys and values as they are. */
  raw: count,
  /** Whole frames, those that ask included, and what was sent again. */
  wire: count,
  /** f32 of the values that are left after sparsifying. */
  kept: count.optional(),
  /** Coded values, their places, and keys. */
  values: count.optional(),
  places: count.optional(),
  keys: count.optional(),
  /** Time spent in filters. */
  milliseconds: amount.optional(),
  /** Bytes of the frames that didn't travel, as links deflated them on the way; absent: none. */
  saved: count.optional(),
});

export const trafficSchema = z.object({
  push: wayBytesSchema,
  pull: wayBytesSchema,
});

export const reportSchema = z.object({
  kind: z.literal('report'),
  run: u32,
  /** Data and compiled kernels are there: the node may work. */
  isPrepared: z.boolean(),
  holdsAllBlocks: z.boolean(),
  /** Why this node can't train; null when it can. */
  problem: sentence.nullable(),
  /** The loss was not a number at this clock; null while all is well. */
  divergedAt: clock.nullable(),
  worker: workerReportSchema.nullable(),
  /** Pushes of this tab that were acknowledged in this run, each segment's counted. */
  acknowledged: count,
  /** Pushes that it had under way when it was taken off the map: applied or not, it will never hear. */
  abandoned: count,
  shard: shardReportSchema.nullable(),
  /** The epoch that the node's shard is in, and which of its own segments are settled there (indexes). */
  epoch: epochSchema,
  settled: z.array(u32).max(MAX_PLACEMENTS),
  /** Nodes that its shard takes nothing from any more. */
  hostile: z.array(node).max(MAX_ROOM_NODES),
  /** Nodes with a role, or that would have one, that it has no connection to. */
  unreachable: z.array(node).max(MAX_ROOM_NODES),
  /** What this node has of the checkpoint that is being cut; null before it has anything. */
  cut: z
    .object({
      clock,
      /** The block that lists its segments. */
      part: hash,
      segments: z.array(u32).max(MAX_PLACEMENTS),
      /** No segment holds anything of a later clock. */
      isExact: z.boolean(),
    })
    .nullable(),
  bytesIn: count,
  bytesOut: count,
  traffic: trafficSchema,
  /** Bytes per second that it may send, and take; absent: as much as it can. */
  bandwidth: amount.optional(),
  /** Bytes per second to other nodes, lately. */
  flows: z.array(z.tuple([node, amount])).max(1_000),
  /** Bytes per second that links to other nodes' trainers and shards have drained lately, or are allowed; absent: nobody knows. */
  drains: z
    .array(z.tuple([node, amount]))
    .max(MAX_ROOM_NODES)
    .optional(),
  links: z.object({ webrtc: count, port: count }),
  rttMs: amount.nullable(),
  machine: machineSchema.optional(),
});

const tallySchema = z.object({
  node,
  samples: count,
  /** Its pushes that were acknowledged, as it reported last. */
  acknowledged: count,
  /** Its pushes that it gave up on: acknowledged ≤ applied ≤ acknowledged + abandoned, for who is there. */
  abandoned: count,
  /** Its pushes in the histories of all segments. */
  applied: count,
  /** Pushes and pulls that came to its shard again. */
  duplicates: count,
});

/** Figures of one node. */
const nodeMetricsSchema = z.object({
  node,
  label: z.string().max(80),
  isWorker: z.boolean(),
  isServer: z.boolean(),
  clock: clock.nullable(),
  samplesPerSecond: amount,
  compute: amount,
  wait: amount,
  communicate: amount,
  bytesIn: count,
  bytesOut: count,
  links: z.object({ webrtc: count, port: count }),
  rttMs: amount.nullable(),
  staleness: amount.nullable(),
  isSlow: z.boolean(),
  device: z.string().max(60).nullable(),
  flows: z.array(z.tuple([node, amount])).max(1_000),
  /** Frames of this node that shards refused, by reason. */
  refused: z.record(z.string().max(40), count),
});

export const metricsSchema = z.object({
  kind: z.literal('metrics'),
  run: u32,
  clock,
  samples: count,
  seconds: amount,
  samplesPerSecond: amount,
  /** [clock, samples, seconds, value]: new since the last message, or all of them where `isHistory`. */
  loss: curveSchema,
  accuracy: curveSchema,
  /** Mean loss of the newest evaluation on test data; null before the first. */
  testLoss: z.number().nullable().optional(),
  isHistory: z.boolean(),
  staleness: z.record(z.string().max(10), count),
  traffic: trafficSchema,
  /** Sums of the tallies. */
  applied: count,
  acknowledged: count,
  duplicates: count,
  /** What each node has done in this run, those that are gone too; as node 0 those that there was no room for. Absent, as
   * the nodes: as in the message before. */
  tallies: z
    .array(tallySchema)
    .max(MAX_ROOM_NODES + 1)
    .optional(),
  /** What the ratio advisor says, with the nodes; absent before it knows enough. */
  advice: adviceSchema.optional(),
  nodes: z.array(nodeMetricsSchema).max(1_000).optional(),
});
