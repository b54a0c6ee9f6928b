// What a table is: rows of f32 under u32 keys, cut into segments. A pure description; storage is in rows.ts.
import { MAX_PARAMETERS, MAX_PLACEMENTS, MAX_SEGMENTS, MAX_TABLES, MAX_WIDTH } from '../protocol/limits.ts';

/** How rows start. A row's first value is a pure function of (seed, table, key), so any shard can make it by itself. */
export type Init =
  | { readonly kind: 'zeros' }
  /** Independent values, uniform in [-scale, scale). */
  | { readonly kind: 'uniform'; readonly scale: number };

export interface TableSpec {
  /** Unique in the job; the name of the tensor in a download. */
  readonly name: string;
  /** Keys are 0 … keys−1. */
  readonly keys: number;
  /** Floats per key. */
  readonly width: number;
  readonly init: Init;
  /** Shape of the tensor in a download; its product is keys × width. */
  readonly shape: readonly number[];
}

/** A contiguous key range of a table: the unit of ownership, clocks, replication and migration. */
export interface SegmentRange {
  readonly table: number;
  readonly segment: number;
  /** First key. */
  readonly start: number;
  /** One past the last key. */
  readonly end: number;
  /** Floats in the range. */
  readonly floats: number;
}

/** Floats per segment aimed at: 64 KiB of f32, so that a dense layer streams in pieces and spreads over servers. */
export const SEGMENT_FLOATS = 16_384;

/** A table that no shard could hold as described. */
export class InvalidTable extends Error {
  override name = 'InvalidTable';
}

/**
 * Cuts each table into segments of about `SEGMENT_FLOATS`. Depends on the tables alone, never on the servers, so that
 * results don't either.
 * @throws InvalidTable
 */
export function cutSegments(tables: readonly TableSpec[]): SegmentRange[] {
  if (tables.length === 0 || tables.length > MAX_TABLES) {
    throw new InvalidTable(`A job has 1 to ${MAX_TABLES} tables, not ${tables.length}.`);
  }
  const segments = tables.flatMap((table, index) => cutTable(table, index));
  const floats = segments.reduce((sum, range) => sum + range.floats, 0);
  if (floats > MAX_PARAMETERS) {
    throw new InvalidTable(`The tables have ${floats} values; at most ${MAX_PARAMETERS} are possible.`);
  }
  if (segments.length > MAX_PLACEMENTS) {
    throw new InvalidTable(`The tables make ${segments.length} segments; at most ${MAX_PLACEMENTS} are possible.`);
  }
  return segments;
}

function cutTable(spec: TableSpec, table: number): SegmentRange[] {
  const { name, keys, width } = spec;
  if (!Number.isInteger(keys) || keys < 1 || keys > 2 ** 32) throw new InvalidTable(`Table ${name} has ${keys} keys.`);
  if (!Number.isInteger(width) || width < 1 || width > MAX_WIDTH) {
    throw new InvalidTable(`Table ${name} has rows of ${width} floats; 1 to ${MAX_WIDTH} are possible.`);
  }
  const wanted = Math.ceil((keys * width) / SEGMENT_FLOATS);
  const count = Math.min(wanted, keys, MAX_SEGMENTS);
  return Array.from({ length: count }, (_, segment) => {
    const start = Math.floor((keys * segment) / count);
    const end = Math.floor((keys * (segment + 1)) / count);
    return { table, segment, start, end, floats: (end - start) * width };
  });
}
