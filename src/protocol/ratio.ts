// How many tabs train and how many serve: what a room was told about that, and what the ratio advisor says of it.
import { z } from 'zod';
import { type NodeId, nodeId } from './ids.ts';
import { MAX_ROOM_NODES } from './limits.ts';

/** So many workers and servers; a tab may be both. */
export const ratioSchema = z.object({
  workers: z.number().int().min(1).max(MAX_ROOM_NODES),
  servers: z.number().int().min(1).max(MAX_ROOM_NODES),
});

export type Ratio = z.infer<typeof ratioSchema>;

/** What a tab runs on: tabs that name the same machine share its cores. */
export const machineSchema = z.object({ id: z.string().min(1).max(40), cores: z.number().int().min(1).max(1024) });

export type Machine = z.infer<typeof machineSchema>;

/** Roles that the advisor has given tabs; what a tab chooses itself later takes the place of it. */
const assignedSchema = z.object({
  node: z
    .number()
    .int()
    .min(1)
    .max(0xffff_ffff)
    .transform((value): NodeId => nodeId(value)),
  role: z.enum(['worker', 'server', 'both']),
});

export const rolePolicySchema = z.object({
  /** The scheduler sets the ratio that it takes for the best. */
  isAutomatic: z.boolean(),
  assigned: z.array(assignedSchema).max(MAX_ROOM_NODES),
});

export type RolePolicy = z.infer<typeof rolePolicySchema>;

const rate = z.number().min(0);

/** What a clock took lately under the ratio that holds: milliseconds, and bytes on links. Means over the workers. */
export const clockFiguresSchema = z.object({
  clockMs: rate,
  /** Of one worker, wall time: with others on its cores it is more than alone. */
  computeMs: rate,
  /** The same of the quickest lately: what it takes when nobody else uses the core. */
  leastMs: rate,
  /** Pushed and pulled by one worker, coded; what its own tab serves as if it went over a link, too. */
  bytes: rate,
  /** All servers together. */
  serveMs: rate,
  roundTripMs: rate,
});

export type ClockFigures = z.infer<typeof clockFiguresSchema>;

/** Samples per second of the ratios that a chart shows, and which one is best. */
export const adviceSchema = z.object({
  tabs: z.number().int().min(1).max(MAX_ROOM_NODES),
  current: ratioSchema,
  best: ratioSchema,
  figures: clockFiguresSchema,
  points: z.array(ratioSchema.extend({ predicted: rate, measured: rate.nullable() })).max(4 * MAX_ROOM_NODES),
});

export type Advice = z.infer<typeof adviceSchema>;
