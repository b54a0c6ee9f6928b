// What the schemas of control messages are made of: numbers in their ranges, nodes, hashes.
import { z } from 'zod';
import { type NodeId, nodeId } from './ids.ts';

export const u32 = z.number().int().min(0).max(0xffff_ffff);
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const clock = z.number().int().min(-1).max(0x7fff_ffff);
export const node = z
  .number()
  .int()
  .min(1)
  .max(0xffff_ffff)
  .transform((value): NodeId => nodeId(value));
export const amount = z.number().min(0);
export const sentence = z.string().max(500);

/** SHA-256, lower-case hex: a block that somebody in the room holds. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const epochSchema = z.object({ term: u32, counter: u32 });
