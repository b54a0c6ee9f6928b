// What a run is, from its start to its end: job, tables, updater, data, checkpoints; and the schedule, which may change.
import { z } from 'zod';
import { filtersSchema } from './filters.ts';
import { MAX_CURVE_POINTS, MAX_PARAMETERS, MAX_REPLICAS, MAX_ROOM_NODES, MAX_TABLES, MAX_WIDTH } from './limits.ts';
import { measuresSchema } from './measures.ts';
import { privateSourceSchema, splitSchema } from './privacy.ts';
import { amount, clock, count, hash, u32 } from './schema-fields.ts';

export const consistencySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bsp') }),
  z.object({ kind: z.literal('ssp'), delay: z.number().int().min(1).max(1024) }),
  /** A bounded delay that the scheduler moves; asked for, it is where to begin. */
  z.object({ kind: z.literal('dynamic'), delay: z.number().int().min(1).max(100_000_000) }),
  z.object({ kind: z.literal('async') }),
]);

export const learningRateSchema = z.number().positive().max(1000);
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

/** Where the data of a run come from: made by every node from a seed, or fetched by hash from whoever holds them. */
export const dataSchema = z.object({
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

/** Batches between two exchanges; absent: as the automatic mode says, else one. */
export const localStepsSchema = z.number().int().min(2).max(1024);

export const scheduleSchema = z
  .array(
    z.object({
      fromClock: clock,
      consistency: consistencySchema,
      learningRate: learningRateSchema,
      /** Off when absent. */
      filters: filtersSchema.optional(),
      localSteps: localStepsSchema.optional(),
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
export const checkpointSchema = z.object({
  /** Everything up to this clock is in. */
  clock,
  parts: z.array(hash).min(1).max(MAX_ROOM_NODES),
});

const evenNumber = z.number().int().min(2).max(MAX_CURVE_POINTS).multipleOf(2);

/** Everything that a run is, fixed from its start to its end. */
export const planSchema = z.object({
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
  /** A gradient whose worker is far behind the rest is made by an idle one, too: in BSP the first that arrives counts. */
  hasBackups: z.boolean().optional(),
  /** Copies of each segment besides the owner's, as far as there are servers. */
  replicas: z.number().int().min(0).max(MAX_REPLICAS),
  tables: tablesSchema,
  /** Every batch touches every key. Absent: it doesn't. */
  isWhole: z.boolean().optional(),
  data: dataSchema,
  /** Clocks between the first evaluations on the test set, and how many of them so (`ps/spacing.ts`); absent: all. */
  evaluateEvery: z.number().int().min(1),
  evaluationsDoubleAfter: evenNumber.optional(),
  /** Clocks that one of the first points of the loss curve stands for, and how many do; absent: all. */
  lossEvery: z.number().int().min(1),
  lossDoublesAfter: evenNumber.optional(),
  /** What the servers do with the way that workers went in local steps; absent where they get one mean gradient instead. */
  outer: z.object({ learningRate: z.number().gt(0).max(2), momentum: z.number().min(0).lt(1) }).optional(),
  checkpoint: checkpointPolicySchema,
  /** Milliseconds since 1970 by the starter's clock: of two checkpoints in a browser's storage it tells the newer run. */
  startedAt: count,
  /** Where the run goes on, and under which schedule; null for one that begins. */
  from: checkpointSchema.extend({ schedule: scheduleSchema.min(1) }).nullable(),
});
