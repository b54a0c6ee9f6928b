// The scheduler's part in how a run goes: its progress, pause and stop, consistency, rate and filters from which clock on,
// checkpoints, and its end. Pure; time comes in with each call.
import type { ClusterState, Metrics, Report, RunHistory, RunPlan } from '../protocol/control.ts';
import type { Filters } from '../protocol/filters.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';
import { nextBackups } from './backups.ts';
import { CheckpointCuts } from './checkpoint-cuts.ts';
import { isActive, workerNodes } from './cluster-state.ts';
import {
  type Consistency,
  changeSchedule,
  localStepsOf,
  roundEnd,
  type ScheduleEntry,
  scheduleAt,
} from './consistency.ts';
import type { Denial } from './denial.ts';
import { DynamicDelay } from './dynamic-delay.ts';
import { AutoFilters } from './filters/auto-filters.ts';
import type { RoomState } from './room-state.ts';
import { RunProgress } from './run-progress.ts';
import { whyNoFilters, whyUnfit } from './run-start.ts';

/** A change takes effect this far ahead of the newest clock heard of, so that every shard hears of it before. */
const CHANGE_LEAD_SECONDS = 0.4;

export class RunSteering {
  /** Null before the room's first run. */
  progress: RunProgress | null = null;
  private cuts: CheckpointCuts | null = null;
  private delay = new DynamicDelay();
  private readonly auto = new AutoFilters();

  constructor(private readonly room: RoomState) {}

  private get cluster(): ClusterState {
    return this.room.cluster;
  }

  private get span(): { floor: number; front: number } {
    return this.progress?.span(workerNodes(this.cluster)) ?? { floor: NO_CLOCK, front: NO_CLOCK };
  }

  /** @param history curves that the run goes on from, where there are any */
  begin(plan: RunPlan, history: RunHistory | undefined, now: number): void {
    const past = plan.from?.clock ?? NO_CLOCK;
    this.progress = new RunProgress(plan, history ? { ...history, run: plan.run, clock: past } : null);
    this.cuts = new CheckpointCuts(plan.checkpoint, past, now);
    this.delay = new DynamicDelay();
  }

  /** Goes on with a run that another scheduler began. @param history what that one had sent of it */
  adopt(plan: RunPlan, isRunning: boolean, history: Metrics | null, now: number): void {
    this.progress = new RunProgress(plan, history);
    this.progress.setRunning(isRunning, now);
    this.cuts = new CheckpointCuts(plan.checkpoint, plan.from?.clock ?? NO_CLOCK, now);
  }

  forget(node: NodeId): void {
    this.progress?.forget(node);
    this.cuts?.forget(node);
    this.delay.forget(node);
    this.auto.forget(node);
  }

  take(from: NodeId, report: Report, now: number): void {
    this.progress?.take(from, report, now);
    this.auto.take(from, report);
    this.cuts?.take(from, report.cut);
    if (this.cluster.phase === 'running' && report.worker !== null) this.delay.take(from, report.worker);
  }

  /** Decides what can be decided now: whether the loss has run away, whether the run is over, when to cut. */
  judge({ divergedAt }: Report, now: number): void {
    if (divergedAt !== null) this.haltDiverged(divergedAt, now);
    this.standTogether();
    this.finishWhenDone(now);
    this.considerCheckpoint(now);
  }

  tick(now: number): void {
    this.considerCheckpoint(now);
    this.considerDelay(now);
    this.considerBackups();
    const choice = this.auto.consider(this.cluster, now);
    if (choice !== null) this.changeFrom({ filters: { kind: 'auto', choice } });
    this.progress?.closeBuckets(this.span.floor, now);
  }

  pause(message: string | null, now: number): void {
    this.progress?.setRunning(false, now);
    const clockLimit = Math.min(this.cluster.clockLimit, this.nextChange());
    this.room.change({ phase: 'paused', message, clockLimit });
  }

  /** Who has no loss can go nowhere, and others may wait for it. */
  private haltDiverged(since: number, now: number): void {
    const { phase, schedule } = this.cluster;
    const rate = scheduleAt(schedule, since).learningRate;
    const message = `The loss is not a number since step ${since}. Lower the learning rate (now ${rate}) and start again.`;
    if (phase === 'running') this.pause(message, now);
    if (phase === 'finishing') this.end(message);
  }

  /**
   * A worker may have begun a step before it heard of the pause, or of the stop: all go as far, so that all stand at one
   * clock, and none waits for another that has stopped before.
   */
  private standTogether(): void {
    const { phase, plan, clockLimit } = this.cluster;
    const { front } = this.span;
    if ((phase !== 'paused' && phase !== 'finishing') || plan === null || front < clockLimit) return;
    this.room.change({ clockLimit: Math.min(front + 1, plan.steps) });
  }

  resume(now: number): void {
    this.delay.reset();
    this.progress?.setRunning(true, now);
    this.room.change({ phase: 'running', message: null, clockLimit: this.cluster.plan?.steps ?? 0 });
  }

  /** Lets the workers come to one clock first, but where there is none, or one whose loss is no number: it can't go on. */
  stop(now: number): void {
    if (!isActive(this.cluster)) return;
    const workers = workerNodes(this.cluster);
    const hasDiverged = workers.some((node) => (this.progress?.report(node)?.divergedAt ?? null) !== null);
    if (workers.length === 0 || hasDiverged) return this.end(null);
    this.progress?.setRunning(true, now);
    const clockLimit = Math.min(this.cluster.clockLimit, this.nextChange());
    this.room.change({ phase: 'finishing', message: null, clockLimit });
  }

  private end(message: string | null): void {
    this.progress?.finish();
    this.room.change({ phase: 'stopped', message });
  }

  cutNow(now: number): void {
    this.cuts?.ask();
    this.considerCheckpoint(now);
  }

  /** @returns why not, where that is so */
  changeConsistency(consistency: Consistency): Denial | null {
    const denial = whyUnfit(this.cluster.plan, consistency);
    if (denial === null) this.changeFrom({ consistency });
    return denial;
  }

  /** @returns why not, where that is so */
  changeFilters(filters: Filters): Denial | null {
    const denial = whyNoFilters(this.cluster.plan, filters);
    if (denial === null) this.changeFrom({ filters });
    return denial;
  }

  changeFrom(change: Partial<ScheduleEntry>, soonest = this.nextChange()): void {
    const { schedule } = this.cluster;
    if (schedule.length === 0) return;
    // Between two rounds, so that no worker is in the middle of one.
    const fromClock = roundEnd(schedule, soonest - 1, Number.POSITIVE_INFINITY) + 1;
    const last = scheduleAt(schedule, Number.POSITIVE_INFINITY);
    this.room.change({ schedule: [...changeSchedule(schedule, { ...last, ...change, fromClock })] });
  }

  /** A clock that no worker has reached when the change arrives, as far as the scheduler can tell. */
  private nextChange(): number {
    const workers = workerNodes(this.cluster);
    const past = this.cluster.plan?.from?.clock ?? NO_CLOCK;
    const front = Math.max(this.span.front, 0, past);
    const { schedule } = this.cluster;
    const round = schedule.length === 0 ? 1 : localStepsOf(scheduleAt(schedule, Number.POSITIVE_INFINITY));
    return front + 2 * round + Math.ceil((this.progress?.clocksPerSecond(workers) ?? 0) * CHANGE_LEAD_SECONDS);
  }

  /** Announces the next cut, and a checkpoint that is complete. */
  private considerCheckpoint(now: number): void {
    const { plan, phase, map, schedule, clockLimit, checkpoint } = this.cluster;
    if (plan === null || phase === 'idle' || phase === 'preparing' || phase === 'failed') return;
    const situation = {
      now,
      floor: this.span.floor,
      soonest: this.nextChange(),
      last: clockLimit - 1,
      segments: map.placements.length,
      isBsp: (clock: number) => scheduleAt(schedule, clock).consistency.kind === 'bsp',
      roundEnd: (clock: number) => roundEnd(schedule, clock, clockLimit),
    };
    const next = this.cuts?.next(checkpoint, situation) ?? checkpoint;
    if (next !== checkpoint) this.room.change({ checkpoint: next });
  }

  /** Moves a dynamic bound. Shards need not know beforehand, as for them nothing changes: it holds from the next clock on. */
  private considerDelay(now: number): void {
    const { plan, phase, schedule } = this.cluster;
    const newest = schedule.at(-1);
    if (plan === null || phase !== 'running' || newest?.consistency.kind !== 'dynamic') return;
    const { fromClock, consistency } = newest;
    const workers = workerNodes(this.cluster).filter((node) => this.progress?.report(node)?.worker?.isDone === false);
    const delay = this.delay.next({ now, delay: consistency.delay, fromClock, workers, most: plan.steps });
    if (delay === consistency.delay) return;
    const front = this.progress?.span(workers).front ?? NO_CLOCK;
    this.changeFrom({ consistency: { kind: 'dynamic', delay } }, Math.max(fromClock, front + 1));
  }

  /** Who is far behind gets a helper where the run wants that, and loses it where it has caught up. */
  private considerBackups(): void {
    const { plan, phase, backups = [] } = this.cluster;
    if (plan?.hasBackups !== true || phase !== 'running' || this.progress === null) return;
    const next = nextBackups(backups, this.progress.pacesOf(workerNodes(this.cluster)));
    if (next !== backups) this.room.change({ backups: [...next] });
  }

  private finishWhenDone(now: number): void {
    const { phase, map, plan, clockLimit } = this.cluster;
    if (plan === null || (phase !== 'running' && phase !== 'finishing')) return;
    if (map.workers.length === 0) return phase === 'finishing' ? this.end(null) : undefined;
    if (this.span.floor < clockLimit - 1) return;
    if (!map.workers.every(({ node }) => this.progress?.report(node)?.worker?.isDone === true)) return;
    this.progress?.finish();
    this.progress?.closeBuckets(plan.steps, now);
    this.room.change({ phase: clockLimit >= plan.steps ? 'finished' : 'stopped' });
  }
}
