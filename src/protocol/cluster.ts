// The scheduler's whole state of a room: whoever has the newest one knows everything, and the next scheduler can go on
// from it.
import { z } from 'zod';
import { MAX_BLOCKS, MAX_PLACEMENTS, MAX_ROOM_NODES } from './limits.ts';
import { checkpointSchema, planSchema, scheduleSchema } from './plan.ts';
import { privacySchema } from './privacy.ts';
import { rolePolicySchema } from './ratio.ts';
import { clock, count, epochSchema, node, sentence, u32 } from './schema-fields.ts';

const workerSchema = z.object({ node, incarnation: u32 });

const mapSchema = z.object({
  epoch: epochSchema,
  run: u32,
  servers: z.array(node),
  placements: z.array(z.object({ chain: z.array(node), learners: z.array(node) })).max(MAX_PLACEMENTS),
  workers: z.array(workerSchema),
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

export const clusterSchema = z.object({
  kind: z.literal('cluster'),
  term: u32,
  revision: u32,
  scheduler: node,
  phase: z.enum(runPhases),
  /** The last copy of something is lost: the phase to go back to should it return. Null: nothing is. */
  lostIn: z.enum(runPhases).nullable(),
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
  /** Workers far behind the rest, each with the one that makes its gradients, too, while it has nothing to do. */
  backups: z
    .array(z.object({ worker: node, helper: node }))
    .max(MAX_ROOM_NODES)
    .optional(),
  privacy: privacySchema,
  /** Roles that were given by the ratio advisor; absent: none. */
  roles: rolePolicySchema.optional(),
  /** The clock at which the next checkpoint is cut, and the newest one that is complete. */
  checkpoint: z.object({ cutAt: clock.nullable(), newest: checkpointSchema.nullable() }),
});
