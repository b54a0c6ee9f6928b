// Data that stay in their tabs: what a tab says of its own, and what the room knows of everybody's. Never a sample.
import { z } from 'zod';
import { nodeId } from './ids.ts';
import { MAX_BLOCKS, MAX_OFFER_CHARS, MAX_ROOM_NODES } from './limits.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Blocks of one split: all of `blockSamples`, but the last, which has what is left. */
export const splitSchema = z.object({
  samples: count,
  blockSamples: z.number().int().min(1),
  blocks: z.number().int().min(0).max(MAX_BLOCKS),
});

/** What a tab has to train on, for leases and shares; the shape is the job's to read (`data/agreement.ts`). */
export const offerSchema = z.object({
  train: splitSchema,
  test: splitSchema,
  shape: z.string().max(MAX_OFFER_CHARS),
});

export const privacySchema = z.object({
  /** Each tab trains on its own files, which never leave it. */
  isPrivate: z.boolean(),
  offers: z
    .array(
      offerSchema.extend({
        node: z
          .number()
          .int()
          .min(1)
          .max(0xffff_ffff)
          .transform((value) => nodeId(value)),
      }),
    )
    .max(MAX_ROOM_NODES),
});

export type Offer = z.infer<typeof offerSchema>;
export type Privacy = z.infer<typeof privacySchema>;

/** Where the agreed shape of a private run stands in its plan. */
export const privateSourceSchema = z.object({ kind: z.literal('private'), shape: z.string().max(MAX_OFFER_CHARS) });

export const OPEN_ROOM: Privacy = { isPrivate: false, offers: [] };
