// What the parts of a worker's loop share: who it is and what it works with, and one round of it.
import type { TableValues, Trainer } from '../jobs/job.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Batches, PickedBatch } from './batches.ts';
import type { Client, PulledTables } from './client.ts';
import type { Deferred, Signal } from './deferred.ts';
import type { Emulate } from './emulation.ts';
import { unionOfKeys } from './local-steps.ts';
import type { RunData } from './run-data.ts';
import type { RunFilters } from './run-filters.ts';
import type { StepLog } from './step-log.ts';
import type { WorkerMeter } from './worker-meter.ts';

export interface LoopParts {
  readonly self: NodeId;
  readonly plan: RunPlan;
  readonly client: Client;
  readonly trainer: Trainer;
  readonly data: RunData;
  readonly batches: Batches;
  readonly meter: WorkerMeter;
  readonly emulate: Emulate;
  readonly filters: RunFilters;
  readonly steps: StepLog;
  /** The newest cluster state; `changed` fires with each. */
  readonly cluster: () => ClusterState;
  readonly changed: Signal;
  /** True once this worker is out of the map, or the run is another. */
  readonly isOver: () => boolean;
}

/** The batches of one round, none where this worker has no share, with their pull under way. */
export interface Step {
  /** The clocks of the round: one, or as many as there are local steps. */
  readonly clock: number;
  readonly last: number;
  readonly batches: readonly PickedBatch[];
  readonly keys: KeyLists;
  readonly pulled: Promise<PulledTables>;
  /** For a worker that goes on from its own parameters: takes them instead of a pull. */
  readonly own: { readonly parameters: Deferred<PulledTables>; readonly into: readonly Float32Array[] } | null;
}

/** Key lists per table; null is all of a table. */
export type KeyLists = readonly (Uint32Array | null)[];

/** Takes the batches of `clocks` clocks from `clock` on; of a clock without a share none. @throws BlockNotFound */
export async function takeBatches(
  { cluster }: LoopParts,
  batches: Batches,
  clock: number,
  clocks: number,
): Promise<PickedBatch[]> {
  const taken: PickedBatch[] = [];
  batches.keepAlive(clocks);
  for (let step = 0; step < clocks; step++) {
    const batch = await batches.next(cluster(), clock + step);
    if (batch !== null) taken.push(batch);
  }
  return taken;
}

/** What any of the batches touches; nothing where there are none. */
export function keysOf({ plan, trainer }: LoopParts, batches: readonly PickedBatch[]): (Uint32Array | null)[] {
  const lists = batches.map((batch) => trainer.keysOf(batch.block, batch.picks));
  return lists.length === 0 ? plan.tables.map(() => new Uint32Array(0)) : unionOfKeys(lists, plan.tables.length);
}

/** What was pulled, as a trainer takes it. */
export const tableValues = (keys: KeyLists, { tables }: PulledTables): TableValues[] =>
  tables.map((values, table) => ({ keys: keys[table] ?? null, values }));
