// The parameters of a model as one safetensors file: each table a tensor of its own name and shape, and in the metadata
// everything that makes the model again: job, options, and what its data were.
import { z } from 'zod';
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_TABLES } from '../protocol/limits.ts';
import type { DatasetMeta } from './dataset.ts';
import { datasetMetaSchema } from './manifest.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts';

const FORMAT = 'pushpull';

/** What a model was made from. */
export interface ModelOrigin {
  readonly job: string;
  readonly options: Record<string, unknown>;
  readonly seed: number;
  readonly steps: number;
  /** Null in files that don't say it. */
  readonly data: DatasetMeta | null;
}

export interface ParametersFile extends ModelOrigin {
  /** In the order of the job's tables, as the file has them. */
  readonly tensors: readonly Tensor[];
}

/** A safetensors file of somebody else's: nothing says which model it is. */
export class NotOurParameters extends Error {
  override name = 'NotOurParameters';
}

const count = z.coerce.number().int().min(0).max(0xffff_ffff);

/** @throws BadTensor where the tensors don't have their shapes */
export function encodeParameters({ tensors, job, options, seed, steps, data }: ParametersFile): Uint8Array {
  return encodeSafetensors(tensors, {
    ...{ format: FORMAT, job, options: JSON.stringify(options), seed: String(seed), steps: String(steps) },
    ...(data !== null && { data: JSON.stringify(data) }),
  });
}

/**
 * Parameters from a file that may be anything.
 * @throws MalformedBytes where it is damaged, NotOurParameters where it doesn't say what it is
 */
export function decodeParameters(bytes: Uint8Array): ParametersFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const [job, options] = [metadata.get('job'), metadata.get('options')];
  if (metadata.get('format') !== FORMAT || job === undefined || options === undefined) {
    throw new NotOurParameters('its metadata don’t say which model it is: use a file that was downloaded here');
  }
  if (tensors.length > MAX_TABLES) throw new MalformedBytes(`${tensors.length} tensors`);
  const data = metadata.get('data');
  return {
    tensors,
    job,
    options: parse('options', z.record(z.string(), z.unknown()), options),
    seed: count.catch(0).parse(metadata.get('seed')),
    steps: count.catch(0).parse(metadata.get('steps')),
    data: data === undefined ? null : parse('data', datasetMetaSchema, data),
  };
}

function parse<T>(what: string, schema: z.ZodType<T>, text: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MalformedBytes(`metadata ${what} that are not JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new MalformedBytes(`metadata ${what}: ${parsed.error.issues[0]?.message ?? 'invalid'}`);
}
