// Control messages between the pages of a room: JSON over simple-peer's own channel, parsed by these schemas; and the types
// of all that they carry.
import { z } from 'zod';
import { clusterSchema, type runPhases } from './cluster.ts';
import { clusterChangeSchema, stateVersionSchema } from './cluster-change.ts';
import { filtersSchema } from './filters.ts';
import { MAX_CONTROL_BYTES } from './limits.ts';
import {
  type checkpointPolicySchema,
  consistencySchema,
  type dataSchema,
  learningRateSchema,
  localStepsSchema,
  planSchema,
} from './plan.ts';
import { offerSchema, type splitSchema } from './privacy.ts';
import { ratioSchema } from './ratio.ts';
import {
  historySchema,
  metricsSchema,
  reportSchema,
  type trafficSchema,
  type wayBytesSchema,
  type workerReportSchema,
} from './reports.ts';
import { sentence, u32 } from './schema-fields.ts';
import { parseMessage } from './signaling.ts';

export const roleChoices = ['auto', 'worker', 'server', 'both', 'watch'] as const;

/** What a person, or a script, asks of the scheduler. */
export const requestSchema = z.discriminatedUnion('ask', [
  z.object({
    ask: z.literal('start'),
    plan: planSchema,
    consistency: consistencySchema,
    learningRate: learningRateSchema,
    filters: filtersSchema.optional(),
    localSteps: localStepsSchema.optional(),
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
  z.object({ kind: z.literal('ask'), term: u32, known: stateVersionSchema.nullable() }),
  /** Which one a node has, and the state itself where that is newer than the one known. */
  z.object({
    kind: z.literal('state'),
    term: u32,
    known: stateVersionSchema.nullable(),
    cluster: clusterSchema.nullable(),
  }),
  clusterSchema,
  /** Of the state that was told before, to who has that. */
  clusterChangeSchema,
  /** I can't use the change that you sent: tell me the whole state. */
  z.object({ kind: z.literal('behind') }),
  reportSchema,
  metricsSchema,
]);

export type ControlMessage = z.infer<typeof controlSchema>;
export type ClusterState = z.infer<typeof clusterSchema>;
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
/** Figures of a run as they travel: those of each node not with every message. */
export type MetricsMessage = z.infer<typeof metricsSchema>;
/** With those of each node, as heard last. */
export type Metrics = Omit<MetricsMessage, 'tallies' | 'nodes'> & {
  tallies: Tally[];
  nodes: NodeMetrics[];
};
/** What one node has done in a run. */
export type Tally = NonNullable<MetricsMessage['tallies']>[number];
export type NodeMetrics = NonNullable<MetricsMessage['nodes']>[number];
export type Traffic = z.infer<typeof trafficSchema>;
export type WayBytes = z.infer<typeof wayBytesSchema>;
export type RoleChoice = (typeof roleChoices)[number];
/** A point of a curve: [clock, samples, seconds, value]. */
export type Point = Metrics['loss'][number];

/** Parses one control message. @throws BadMessage */
export const parseControl = (text: string): ControlMessage => parseMessage(controlSchema, text, MAX_CONTROL_BYTES);
