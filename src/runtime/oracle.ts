// The same run in one thread, without any of the parameter server: gradients of a clock's batch, one mean, one updater over
// whole tables. What BSP must agree with, whatever the number of workers and servers.
import type { Block } from '../data/dataset.ts';
import type { Picks } from '../data/sampler.ts';
import type { TableValues, Trainer } from '../jobs/job.ts';
import { findJob } from '../jobs/registry.ts';
import type { ClusterState } from '../protocol/control.ts';
import { scheduleAt } from '../ps/consistency.ts';
import type { TableSpec } from '../ps/table.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import type { Updater } from '../ps/updaters/updater.ts';
import { hashUnit } from '../random.ts';
import { Batches, type PickedBatch } from './batches.ts';
import type { BlockExchange } from './block-exchange.ts';
import { openRunData } from './run-data.ts';

export interface OracleResult {
  readonly tables: readonly Float32Array[];
  readonly samplesPerSecond: number;
}

interface OracleTable {
  readonly spec: TableSpec;
  readonly values: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly scalars: Float64Array;
}

/**
 * How the gradient of a clock's batch is computed. `shares`: one share after the other, as each worker had it, and then
 * their mean (gradient accumulation); the same roundings as in the cluster. `whole`: in one go; differs by an ulp per
 * sum, and where that flips a ReLU near zero, by more.
 */
export type OracleBatches = 'shares' | 'whole';

/** Trains `cluster.plan` from the start, alone, on the batches that the run's workers took. */
export async function trainOracle(
  cluster: ClusterState,
  mode: OracleBatches,
  exchange: BlockExchange,
): Promise<OracleResult> {
  const { plan, schedule, map } = cluster;
  if (plan === null) throw new RangeError('There is no run to repeat.');
  const job = findJob(plan.job);
  const options = job.options.parse(plan.options);
  const data = await openRunData(plan.data, job, exchange);
  const trainer = await job.createTrainer(options, data.meta);
  const updater = createUpdater(plan.updater);
  const tables = plan.tables.map((spec, index) => startTable(spec, index, plan.seed, updater));
  const makeBatches = () => map.workers.map(({ node }) => new Batches(plan, data, node));
  const shares = makeBatches();
  const gradientsOf = async (takers: readonly Batches[]) => {
    const parts = (await Promise.all(takers.map((share) => share.next(cluster)))).filter((part) => part !== null);
    const batches = mode === 'whole' ? [{ block: concatenate(parts), picks: null }] : parts;
    const gradients: BatchGradient[] = [];
    for (const batch of batches) gradients.push(await gradientOf(tables, trainer, updater, batch));
    return gradients;
  };
  // Workers have their blocks and their kernels before the clocks run: that isn't timed here either.
  for (let index = 0; index < data.splits.train.blocks; index++) await data.block('train', index);
  await gradientsOf(makeBatches());
  const start = performance.now();
  for (let clock = 0; clock < plan.steps; clock++) {
    const gradients = await gradientsOf(shares);
    const { learningRate } = scheduleAt(schedule, clock);
    tables.forEach((table, index) => {
      applyMean(table, index, gradients, updater, learningRate);
    });
  }
  const seconds = (performance.now() - start) / 1000;
  trainer.dispose();
  for (const table of tables) updater.refresh?.(table.values, table.slots, 0, table.values.length, table.scalars);
  return { tables: tables.map(({ values }) => values), samplesPerSecond: (plan.steps * plan.batch) / seconds };
}

/** The gradient of one batch's mean loss, and how many samples it stands for. */
interface BatchGradient {
  readonly samples: number;
  readonly tables: readonly TableValues[];
}

async function gradientOf(
  tables: readonly OracleTable[],
  trainer: Trainer,
  updater: Updater,
  { block, picks }: { readonly block: Block; readonly picks: Picks | null },
): Promise<BatchGradient> {
  const keys = trainer.keysOf(block, picks);
  const parameters = tables.map((table, index) => ({
    keys: keys[index] ?? null,
    values: readRows(table, keys[index] ?? null, updater),
  }));
  const gradient = await trainer.gradient(parameters, block, picks);
  return { samples: block.count, tables: gradient.tables };
}

function startTable(spec: TableSpec, index: number, seed: number, updater: Updater): OracleTable {
  const floats = spec.keys * spec.width;
  const { init } = spec;
  const values = new Float32Array(floats);
  if (init.kind === 'uniform') {
    for (let at = 0; at < floats; at++) values[at] = (2 * hashUnit(seed, index, at) - 1) * init.scale;
  }
  const slots = Array.from({ length: updater.slots }, () => new Float32Array(floats));
  return { spec, values, slots, scalars: Float64Array.from(updater.scalars) };
}

function readRows(
  { spec, values, slots, scalars }: OracleTable,
  keys: Uint32Array | null,
  updater: Updater,
): Float32Array {
  if (keys === null) {
    updater.refresh?.(values, slots, 0, values.length, scalars);
    return values.slice();
  }
  const rows = new Float32Array(keys.length * spec.width);
  keys.forEach((key, row) => {
    updater.refresh?.(values, slots, key * spec.width, spec.width, scalars);
    rows.set(values.subarray(key * spec.width, (key + 1) * spec.width), row * spec.width);
  });
  return rows;
}

/** Σ samplesᵢ·gᵢ / Σ samplesᵢ in the order given, spread over the whole table, then one update of the rows touched. */
function applyMean(
  { spec, values, slots, scalars }: OracleTable,
  index: number,
  gradients: readonly BatchGradient[],
  updater: Updater,
  learningRate: number,
): void {
  const total = gradients.reduce((sum, { samples }) => sum + samples, 0);
  const mean = new Float32Array(values.length);
  const touched = new Set<number>();
  let isWhole = true;
  for (const { samples, tables } of gradients) {
    const rows = tables[index];
    if (rows === undefined) continue;
    isWhole &&= rows.keys === null;
    const count = rows.keys?.length ?? spec.keys;
    for (let row = 0; row < count; row++) {
      const key = rows.keys?.[row] ?? row;
      if (rows.keys !== null) touched.add(key);
      for (let column = 0; column < spec.width; column++) {
        const at = key * spec.width + column;
        mean[at] = (mean[at] ?? 0) + (rows.values[row * spec.width + column] ?? 0) * (samples / total);
      }
    }
  }
  const context = { learningRate, weight: 1, scalars };
  updater.advance(context);
  if (isWhole) updater.apply(values, slots, 0, mean, 0, values.length, context);
  for (const key of touched)
    updater.apply(values, slots, key * spec.width, mean, key * spec.width, spec.width, context);
}

/** The workers' batches end to end, by rank. */
function concatenate(batches: readonly PickedBatch[]): Block {
  const parts = batches.map(({ block }) => block);
  const dense = parts.filter((part) => part.kind === 'dense');
  const sparse = parts.filter((part) => part.kind === 'sparse');
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const y = Uint32Array.from(parts.flatMap((part) => [...part.y]));
  const [first] = dense;
  if (first !== undefined) {
    const x = new Float32Array(count * first.features);
    let at = 0;
    for (const part of dense) {
      x.set(part.x, at);
      at += part.x.length;
    }
    return { kind: 'dense', count, features: first.features, x, y };
  }
  const indptr = new Uint32Array(count + 1);
  let [row, offset] = [0, 0];
  for (const part of sparse) {
    for (let index = 1; index <= part.count; index++) indptr[++row] = offset + (part.indptr[index] ?? 0);
    offset += part.indices.length;
  }
  const indices = Uint32Array.from(sparse.flatMap((part) => [...part.indices]));
  const values = Float32Array.from(sparse.flatMap((part) => [...part.values]));
  return { kind: 'sparse', count, indptr, indices, values, y };
}
