// Control messages between the pages of a room: JSON over simple-peer's own channel, parsed by these schemas.
// The scheduler's whole state of a run goes out in one `cluster` message at every change: whoever has the newest one
// knows everything, and the next scheduler can go on from it.
import { z } from 'zod';
import { filtersSchema } from './filters.ts';
import { type NodeId, nodeId } from './ids.ts';
import {
  MAX_BLOCKS,
  MAX_CONTROL_BYTES,
  MAX_COUNTED_WORKERS,
  MAX_PARAMETERS,
  MAX_PLACEMENTS,
  MAX_REPLICAS,
  MAX_ROOM_NODES,
  MAX_TABLES,
  MAX_WIDTH,
} from './limits.ts';
import { measuresSchema } from './measures.ts';
import { offerSchema, privacySchema, privateSourceSchema, splitSchema } from './privacy.ts';
import { adviceSchema, machineSchema, ratioSchema, rolePolicySchema } from './ratio.ts';
import { parseMessage } from './signaling.ts';

const u32 = z.number().int().min(0).max(0xffff_ffff);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const clock = z.number().int().min(-1).max(0x7fff_ffff);
const node = z
  .number()
  .int()
  .min(1)
  .max(0xffff_ffff)
  .transform((value): NodeId => nodeId(value));
const amount = z.number().min(0);
const sentence = z.string().max(500);

const epochSchema = z.object({ term: u32, counter: u32 });
const workerSchema = z.object({ node, incarnation: u32 });

const mapSchema = z.object({
  epoch: epochSchema,
  run: u32,
  servers: z.array(node),
  placements: z.array(z.object({ chain: z.array(node), learners: z.array(node) })).max(MAX_PLACEMENTS),
  workers: z.array(workerSchema),
});

export const consistencySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bsp') }),
  z.object({ kind: z.literal('ssp'), delay: z.number().int().min(1).max(1024) }),
  /** A bounded delay that the scheduler moves; asked for, it is where to begin. */
  z.object({ kind: z.literal('dynamic'), delay: z.number().int().min(1).max(100_000_000) }),
  z.object({ kind: z.literal('async') }),
]);

const learningRateSchema = z.number().positive().max(1000);
const fraction = z.number().min(0).lt(1);

export const updaterSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('add') }),
  z.object({ kind: z.literal('sgd') }),
  z.object({ kind: z.literal('momentum'), beta: fraction, nesterov: z.boolean() }),
  z.object({ kind: z.literal('adagrad'), epsilon: z.number().positive() }),
  z.object({ kind: z.literal('adam'), beta1: fraction, beta2: fraction, epsilon: z.number().positive() }),
  z.object({ kind: z.literal('ftrl'), beta: amount, l1: amount, l2: amount }),
]);

/** How the pushes of one BSP clock become one gradient; absent in a plan: their mean. */
export const aggregatorSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('mean') }),
  z.object({ kind: z.literal('median') }),
  z.object({ kind: z.literal('trimmed-mean'), share: z.number().positive().max(0.5) }),
  z.object({ kind: z.literal('centred-clipping'), iterations: z.number().int().min(1).max(10) }),
]);

const tableSchema = z.object({
  name: z.string().min(1).max(100),
  keys: z
    .number()
    .int()
    .min(1)
    .max(2 ** 32),
  width: z.number().int().min(1).max(MAX_WIDTH),
  init: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('zeros') }),
    z.object({ kind: z.literal('uniform'), scale: z.number().min(0) }),
  ]),
  shape: z.array(z.number().int().min(1)).max(8),
});

/** Checked before any shard makes room for a row. */
const tablesSchema = z
  .array(tableSchema)
  .min(1)
  .max(MAX_TABLES)
  .refine((tables) => tables.reduce((sum, { keys, width }) => sum + keys * width, 0) <= MAX_PARAMETERS, {
    error: `The tables have more than ${MAX_PARAMETERS} values together.`,
  })
  .refine((tables) => tables.every(({ keys, width, shape }) => shape.reduce((a, b) => a * b, 1) === keys * width), {
    error: 'The shape of a table is not what its keys and its width make.',
  });

/** SHA-256, lower-case hex: a block that somebody in the room holds. */
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Where the data of a run come from: made by every node from a seed, or fetched by hash from whoever holds them. */
const dataSchema = z.object({
  name: z.string().max(200),
  train: splitSchema,
  test: splitSchema,
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('generated'), seed: u32, samples: z.object({ train: count, test: count }).nullable() }),
    z.object({ kind: z.literal('blocks'), manifest: hash }),
    /** Every worker's own, which stay with it; samples and blocks of the plan are those of the start together. */
    privateSourceSchema,
  ]),
});

export const scheduleSchema = z
  .array(
    z.object({
      fromClock: clock,
      consistency: consistencySchema,
      learningRate: learningRateSchema,
      /** Off when absent. */
      filters: filtersSchema.optional(),
      /** Divides the rate of each push by its staleness; off when absent. */
      isStalenessAware: z.boolean().optional(),
    }),
  )
  .max(64);

/** How often a checkpoint is cut: whichever comes first; nulls mean never. */
export const checkpointPolicySchema = z.object({
  steps: z.number().int().min(1).max(100_000_000).nullable(),
  seconds: z.number().min(1).max(86_400).nullable(),
});

/** A checkpoint as blocks: lists of segments (`data/checkpoint-part.ts`), each segment a block of its own. */
const checkpointSchema = z.object({
  /** Everything up to this clock is in. */
  clock,
  parts: z.array(hash).min(1).max(MAX_ROOM_NODES),
});

/** Everything that a run is, fixed from its start to its end. */
const planSchema = z.object({
  run: u32,
  job: z.string().max(100),
  /** What people are shown of the job: a page needn't know it. */
  title: z.string().max(100),
  measures: measuresSchema,
  options: z.record(z.string(), z.unknown()),
  seed: u32,
  /** Samples of one clock, over all workers. */
  batch: z.number().int().min(1).max(1_000_000),
  /** Clocks. */
  steps: z.number().int().min(1).max(100_000_000),
  updater: updaterSchema,
  aggregator: aggregatorSchema.optional(),
  /** How the gradients of a BSP clock come together: each sent to the servers (also when absent), or added up round a ring. */
  reduce: z.enum(['server', 'ring']).optional(),
  /** Copies of each segment besides the owner's, as far as there are servers. */
  replicas: z.number().int().min(0).max(MAX_REPLICAS),
  tables: tablesSchema,
  /** Every batch touches every key. Absent: it doesn't. */
  isWhole: z.boolean().optional(),
  data: dataSchema,
  /** Clocks between evaluations on the test set. */
  evaluateEvery: z.number().int().min(1),
  /** Clocks that one point of the loss curve stands for. */
  lossEvery: z.number().int().min(1),
  /** Batches of one clock, where there are more than one; without, each clock is one batch. */
  local: z
    .object({
      steps: z.number().int().min(2).max(1024),
      /** What the servers do with the way that a worker went; null where they get one mean gradient instead. */
      outer: z.object({ updater: updaterSchema, learningRate: learningRateSchema }).nullable(),
    })
    .optional(),
  checkpoint: checkpointPolicySchema,
  /** Milliseconds since 1970 by the starter's clock: of two checkpoints in a browser's storage it tells the newer run. */
  startedAt: count,
  /** Where the run goes on, and under which schedule; null for one that begins. */
  from: checkpointSchema.extend({ schedule: scheduleSchema.min(1) }).nullable(),
});

export const runPhases = [
  'idle',
  'preparing',
  'running',
  'paused',
  'finishing',
  'finished',
  'stopped',
  'failed',
] as const;

/** Evenly spaced block indexes: first, how many, and the step between them. */
const blockRunSchema = z.tuple([count, z.number().int().min(1), z.number().int().min(1)]);

/** Who may train on which blocks. Round-robin leases are one run each; churn makes more of them. */
const leasesSchema = z.array(z.object({ worker: node, runs: z.array(blockRunSchema).max(MAX_BLOCKS) }));

export const roleChoices = ['auto', 'worker', 'server', 'both', 'watch'] as const;

const clusterSchema = z.object({
  kind: z.literal('cluster'),
  term: u32,
  revision: u32,
  scheduler: node,
  phase: z.enum(runPhases),
  /** Why, in a sentence; null when there is nothing to say. */
  message: sentence.nullable(),
  map: mapSchema,
  plan: planSchema.nullable(),
  schedule: scheduleSchema,
  /** Only clocks below may be started: how pause and stop work. */
  clockLimit: clock,
  leases: leasesSchema,
  /** Nodes that hold every block of the data, where the data are blocks. */
  holders: z.array(node),
  /** Nodes that some shard takes nothing from any more, because of what they sent: they neither work nor serve. */
  shutOut: z.array(node).max(MAX_ROOM_NODES),
  /** Nodes that have lost a role, or both, until they reach another node again. */
  sidelined: z.array(z.object({ node, unreached: node, worker: z.boolean(), server: z.boolean() })).max(MAX_ROOM_NODES),
  privacy: privacySchema,
  /** Roles that were given by the ratio advisor; absent: none. */
  roles: rolePolicySchema.optional(),
  /** The clock at which the next checkpoint is cut, and the newest one that is complete. */
  checkpoint: z.object({ cutAt: clock.nullable(), newest: checkpointSchema.nullable() }),
});

/** A point of a curve: clock, samples, seconds, value. */
const point = z.tuple([clock, count, amount, z.number()]);
const curveSchema = z.array(point).max(4_000);

/** What a run had learnt until its checkpoint: its curves go on from there. */
export const historySchema = z.object({ seconds: amount, loss: curveSchema, accuracy: curveSchema });

/** What a person, or a script, asks of the scheduler. */
export const requestSchema = z.discriminatedUnion('ask', [
  z.object({
    ask: z.literal('start'),
    plan: planSchema,
    consistency: consistencySchema,
    learningRate: learningRateSchema,
    filters: filtersSchema.optional(),
    isStalenessAware: z.boolean().optional(),
    /** Of a run that goes on from a checkpoint. */
    history: historySchema.optional(),
  }),
  z.object({ ask: z.literal('filters'), filters: filtersSchema }),
  /** Cut a checkpoint now. */
  z.object({ ask: z.literal('checkpoint') }),
  z.object({ ask: z.literal('pause') }),
  z.object({ ask: z.literal('resume') }),
  z.object({ ask: z.literal('stop') }),
  z.object({ ask: z.literal('consistency'), consistency: consistencySchema }),
  z.object({ ask: z.literal('learning-rate'), learningRate: learningRateSchema }),
  z.object({ ask: z.literal('staleness-aware'), isStalenessAware: z.boolean() }),
  /** Shall data stay in their tabs? Asked between runs. */
  z.object({ ask: z.literal('privacy'), isPrivate: z.boolean() }),
  /** What I have to train on myself; null takes it back. */
  z.object({ ask: z.literal('offer'), offer: offerSchema.nullable() }),
  z.object({ ask: z.literal('role'), role: z.enum(roleChoices) }),
  /** So many tabs shall work and so many serve, whoever they are. */
  z.object({ ask: z.literal('ratio'), ratio: ratioSchema }),
  /** Shall the scheduler choose how many work and serve? */
  z.object({ ask: z.literal('automatic-ratio'), isAutomatic: z.boolean() }),
  /** Going politely: hand over what I own, and tell me when that is done (I am in no map any more). */
  z.object({ ask: z.literal('leave') }),
]);

const triple = z.tuple([clock, z.number(), count]);

/** What a worker did since its last report, and where it is. */
const workerReportSchema = z.object({
  clock,
  samples: count,
  /** [first clock of the bucket, loss sum, samples] since the last report. */
  losses: z.array(triple).max(2_000),
  /** [clock, loss sum, samples, score sum] since the last report. */
  evaluations: z.array(z.tuple([clock, z.number(), count, z.number()])).max(200),
  computeMs: amount,
  waitMs: amount,
  communicateMs: amount,
  spanMs: amount,
  isDone: z.boolean(),
  device: z.string().max(60),
});

/** How often something of one sender was refused, and why. */
const refusedSchema = z.object({ node, reason: z.string().max(40), count });

const shardReportSchema = z.object({
  duplicates: count,
  /** Pushes of each worker in the histories of the segments that the node owns. */
  pushes: z.array(z.object({ node, count })).max(MAX_COUNTED_WORKERS + 1),
  refused: z.array(refusedSchema).max(MAX_ROOM_NODES * 16),
  staleness: z.record(z.string().max(10), count),
  workers: z.array(z.object({ node, applied: count, delaySum: amount })).max(1_000),
  /** Time spent with frames since the start: taking them in, applying, answering. */
  busyMs: amount.optional(),
});

/** Bytes of one direction. */
const wayBytesSchema = z.object({
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
});

const trafficSchema = z.object({
  push: wayBytesSchema,
  pull: wayBytesSchema,
});

const reportSchema = z.object({
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
  /** Bytes per second to other nodes, lately. */
  flows: z.array(z.tuple([node, amount])).max(1_000),
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

const metricsSchema = z.object({
  kind: z.literal('metrics'),
  run: u32,
  clock,
  samples: count,
  seconds: amount,
  samplesPerSecond: amount,
  /** [clock, samples, seconds, value]: new since the last message, or all of them where `isHistory`. */
  loss: curveSchema,
  accuracy: curveSchema,
  isHistory: z.boolean(),
  staleness: z.record(z.string().max(10), count),
  traffic: trafficSchema,
  /** Sums of the tallies. */
  applied: count,
  acknowledged: count,
  duplicates: count,
  /** What each node has done in this run, those that are gone too; as node 0 those that there was no room for. */
  tallies: z.array(tallySchema).max(MAX_ROOM_NODES + 1),
  /** What the ratio advisor says; absent before it knows enough. */
  advice: adviceSchema.optional(),
  nodes: z
    .array(
      z.object({
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
      }),
    )
    .max(1_000),
});

export const controlSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    version: z.number().int(),
    label: z.string().max(80),
    role: z.enum(roleChoices),
  }),
  z.object({ kind: z.literal('ping'), at: z.number() }),
  z.object({ kind: z.literal('pong'), at: z.number() }),
  z.object({ kind: z.literal('request'), request: requestSchema }),
  /** The scheduler's answer to a request that it can't meet. */
  z.object({ kind: z.literal('denied'), text: sentence, advice: sentence }),
  /** A new scheduler asks everybody for the newest state they have heard of; from then on older terms are void. */
  z.object({ kind: z.literal('ask'), term: u32 }),
  z.object({ kind: z.literal('state'), term: u32, cluster: clusterSchema.nullable() }),
  clusterSchema,
  reportSchema,
  metricsSchema,
]);

export type ControlMessage = z.infer<typeof controlSchema>;
export type ClusterState = z.infer<typeof clusterSchema>;
/** Parses a plan that was kept in a file. */
export const runPlanSchema = planSchema;
export type RunPlan = z.infer<typeof planSchema>;
export type RunPhase = (typeof runPhases)[number];
export type DataPlan = z.infer<typeof dataSchema>;
export type SplitPlan = z.infer<typeof splitSchema>;
export type CheckpointPolicy = z.infer<typeof checkpointPolicySchema>;
export type CheckpointState = ClusterState['checkpoint'];
/** What a run had learnt until its checkpoint. */
export type RunHistory = z.infer<typeof historySchema>;
export type Request = z.infer<typeof requestSchema>;
export type Report = z.infer<typeof reportSchema>;
export type WorkerReport = z.infer<typeof workerReportSchema>;
export type Metrics = z.infer<typeof metricsSchema>;
/** What one node has done in a run. */
export type Tally = Metrics['tallies'][number];
export type NodeMetrics = Metrics['nodes'][number];
export type Traffic = z.infer<typeof trafficSchema>;
export type WayBytes = z.infer<typeof wayBytesSchema>;
export type RoleChoice = (typeof roleChoices)[number];
/** A point of a curve: [clock, samples, seconds, value]. */
export type Point = Metrics['loss'][number];

/** Parses one control message. @throws BadMessage */
export const parseControl = (text: string): ControlMessage => parseMessage(controlSchema, text, MAX_CONTROL_BYTES);
