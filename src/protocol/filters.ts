// How a person, a script or a message says which filters a direction has: "topk:0.01+int8", "delta+f16", "off".
// Parsed once into stages that a schema has checked; what the stages do is in ps/filters.
import { z } from 'zod';
import { MAX_ROOM_NODES } from './limits.ts';
import { node } from './schema-fields.ts';

export const codecNames = ['f32', 'f16', 'bf16', 'int8', 'int4', 'onebit', 'whole'] as const;
export type CodecName = (typeof codecNames)[number];

const share = z.number().gt(0).lte(1);

const pushStage = z.discriminatedUnion('kind', [
  /** The largest values of each segment; what stays behind is added to the next push. */
  z.object({ kind: z.literal('topk'), fraction: share, momentum: z.number().min(0).lt(1) }),
  /** Values drawn at random, divided by their chance: unbiased. */
  z.object({ kind: z.literal('randomk'), fraction: share }),
  /** Values of at least this share of the segment's largest; the others wait and add up. */
  z.object({ kind: z.literal('significant'), threshold: share }),
  /** With this chance a segment's push carries nothing and waits. */
  z.object({ kind: z.literal('skip'), chance: z.number().gt(0).lt(1) }),
  /** Gradients that can't move a coordinate off zero under an L1 penalty wait. */
  z.object({ kind: z.literal('kkt') }),
]);

/** Stages in the order in which they act, then the codec of what is left. */
export const pushSpecSchema = z.object({ stages: z.array(pushStage).max(5), codec: z.enum(codecNames) });

/** `isDelta`: what differs from what the worker holds, instead of what is. */
export const pullSpecSchema = z.object({ isDelta: z.boolean(), codec: z.enum(codecNames) });

export type PushStage = z.infer<typeof pushStage>;
export type PushSpec = z.infer<typeof pushSpecSchema>;
export type PullSpec = z.infer<typeof pullSpecSchema>;

const tableName = z.string().min(1).max(100);

/** One spec for all tables, and others for some, by name. Null is plain f32 in a frame without filters. */
const directionOf = <T extends z.ZodType>(spec: T) =>
  z.object({
    all: spec.nullable(),
    tables: z.array(z.object({ table: tableName, spec: spec.nullable() })).max(64),
  });

/** Batches between two exchanges that the automatic mode may choose: on MNIST 16 cost 0.1 points over 780 steps, one seed. */
export const MAX_AUTO_LOCAL_STEPS = 16;

/** By worker the other tabs that serve and are near it. */
const nearLinksSchema = z
  .array(z.object({ worker: node, servers: z.array(node).min(1).max(MAX_ROOM_NODES) }))
  .max(MAX_ROOM_NODES);

/** What the automatic mode has found best, and a sentence for people that says so. */
const filterChoiceSchema = z.object({
  push: pushSpecSchema.nullable(),
  pull: pullSpecSchema.nullable(),
  localSteps: z.number().int().min(1).max(MAX_AUTO_LOCAL_STEPS),
  /** Links that carry values as they are, for they are so much faster than those that this is for. Absent: none are. */
  near: nearLinksSchema.optional(),
  reason: z.string().max(400),
});

export type NearLinks = z.infer<typeof nearLinksSchema>;
export type FilterChoice = z.infer<typeof filterChoiceSchema>;

/** Filters of one run: chosen by the scheduler from what the workers measure, or fixed. */
export const filtersSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('off') }),
  /** Plain f32 until there is a choice. */
  z.object({ kind: z.literal('auto'), choice: filterChoiceSchema.optional() }),
  z.object({ kind: z.literal('fixed'), push: directionOf(pushSpecSchema), pull: directionOf(pullSpecSchema) }),
]);

export type Filters = z.infer<typeof filtersSchema>;
export type PushFilters = (Filters & { kind: 'fixed' })['push'];
export type PullFilters = (Filters & { kind: 'fixed' })['pull'];

export const NO_FILTERS: Filters = { kind: 'off' };

/** A filter that can't be. The message names what is wrong and what there is. */
export class BadFilter extends Error {
  override name = 'BadFilter';
}

const isCodec = (name: string): name is CodecName => codecNames.some((codec) => codec === name);

/** "topk:0.01+int8;b1=off": a spec for all tables, then, after semicolons, those of single tables. @throws BadFilter */
export const parsePushFilters = (text: string): PushFilters => parseTables(text, parsePushSpec);
/** @throws BadFilter */
export const parsePullFilters = (text: string): PullFilters => parseTables(text, parsePullSpec);

function parseTables<T>(text: string, parse: (text: string) => T | null) {
  const [all = '', ...others] = text.split(';');
  const tables = others.map((part) => {
    const at = part.indexOf('=');
    if (at < 1) throw new BadFilter(`"${part}" is not TABLE=FILTER, e.g. b1=off.`);
    return { table: part.slice(0, at).trim(), spec: parse(part.slice(at + 1)) };
  });
  return { all: parse(all), tables };
}

/** @returns null for "off" @throws BadFilter */
export function parsePushSpec(text: string): PushSpec | null {
  const parts = partsOf(text);
  if (parts === null) return null;
  const codec = codecAtEnd(parts);
  const spec = pushSpecSchema.safeParse({ stages: parts.map(parsePushStage), codec });
  if (!spec.success) throw new BadFilter(`"${text}": ${spec.error.issues[0]?.message ?? 'is no filter'}.`);
  return spec.data;
}

/** @returns null for "off" @throws BadFilter */
export function parsePullSpec(text: string): PullSpec | null {
  const parts = partsOf(text);
  if (parts === null) return null;
  const codec = codecAtEnd(parts);
  const isDelta = parts[0] === 'delta';
  if (parts.length > (isDelta ? 1 : 0)) {
    throw new BadFilter(`"${text}" is no filter of pulls: off, ${codecNames.join(', ')}, or delta+ one of them.`);
  }
  if (codec === 'onebit' && !isDelta) throw new BadFilter('onebit needs delta in pulls: delta+onebit.');
  return { isDelta, codec };
}

function partsOf(text: string): string[] | null {
  const parts = text.trim().toLowerCase().split('+');
  return parts.length === 1 && parts[0] === 'off' ? null : parts;
}

/** Takes the codec off the end; without one it is f32. */
function codecAtEnd(parts: string[]): CodecName {
  const last = parts.at(-1) ?? '';
  if (!isCodec(last)) return 'f32';
  parts.pop();
  return last;
}

const PUSH_STAGES = 'topk:SHARE[:MOMENTUM], randomk:SHARE, significant:SHARE, skip:CHANCE, kkt';

function parsePushStage(text: string): unknown {
  const [kind = '', ...numbers] = text.split(':');
  const [first = Number.NaN, second = 0] = numbers.map(Number);
  switch (kind) {
    case 'topk':
      return { kind, fraction: first, momentum: second };
    case 'randomk':
      return { kind, fraction: first };
    case 'significant':
      return { kind, threshold: first };
    case 'skip':
      return { kind, chance: first };
    case 'kkt':
      return { kind };
    default:
      throw new BadFilter(
        `There is no filter "${text}" for pushes. There is: ${PUSH_STAGES}, ${codecNames.join(', ')}.`,
      );
  }
}

/** The text that parses to the same filters. */
export const pushFiltersText = (filters: PushFilters): string => tablesText(filters, pushSpecText);
export const pullFiltersText = (filters: PullFilters): string => tablesText(filters, pullSpecText);

function tablesText<T>(
  { all, tables }: { all: T | null; tables: readonly { table: string; spec: T | null }[] },
  textOf: (spec: T | null) => string,
): string {
  return [textOf(all), ...tables.map(({ table, spec }) => `${table}=${textOf(spec)}`)].join(';');
}

export const pushSpecText = (spec: PushSpec | null): string =>
  spec === null ? 'off' : [...spec.stages.map(stageText), spec.codec].join('+');

export const pullSpecText = (spec: PullSpec | null): string =>
  spec === null ? 'off' : [...(spec.isDelta ? ['delta'] : []), spec.codec].join('+');

function stageText(stage: PushStage): string {
  switch (stage.kind) {
    case 'topk':
      return stage.momentum === 0 ? `topk:${stage.fraction}` : `topk:${stage.fraction}:${stage.momentum}`;
    case 'randomk':
      return `randomk:${stage.fraction}`;
    case 'significant':
      return `significant:${stage.threshold}`;
    case 'skip':
      return `skip:${stage.chance}`;
    case 'kkt':
      return 'kkt';
    default:
      return stage satisfies never;
  }
}

/** What a table has. */
export function specFor<T>(
  { all, tables }: { readonly all: T | null; readonly tables: readonly { table: string; spec: T | null }[] },
  table: string,
): T | null {
  const own = tables.find((entry) => entry.table === table);
  return own === undefined ? all : own.spec;
}
