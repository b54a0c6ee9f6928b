// A checkpoint as one file: safetensors that any reader of that format opens. Each table is a tensor of its own name in its
// own shape, the updater's state beside it as `name.slot.0`, …; everything else (plan, clocks, curves) is JSON in the metadata, with
// a SHA-256 over it and over all tensors, so that a damaged file is known as one.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { bytesOf, MalformedBytes } from '../protocol/bytes.ts';
import { MAX_PLACEMENTS, MAX_ROOM_NODES, MAX_SLOTS } from '../protocol/limits.ts';
import { planSchema, scheduleSchema } from '../protocol/plan.ts';
import { historySchema } from '../protocol/reports.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors, type Tensor } from './safetensors.ts';

const FORMAT = 'pushpull';
const VERSION = 1;

const clock = z.number().int().min(-1).max(0x7fff_ffff);

/** What a segment has besides its rows, in the order of the run's segments. */
const segmentSchema = z.object({
  version: z.number().int().min(0).max(0xffff_ffff),
  /** Every worker had finished this clock; those listed were ahead: [node, clock]. */
  floor: clock,
  ahead: z.array(z.tuple([z.number().int(), clock])).max(MAX_ROOM_NODES),
  scalars: z.array(z.number()).max(64),
});

const infoSchema = z.object({
  version: z.literal(VERSION),
  plan: planSchema,
  schedule: scheduleSchema.min(1),
  /** All iterations up to this one are in. */
  clock,
  /** Workers that it had: with as many a run in BSP goes on bit for bit. */
  workers: z.number().int().min(0).max(MAX_ROOM_NODES),
  /** Milliseconds since 1970. */
  savedAt: z.number().int().min(0),
  history: historySchema,
  segments: z.array(segmentSchema).min(1).max(MAX_PLACEMENTS),
});

export type CheckpointInfo = z.infer<typeof infoSchema>;
export type CheckpointSegment = CheckpointInfo['segments'][number];

/** One table: its rows, and the updater's state of them. */
export interface CheckpointTable {
  readonly values: Float32Array;
  readonly slots: readonly Float32Array[];
}

export interface Checkpoint {
  readonly info: CheckpointInfo;
  /** In the order of the plan's tables. */
  readonly tables: readonly CheckpointTable[];
}

/** A safetensors file that is whole, but no checkpoint: parameters alone, or somebody else's. */
export class NotACheckpoint extends Error {
  override name = 'NotACheckpoint';
}

const slotName = (name: string, slot: number): string => `${name}.slot.${slot}`;

/** The file's bytes. @throws BadTensor where the tables don't have their shapes */
export function encodeCheckpoint({ info, tables }: Checkpoint): Uint8Array {
  const { job, options, seed, steps } = info.plan;
  const tensors = tables.flatMap(({ values, slots }, table): Tensor[] => {
    const { name = String(table), shape = [values.length] } = info.plan.tables[table] ?? {};
    const state = slots.map((slot, index) => ({ name: slotName(name, index), shape, values: slot }));
    return [{ name, shape, values }, ...state];
  });
  const checkpoint = JSON.stringify(info);
  const metadata = {
    ...{ format: FORMAT, job, options: JSON.stringify(options), seed: String(seed), steps: String(steps) },
    checkpoint,
    sha256: digestOf(checkpoint, tensors),
  };
  return encodeSafetensors(tensors, metadata);
}

/**
 * A checkpoint from a file that may be anything.
 * @throws MalformedBytes where it is damaged, NotACheckpoint where it is another safetensors file
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = decodeSafetensors(bytes);
  const checkpoint = file.metadata.get('checkpoint');
  if (file.metadata.get('format') !== FORMAT || checkpoint === undefined) {
    throw new NotACheckpoint('This file holds parameters, but nothing to go on from: download a checkpoint instead.');
  }
  if (digestOf(checkpoint, file.tensors) !== file.metadata.get('sha256')) {
    throw new MalformedBytes('its contents are not what was written');
  }
  const info = parseInfo(checkpoint);
  return { info, tables: info.plan.tables.map(({ name, keys, width }) => tableOf(file, name, keys * width)) };
}

function tableOf({ tensors }: Safetensors, name: string, floats: number): CheckpointTable {
  const find = (wanted: string) => {
    const tensor = tensors.find((tensor) => tensor.name === wanted);
    if (tensor !== undefined && tensor.values.length !== floats) {
      throw new MalformedBytes(`tensor ${wanted} has ${tensor.values.length} values, not ${floats}`);
    }
    return tensor?.values;
  };
  const values = find(name);
  if (values === undefined) throw new MalformedBytes(`there is no tensor ${name}`);
  const slots = Array.from({ length: MAX_SLOTS }, (_, slot) => find(slotName(name, slot)));
  const count = slots.indexOf(undefined);
  return { values, slots: slots.slice(0, count < 0 ? MAX_SLOTS : count).flatMap((slot) => slot ?? []) };
}

function parseInfo(text: string): CheckpointInfo {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MalformedBytes('a checkpoint whose description is not JSON', { cause });
  }
  const parsed = infoSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MalformedBytes(`checkpoint ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

function digestOf(checkpoint: string, tensors: readonly Tensor[]): string {
  const hash = sha256.create().update(new TextEncoder().encode(checkpoint));
  for (const { name, shape, values } of tensors) {
    hash.update(new TextEncoder().encode(JSON.stringify([name, shape])));
    hash.update(bytesOf(values));
  }
  return bytesToHex(hash.digest());
}
