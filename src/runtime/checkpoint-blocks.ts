// A checkpoint between its two forms: one file, and blocks that tabs fetch from each other (lists of segments, and each
// segment's state as a block). Segments are cut as the tables are, so both say the same.
import type { Checkpoint, CheckpointInfo, CheckpointTable } from '../data/checkpoint-file.ts';
import { MalformedBytes } from '../protocol/bytes.ts';
import type { RunPlan } from '../protocol/control.ts';
import { decodeFrame, encodeFrame } from '../protocol/frame-codec.ts';
import type { Cut } from '../protocol/frames.ts';
import { NO_EPOCH, nodeId, segmentKey } from '../protocol/ids.ts';
import { cutSegments } from '../ps/table.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';

/** A segment's state as a block. What names the moment of one cut, not the state, is left out. */
export function encodeCut(cut: Cut): Uint8Array {
  const parts = encodeFrame({ ...cut, epoch: NO_EPOCH, stamp: NO_EPOCH, run: 0 });
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** @throws MalformedBytes */
export function decodeCut(bytes: Uint8Array): Cut {
  const frame = decodeFrame(bytes);
  if (frame.kind !== 'cut') throw new MalformedBytes(`a ${frame.kind} frame instead of a segment`);
  return frame;
}

/** Puts the segments of a checkpoint together. @throws MalformedBytes where one is missing or of another shape */
export function joinCuts(info: Omit<CheckpointInfo, 'segments'>, cuts: ReadonlyMap<number, Cut>): Checkpoint {
  const { plan } = info;
  const { slots, scalars } = createUpdater(plan.updater, plan.outer);
  const tables = plan.tables.map(({ keys, width }) => ({
    values: new Float32Array(keys * width),
    slots: Array.from({ length: slots }, () => new Float32Array(keys * width)),
  }));
  const segments = cutSegments(plan.tables).map(({ table, segment, start, floats }) => {
    const cut = cuts.get(segmentKey(table, segment));
    const target = tables[table];
    const fits = cut?.values.length === floats && cut.slots.length === slots && cut.scalars.length === scalars.length;
    if (cut === undefined || target === undefined || !fits) {
      throw new MalformedBytes(`segment ${segment} of table ${table} is missing or doesn't fit`);
    }
    const offset = start * (plan.tables[table]?.width ?? 1);
    target.values.set(cut.values, offset);
    cut.slots.forEach((slot, index) => {
      target.slots[index]?.set(slot, offset);
    });
    return segmentOf(cut);
  });
  return { info: { ...info, segments }, tables };
}

function segmentOf({ version, floor, clocks, scalars }: Cut): CheckpointInfo['segments'][number] {
  const ahead = clocks
    .filter(({ clock }) => clock > floor)
    .map(({ worker, clock }): [number, number] => [worker.node, clock]);
  return { version, floor, ahead, scalars: [...scalars] };
}

/** Cuts a checkpoint into its segments. @throws MalformedBytes where the file doesn't fit its own plan */
export function splitCheckpoint({ info, tables }: Checkpoint): Cut[] {
  const { plan, clock } = info;
  const ranges = cutSegments(plan.tables);
  const updater = createUpdater(plan.updater, plan.outer);
  checkTables(plan, tables, updater.slots);
  if (info.segments.length !== ranges.length) {
    throw new MalformedBytes(`${info.segments.length} segments, where the tables have ${ranges.length}`);
  }
  return ranges.map(({ table, segment, start, floats }, index): Cut => {
    const offset = start * (plan.tables[table]?.width ?? 1);
    const { values, slots } = tables[table] ?? { values: new Float32Array(0), slots: [] };
    const { version, floor, ahead, scalars } = info.segments[index] ?? {
      version: 0,
      floor: clock,
      ahead: [],
      scalars: [],
    };
    if (scalars.length !== updater.scalars.length) throw new MalformedBytes(`${scalars.length} scalars of a segment`);
    const part = (array: Float32Array) => array.subarray(offset, offset + floats);
    return {
      ...{ kind: 'cut', epoch: NO_EPOCH, stamp: NO_EPOCH, run: 0, clock, table, segment, version, floor },
      clocks: ahead.map(([node, at]) => ({ worker: { node: nodeId(node), incarnation: 0 }, clock: at })),
      pushes: [],
      scalars: Float64Array.from(scalars),
      values: part(values),
      slots: slots.map(part),
    };
  });
}

function checkTables(plan: RunPlan, tables: readonly CheckpointTable[], slots: number): void {
  plan.tables.forEach(({ name }, index) => {
    const found = tables[index]?.slots.length ?? 0;
    if (found !== slots) throw new MalformedBytes(`table ${name} has ${found} arrays of updater state, not ${slots}`);
  });
}
