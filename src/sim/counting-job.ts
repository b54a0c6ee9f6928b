// The job of the simulator: every push leaves a receipt, a 1 in a slot of its own in every segment, so that at the end one
// can read which pushes are in and how often. Beside it whole numbers in a dense table, so that both kinds of keys travel.

import type { RunPlan } from '../protocol/control.ts';
import type { WorkerId } from '../protocol/ids.ts';
import { CLASSIFIER_MEASURES } from '../protocol/measures.ts';
import type { Rows } from '../ps/segment.ts';
import { SEGMENT_FLOATS, type TableSpec } from '../ps/table.ts';
import { hash32 } from '../random.ts';

/** Receipts per segment: one slot for each push of a run. */
export const SLOTS = 8_192;

/** A row of a receipt: wide, so that few slots make a segment. */
const RECEIPT_WIDTH = SEGMENT_FLOATS / SLOTS;

/** Of the table that workers pull whole. */
export const DENSE_TABLE = 1;
const DENSE_KEYS = 16;
const DENSE_WIDTH = 4;

export function countingTables(segments: number): TableSpec[] {
  const keys = SLOTS * segments;
  return [
    { name: 'receipts', keys, width: RECEIPT_WIDTH, init: { kind: 'zeros' }, shape: [keys, RECEIPT_WIDTH] },
    { name: 'dense', keys: DENSE_KEYS, width: DENSE_WIDTH, init: { kind: 'zeros' }, shape: [DENSE_KEYS, DENSE_WIDTH] },
  ];
}

export function countingPlan(segments: number, workers: number, steps: number, replicas: number): RunPlan {
  return {
    run: 0,
    job: 'counting',
    title: 'Counting',
    measures: CLASSIFIER_MEASURES,
    options: {},
    seed: 1,
    batch: workers,
    steps,
    updater: { kind: 'add' },
    replicas,
    tables: countingTables(segments).map((table) => ({ ...table, shape: [...table.shape] })),
    data: {
      name: 'receipts',
      train: { samples: 512, blockSamples: 8, blocks: 64 },
      test: { samples: 8, blockSamples: 8, blocks: 1 },
      source: { kind: 'generated', seed: 1, samples: null },
    },
    evaluateEvery: 1_000_000,
    lossEvery: 1,
    checkpoint: { steps: null, seconds: null },
    startedAt: 0,
    from: null,
  };
}

/** What the push of one worker's clock carries: receipts in slot `slot` of every segment, and its own whole numbers. */
export function pushRows(segments: number, slot: number, worker: WorkerId, clock: number): Rows[] {
  const keys = Uint32Array.from({ length: segments }, (_, segment) => segment * SLOTS + slot);
  const receipts = new Float32Array(segments * RECEIPT_WIDTH).fill(1);
  const dense = Float32Array.from(
    { length: DENSE_KEYS * DENSE_WIDTH },
    (_, at) => 1 + (hash32(worker.node, clock, at) % 4),
  );
  return [
    { keys, values: receipts },
    { keys: null, values: dense },
  ];
}

/** The same as whole tables: what goes round a ring is no list of keys. */
export function wholePushRows(segments: number, slot: number, worker: WorkerId, clock: number): Rows[] {
  const [receipts, dense] = pushRows(segments, slot, worker, clock);
  const values = new Float32Array(segments * SEGMENT_FLOATS);
  for (const key of receipts?.keys ?? []) values.fill(1, key * RECEIPT_WIDTH, (key + 1) * RECEIPT_WIDTH);
  return [{ keys: null, values }, ...(dense === undefined ? [] : [dense])];
}

/**
 * As the mean gradient of `covers` clocks, which SGD takes off as many times: so sums are those of receipts. A receipt's share of up
 * to eight clocks, times as many, is 1 in f32.
 */
export function gradientRows(segments: number, slot: number, worker: WorkerId, clock: number, covers: number): Rows[] {
  return wholePushRows(segments, slot, worker, clock).map(({ keys, values }) => ({
    keys,
    values: values.map((value) => -value / covers),
  }));
}

/** How often the push of `slot` is in a receipts segment; NaN where its row disagrees with itself. */
export function receiptsOf(values: Float32Array, slot: number): number {
  const row = values.subarray(slot * RECEIPT_WIDTH, (slot + 1) * RECEIPT_WIDTH);
  const [first = 0] = row;
  return row.every((value) => value === first) ? first : Number.NaN;
}
