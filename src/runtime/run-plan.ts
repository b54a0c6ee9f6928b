// From what a person asked for to a plan that every node can follow.

import type { DatasetMeta } from '../data/dataset.ts';
import { measuresOf } from '../jobs/job.ts';
import { findJob, parseOptions } from '../jobs/registry.ts';
import type { CheckpointPolicy, DataPlan, RunPlan } from '../protocol/control.ts';
import type { AggregatorSpec } from '../ps/aggregate-robust.ts';
import type { Consistency } from '../ps/consistency.ts';
import { LIVE_TEST_SAMPLES } from '../ps/run-progress.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import { AVERAGE, DILOCO, type OuterSpec } from '../ps/updaters/outer.ts';
import type { UpdaterKind, UpdaterSpec } from '../ps/updaters/updater.ts';

/** Points that a curve gets, and as many again for every fourfold length of a long run: enough to look smooth, few enough to send. */
const LOSS_POINTS = 400;
const ACCURACY_POINTS = 24;

/** Clocks after which a curve has its first point at the latest, however long the run: seconds, where a step takes tens of milliseconds. */
const MOST_LOSS_CLOCKS = 16;
const MOST_ACCURACY_CLOCKS = 256;

/** Share of the computation that evaluations on the way may cost: a forward pass is about a third of a gradient. */
const EVALUATION_SHARE = 0.05;
const FORWARD_SHARE = 1 / 3;

/** Settings of each updater where the job has no other wish. */
const UPDATERS: Record<UpdaterKind, UpdaterSpec> = {
  add: { kind: 'add' },
  sgd: { kind: 'sgd' },
  momentum: { kind: 'momentum', beta: 0.9, nesterov: false },
  adagrad: { kind: 'adagrad', epsilon: 1e-8 },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ftrl: { kind: 'ftrl', beta: 1, l1: 0, l2: 0 },
};

export interface PlanRequest {
  readonly job: string;
  /** The job's own options; what is absent has its default. */
  readonly options: Record<string, unknown>;
  readonly batch: number;
  readonly steps: number;
  readonly updater: string;
  readonly seed: number;
  readonly replicas: number;
  /** The mean when absent. */
  readonly aggregator?: AggregatorSpec | undefined;
  /** At the servers when absent. */
  readonly reduce?: 'server' | 'ring' | undefined;
  /** Gradients of workers far behind are also made by idle ones; absent: they are not. */
  readonly hasBackups?: boolean | undefined;
  /** Clocks between evaluations; chosen when absent. */
  readonly evaluateEvery?: number | undefined;
  /** Batches between two exchanges; absent or 1: as the filters say. */
  readonly localSteps?: number | undefined;
  /** What servers do with what came of them; chosen when absent, by `consistency`. */
  readonly outer?: OuterSpec | undefined;
  /** BSP when absent. */
  readonly consistency?: Consistency | undefined;
  /** Off when absent. */
  readonly checkpoint?: CheckpointPolicy | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt?: number | undefined;
}

/** A name that no updater has. */
export class UnknownUpdater extends Error {
  override name = 'UnknownUpdater';
}

/** An aggregator that compares gradients, for pushes that are none. */
export class UnfitAggregator extends Error {
  override name = 'UnfitAggregator';
}

const isUpdaterKind = (name: string): name is UpdaterKind => Object.hasOwn(UPDATERS, name);

/** @throws UnknownJob, UnknownUpdater, UnfitAggregator, BadOptions */
export function makePlan(request: PlanRequest, meta: DatasetMeta, data: DataPlan): RunPlan {
  const job = findJob(request.job);
  const options = parseOptions(job, request.options);
  const { batch, steps, seed, replicas, updater: name } = request;
  if (!isUpdaterKind(name)) {
    throw new UnknownUpdater(`There is no updater "${name}". There is: ${Object.keys(UPDATERS).join(', ')}.`);
  }
  const wish = job.defaults(options, meta).updater;
  const updater = wish.kind === name ? wish : UPDATERS[name];
  const isRobust = (request.aggregator?.kind ?? 'mean') !== 'mean';
  if (isRobust && createUpdater(UPDATERS[name]).aggregate === 'sum') {
    throw new UnfitAggregator(
      `${job.name} counts: its pushes are added up, and only the mean fits the updater "${name}".`,
    );
  }
  const tables = job.tables(options, meta).map((table) => ({ ...table, shape: [...table.shape] }));
  return {
    run: 0,
    job: job.name,
    title: job.title,
    measures: measuresOf(job, tables),
    options: { ...request.options },
    seed,
    batch,
    steps,
    updater,
    ...(request.aggregator && { aggregator: request.aggregator }),
    ...(request.reduce && { reduce: request.reduce }),
    ...(request.hasBackups && { hasBackups: true }),
    replicas,
    tables,
    ...(touchesAllKeys(meta) ? { isWhole: true } : {}),
    data,
    ...(request.evaluateEvery === undefined
      ? { evaluateEvery: evaluationInterval(steps, batch), evaluationsDoubleAfter: ACCURACY_POINTS }
      : { evaluateEvery: request.evaluateEvery }),
    lossEvery: Math.min(Math.ceil(steps / LOSS_POINTS), MOST_LOSS_CLOCKS),
    lossDoublesAfter: LOSS_POINTS,
    ...(driftsWith(updater, meta) ? { outer: request.outer ?? defaultOuter(request) } : {}),
    checkpoint: request.checkpoint ?? { steps: null, seconds: null },
    startedAt: request.startedAt ?? 0,
    from: null,
  };
}

/**
 * Local steps that were asked for are DiLoCo's in BSP. Elsewhere each drift is a step of its own, and a momentum takes every one
 * of them on again and again before the next worker knows: the workers' mean (bench convergence; Liu et al. 2024, "Asynchronous
 * local-SGD training for language modeling", finds the same). Those of the automatic mode come and go, and what has a
 * momentum of its own would carry it from one to the other.
 */
function defaultOuter({ localSteps = 1, consistency }: PlanRequest): OuterSpec {
  const isBsp = consistency === undefined || consistency.kind === 'bsp';
  return localSteps > 1 && isBsp ? DILOCO : AVERAGE;
}

/**
 * Where they don't, workers send the mean of the gradients that they met on their way instead of it: sums have no direction, FTRL's
 * state is the server's alone, and of sparse tables a worker knows only its rows.
 */
const driftsWith = (updater: UpdaterSpec, meta: DatasetMeta): boolean =>
  updater.kind !== 'ftrl' && updater.kind !== 'add' && touchesAllKeys(meta);

/** The schedule's local steps: the mean of several batches' counts is no count, so jobs that add push every batch. */
export const localStepsFor = ({ updater }: RunPlan, wanted = 1): number | undefined =>
  wanted === 1 || updater.kind === 'add' ? undefined : wanted;

/** What dense networks learn from: their gradients have no key without a value. */
export const touchesAllKeys = ({ kind }: DatasetMeta): boolean =>
  kind === 'dense' || kind === 'images' || kind === 'text' || kind === 'tabular';

/** Clocks between the first evaluations: often enough for a curve, seldom enough to cost little. */
function evaluationInterval(steps: number, batch: number): number {
  const affordable = (LIVE_TEST_SAMPLES * FORWARD_SHARE) / EVALUATION_SHARE / batch;
  return Math.max(Math.min(Math.ceil(steps / ACCURACY_POINTS), MOST_ACCURACY_CLOCKS), Math.ceil(affordable));
}
