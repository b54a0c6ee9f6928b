// Messages between a page and the signaling server: JSON over one WebSocket, parsed by these schemas at both ends.
// The server orders joins, hands out scheduler terms and relays signals. It never sees data or parameters.
import { z } from 'zod';
import { MAX_SIGNALING_BYTES } from './limits.ts';

const nodeSchema = z.number().int().min(1).max(0xffff_ffff);
const termSchema = z.number().int().min(0).max(0xffff_ffff);
const roomSchema = z.string().regex(/^[a-z0-9-]{4,40}$/, 'a room id is 4 to 40 of a–z, 0–9 and -');
const secretSchema = z.string().min(8).max(128);
const tokenSchema = z.string().min(16).max(128);

/** What names a node across reconnections: only who has the token may be that node again. */
const resumeSchema = z.object({
  node: nodeSchema,
  token: tokenSchema,
  life: tokenSchema,
  /** Newest scheduler term the node has seen, and whose it is: a restarted server goes on from there. */
  term: termSchema,
  scheduler: nodeSchema,
  /** The newest node that it has heard of: nobody else is given an id up to there. */
  newest: nodeSchema,
});

/** Page → server. `hello` comes first, once. */
export const fromPageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    version: z.number().int(),
    room: roomSchema,
    /** The first node sets the room's secret; others must match it. */
    secret: secretSchema,
    resume: resumeSchema.optional(),
  }),
  /** Relayed to one member as it is. `connection` numbers the attempts of a pair: stale ones are dropped there. */
  z.object({ kind: z.literal('signal'), to: nodeSchema, connection: z.number().int().min(0), data: z.unknown() }),
  z.object({ kind: z.literal('ping'), at: z.number() }),
  /** Going for good: the others need not wait to see whether this node comes back. */
  z.object({ kind: z.literal('leave') }),
]);
export type FromPage = z.infer<typeof fromPageSchema>;

export const signalingErrors = [
  'bad-message',
  'unsupported-version',
  'room-full',
  'too-many-rooms',
  'wrong-secret',
  'too-fast',
  'not-a-member',
  'already-joined',
  'not-joined',
  'shutting-down',
] as const;
export type SignalingErrorCode = (typeof signalingErrors)[number];

/** Server → page. */
export const fromServerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('welcome'),
    node: nodeSchema,
    token: z.string(),
    /** Which of all rooms that had this name: one that a restarted server has let strangers make is another. */
    life: z.string(),
    /** Everyone else in the room, oldest first. */
    members: z.array(nodeSchema),
    scheduler: nodeSchema,
    term: termSchema,
    /** Addresses under which other devices reach the same page, for the QR code. Empty when unknown. */
    lanUrls: z.array(z.string()),
  }),
  z.object({ kind: z.literal('joined'), node: nodeSchema }),
  /** `closed`: the socket ended without a word (crash, cut, blip). `leave`: it said so. */
  z.object({ kind: z.literal('left'), node: nodeSchema, reason: z.enum(['leave', 'closed']) }),
  /** The oldest live node is the scheduler, under a term that no other node ever had. */
  z.object({ kind: z.literal('term'), scheduler: nodeSchema, term: termSchema }),
  z.object({ kind: z.literal('signal'), from: nodeSchema, connection: z.number().int().min(0), data: z.unknown() }),
  z.object({ kind: z.literal('pong'), at: z.number() }),
  z.object({ kind: z.literal('error'), code: z.enum(signalingErrors), message: z.string() }),
]);
export type FromServer = z.infer<typeof fromServerSchema>;

/** A message that isn't one of ours, and why, in words for the sender. */
export class BadMessage extends Error {
  override name = 'BadMessage';
}

/** Parses JSON text by a schema. @throws BadMessage */
export function parseMessage<T>(schema: z.ZodType<T>, text: string, maxBytes = MAX_SIGNALING_BYTES): T {
  if (text.length > maxBytes) throw new BadMessage(`${text.length} characters; at most ${maxBytes} are allowed`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadMessage('not JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new BadMessage(z.prettifyError(parsed.error));
  return parsed.data;
}
