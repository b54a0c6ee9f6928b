// The safetensors format (https://github.com/huggingface/safetensors, "Format"): u64 header length, JSON header, raw
// little-endian values. Only F32 here: it is what the tables hold.
import { z } from 'zod';
import { ByteReader, bytesOf, MalformedBytes } from '../protocol/bytes.ts';

/** A named tensor; `values` has as many elements as `shape` multiplies to. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A file's tensors in the order of their bytes, and its metadata. */
export interface Safetensors {
  readonly tensors: readonly Tensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Tensors that the format can't hold: the message says which and why. */
export class BadTensor extends Error {
  override name = 'BadTensor';
}

const METADATA_KEY = '__metadata__';
/** The reference implementation refuses larger headers (100 MB): a bound on what a file makes us parse. */
const MAX_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The bytes of a `.safetensors` file. Throws `BadTensor` for a repeated or reserved name, or a shape that doesn't fit. */
export function encodeSafetensors(tensors: readonly Tensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  checkTensors(tensors);
  // Written entry by entry: an object would reorder names that look like numbers, and lose one called __proto__.
  const entries: string[] = [];
  if (Object.keys(metadata).length > 0) entries.push(`"${METADATA_KEY}":${JSON.stringify(metadata)}`);
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const entry = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset += values.byteLength;
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);
  const headerBytes = Math.ceil(json.byteLength / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(8 + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.byteLength, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const { values } of tensors) {
    bytes.set(bytesOf(values), at);
    at += values.byteLength;
  }
  return bytes;
}

function checkTensors(tensors: readonly Tensor[]): void {
  const names = new Set<string>([METADATA_KEY]);
  for (const { name, shape, values } of tensors) {
    if (names.has(name)) throw new BadTensor(`the name ${name} is reserved or used twice`);
    names.add(name);
    if (!shape.every((size) => Number.isInteger(size) && size >= 0) || sizeOf(shape) !== values.length) {
      throw new BadTensor(`${name} has ${values.length} values, which is not [${shape.join(', ')}]`);
    }
  }
}

const entrySchema = z.strictObject({
  dtype: z.literal('F32'),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * The tensors of a `.safetensors` file whose tensors are all F32. Values are views of `bytes` where it is aligned.
 * Throws `MalformedBytes` for anything the format forbids: gaps, overlaps, lengths that don't match shapes, leftovers.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const reader = new ByteReader(bytes);
  const headerBytes = reader.u32() + reader.u32() * 2 ** 32;
  if (headerBytes > MAX_HEADER_BYTES) throw new MalformedBytes(`a header of ${headerBytes} bytes is too large`);
  const header = parseHeader(reader.raw(headerBytes));
  const metadata = new Map<string, string>();
  const entries: { name: string; shape: number[]; start: number; end: number }[] = [];
  for (const [name, value] of header) {
    if (name === METADATA_KEY) {
      for (const [key, text] of Object.entries(check(metadataSchema, value, name))) metadata.set(key, text);
      continue;
    }
    const { shape, data_offsets } = check(entrySchema, value, name);
    entries.push({ name, shape, start: data_offsets[0], end: data_offsets[1] });
  }
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  const tensors = entries.map(({ name, shape, start, end }): Tensor => {
    if (start !== at) throw new MalformedBytes(`tensor ${name} starts at ${start}, expected ${at}`);
    if (end - start !== 4 * sizeOf(shape))
      throw new MalformedBytes(`tensor ${name} does not fill [${shape.join(', ')}]`);
    at = end;
    return { name, shape, values: reader.f32s(sizeOf(shape)) };
  });
  reader.end();
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): [string, unknown][] {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new MalformedBytes('a safetensors header that is not JSON', { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new MalformedBytes('a safetensors header that is not an object');
  }
  return Object.entries(header);
}

function check<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MalformedBytes(`safetensors entry ${name}: ${parsed.error.issues[0]?.message ?? 'invalid'}`);
}
