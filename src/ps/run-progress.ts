// What the scheduler knows of a run's progress: curves merged from the workers' reports, time spent training, figures
// per node. Pure bookkeeping; the scheduler decides.
import type { Metrics, MetricsMessage, Point, Report, RunPlan, SplitPlan, WorkerReport } from '../protocol/control.ts';

import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';
import { MAX_ROOM_NODES } from '../protocol/limits.ts';
import { Curve } from './curve.ts';
import { emptyProgress, linesOf, type NodeProgress, type NodeRole, totalsOf } from './node-figures.ts';
import { isPrivateRun } from './privacy.ts';
import { withLists } from './report-lists.ts';
import { lossSpacing, stretchOf } from './spacing.ts';
import { Tallies } from './tallies.ts';
import { type Pace, WorkerPaces } from './worker-paces.ts';

/** Sums waiting for the last worker's part. Older ones are dropped: a worker that left will not complete them. */
const MAX_OPEN_BUCKETS = 256;

interface Sum {
  value: number;
  samples: number;
}

/** Of an evaluation: what the score and the loss come to so far. */
interface EvaluationSum extends Sum {
  loss: number;
}

export class RunProgress {
  private readonly nodes = new Map<NodeId, NodeProgress>();
  private readonly tallies: Tallies;
  private readonly paces = new WorkerPaces();
  private readonly losses = new Map<number, Sum>();
  private readonly evaluations = new Map<number, EvaluationSum>();
  /** Mean loss of the newest complete evaluation. */
  private testLoss: number | null = null;
  private readonly loss: Curve;
  private readonly accuracy: Curve;
  /** Milliseconds spent training, and since when it runs; null while it doesn't. */
  private trainedMs = 0;
  private runningSince: number | null = null;
  /** Training time when samples were last heard of: the evaluation at the end isn't training. */
  private lastSampleMs = 0;
  /** Clock that every worker had reached, as far as shown: a newcomer doesn't take it back. */
  private floor = NO_CLOCK;
  private now = 0;
  /** Which node comes first in the next message, where not all fit. */
  private turn = 0;
  /** Begun by another scheduler. */
  private readonly isAdopted: boolean;

  /** @param history what an earlier scheduler had sent of this run; null for a new one */
  constructor(
    readonly plan: RunPlan,
    history: (Pick<Metrics, 'run' | 'clock' | 'seconds' | 'loss' | 'accuracy'> & Partial<Metrics>) | null,
  ) {
    const known = history?.run === plan.run ? history : null;
    this.isAdopted = known !== null;
    this.tallies = new Tallies(known?.tallies ?? []);
    this.loss = new Curve(known?.loss);
    this.accuracy = new Curve(known?.accuracy);
    this.trainedMs = (known?.seconds ?? 0) * 1000;
    this.lastSampleMs = this.trainedMs;
    this.floor = known?.clock ?? NO_CLOCK;
  }

  setRunning(isRunning: boolean, now: number): void {
    this.now = now;
    if (isRunning === (this.runningSince !== null)) return;
    if (this.runningSince !== null) this.trainedMs += now - this.runningSince;
    this.runningSince = isRunning ? now : null;
  }

  /** The run has ended, with the last sample. */
  finish(): void {
    this.runningSince = null;
    this.trainedMs = this.lastSampleMs;
  }

  /** Time spent training until `now`. */
  seconds(now: number): number {
    return (this.trainedMs + (this.runningSince === null ? 0 : now - this.runningSince)) / 1000;
  }

  take(from: NodeId, report: Report, now: number): void {
    this.now = now;
    const known = this.nodes.get(from);
    const progress = known ?? emptyProgress(this.tallies.samplesOf(from));
    this.nodes.set(from, progress);
    progress.report = withLists(report, progress.report);
    this.tallies.take(from, progress.report);
    const { worker } = report;
    if (worker === null) return;
    this.paces.take(from, worker);
    const done = Math.max(0, worker.samples - progress.samples);
    progress.samples = worker.samples;
    if (done > 0) this.lastSampleMs = 1000 * this.seconds(now);
    // What a new scheduler first hears of a node is all it has done, not what it did just now.
    if (known !== undefined || !this.isAdopted) progress.rates.take(done, worker);
    for (const [bucket, value, samples] of worker.losses) add(this.losses, bucket, value, samples);
    for (const evaluation of worker.evaluations) this.addEvaluation(evaluation, now);
  }

  forget(node: NodeId): void {
    // What it did is done; it goes on counting from there if it was only cut off.
    this.nodes.set(node, emptyProgress(this.tallies.samplesOf(node)));
    this.tallies.forget(node);
    this.paces.forget(node);
  }

  report(node: NodeId): Report | null {
    return this.nodes.get(node)?.report ?? null;
  }

  /** Of each of these workers, without what it waits for others; null before that is known. */
  pacesOf(workers: readonly NodeId[]): ReadonlyMap<NodeId, Pace | null> {
    return new Map(workers.map((node) => [node, this.paces.pace(node)]));
  }

  /** Least clock of these workers, and the greatest. */
  span(workers: readonly NodeId[]): { floor: number; front: number } {
    const clocks = workers.map((node) => this.report(node)?.worker?.clock ?? NO_CLOCK);
    return clocks.length === 0
      ? { floor: NO_CLOCK, front: NO_CLOCK }
      : { floor: Math.min(...clocks), front: Math.max(...clocks) };
  }

  /** Clocks per second, lately, from samples per second. */
  clocksPerSecond(workers: readonly NodeId[]): number {
    return this.samplesPerSecond(workers) / this.plan.batch;
  }

  private samplesPerSecond(workers: readonly NodeId[]): number {
    return workers.reduce((sum, node) => sum + (this.nodes.get(node)?.rates.samplesPerSecond ?? 0), 0);
  }

  /** Turns complete loss buckets into points: those that every worker has passed. */
  closeBuckets(floor: number, now: number): void {
    this.now = now;
    const { steps } = this.plan;
    const spacing = lossSpacing(this.plan);
    for (const [bucket, sum] of [...this.losses].sort(([a], [b]) => a - b)) {
      const last = Math.min(stretchOf(spacing, bucket).end, steps) - 1;
      if (last > floor) continue;
      this.losses.delete(bucket);
      if (sum.samples > 0) this.loss.add(this.point(last, sum.value / sum.samples, now));
    }
    trim(this.losses);
    if (isPrivateRun(this.plan)) this.closeEvaluations(floor, now);
  }

  /** Of data that nobody else knows an evaluation is complete when every worker has gone on from its clock. */
  private closeEvaluations(floor: number, now: number): void {
    for (const [clock, sum] of [...this.evaluations].sort(([a], [b]) => a - b)) {
      if (clock >= floor) continue;
      this.closeEvaluation(clock, sum, now);
    }
  }

  private addEvaluation([clock, loss, samples, score]: WorkerReport['evaluations'][number], now: number): void {
    const sum = this.evaluations.get(clock) ?? { value: 0, samples: 0, loss: 0 };
    sum.value += score;
    sum.samples += samples;
    sum.loss += loss;
    this.evaluations.set(clock, sum);
    if (isPrivateRun(this.plan)) return trim(this.evaluations);
    const wanted = this.evaluationSamples(clock);
    if (sum.samples < wanted) return trim(this.evaluations);
    this.closeEvaluation(clock, sum, now);
  }

  private closeEvaluation(clock: number, { value, loss, samples }: EvaluationSum, now: number): void {
    this.evaluations.delete(clock);
    if (samples === 0) return;
    this.testLoss = loss / samples;
    this.accuracy.add(this.point(Math.max(clock, 0), value / samples, now));
  }

  /** Samples that all workers together evaluate: a part of the test set on the way, all of it at the end. */
  private evaluationSamples(clock: number): number {
    const all = this.plan.data.test.samples;
    return clock >= this.plan.steps - 1
      ? all
      : Math.min(all, liveTestBlocks(this.plan.data.test) * this.plan.data.test.blockSamples);
  }

  private point(clock: number, value: number, now: number): Point {
    return [clock, (clock + 1) * this.plan.batch, this.seconds(now), value];
  }

  /** The message for the pages, with figures of every node; `isHistory` for one that has heard nothing yet. */
  metrics(nodes: readonly NodeRole[], isHistory: boolean): Metrics {
    const workers = nodes.filter(({ isWorker }) => isWorker).map(({ node }) => node);
    const pointsOf = (curve: Curve) => (isHistory ? [...curve.all] : curve.takeUnsent());
    return {
      ...this.figures(workers),
      loss: pointsOf(this.loss),
      accuracy: pointsOf(this.accuracy),
      isHistory,
      tallies: this.tallies.list(),
      nodes: linesOf(this.takeTurn(nodes), workers, this.nodes, this.paces),
    };
  }

  /** The message between two of those: what has a line per node is missing. */
  summary(workers: readonly NodeId[]): MetricsMessage {
    const curves = { loss: this.loss.takeUnsent(), accuracy: this.accuracy.takeUnsent() };
    return { ...this.figures(workers), ...curves, isHistory: false };
  }

  /** Of the run as a whole. */
  private figures(workers: readonly NodeId[]): Omit<MetricsMessage, 'loss' | 'accuracy' | 'isHistory'> {
    this.floor = Math.max(this.floor, this.span(workers).floor);
    return {
      kind: 'metrics',
      run: this.plan.run,
      clock: this.floor,
      samples: this.totalSamples(),
      seconds: this.seconds(this.now),
      samplesPerSecond: this.samplesPerSecond(workers),
      testLoss: this.testLoss,
      ...totalsOf(this.nodes),
      ...this.tallies.sums(),
    };
  }

  /** As many nodes as a room has; of a larger one others in every message, so that a message doesn't grow with it. */
  private takeTurn(nodes: readonly NodeRole[]): readonly NodeRole[] {
    if (nodes.length <= MAX_ROOM_NODES) return nodes;
    const from = this.turn % nodes.length;
    this.turn = from + MAX_ROOM_NODES;
    return [...nodes, ...nodes].slice(from, from + MAX_ROOM_NODES);
  }

  private totalSamples(): number {
    // What was done before the checkpoint that this run goes on from.
    const sum = ((this.plan.from?.clock ?? NO_CLOCK) + 1) * this.plan.batch;
    return sum + this.tallies.samples;
  }
}

/** Samples looked at by one evaluation on the way: enough for ±1 point, little beside the training. */
export const LIVE_TEST_SAMPLES = 1_024;

/** Test blocks that an evaluation on the way looks at: the first ones. */
export function liveTestBlocks(test: SplitPlan): number {
  return Math.min(test.blocks, Math.max(1, Math.ceil(LIVE_TEST_SAMPLES / test.blockSamples)));
}

function add(sums: Map<number, Sum>, at: number, value: number, samples: number): Sum {
  const sum = sums.get(at) ?? { value: 0, samples: 0 };
  sum.value += value;
  sum.samples += samples;
  sums.set(at, sum);
  return sum;
}

function trim(sums: Map<number, Sum>): void {
  for (const at of sums.keys()) {
    if (sums.size <= MAX_OPEN_BUCKETS) return;
    sums.delete(at);
  }
}
