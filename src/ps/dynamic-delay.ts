// Dynamic τ: the smallest delay bound at which the workers hardly wait for each other, found from what they report while
// they train. Waiting raises it, a long time without any lowers it. Pure: the scheduler asks, and puts what comes out on
// its schedule.
import type { WorkerReport } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { WorkerPaces } from './worker-paces.ts';

/** The smallest. At 0 nothing would overlap, and updaters would take one step a clock instead of one a push: that is BSP. */
export const MIN_DYNAMIC_DELAY = 1;

/** Share of the workers' time that may go into waiting. */
const MOST_WAITING = 0.02;
/** Less than this for long, and a smaller bound is tried: apart from the other, so that it doesn't swing. */
const LITTLE_WAITING = 0.005;

/** Waiting is a share of at least this time: one hiccup of one worker is no reason yet. */
const JUDGE_MS = 10_000;
/** Clocks under a bound before it is judged, and before a smaller one is tried. */
const JUDGE_CLOCKS = 3;
const CALM_CLOCKS = 32;

/** A bound that was too small is not tried again for this long, twice as long after each time. */
const FIRST_RETRY_MS = 20_000;
const LAST_RETRY_MS = 320_000;

/** Every change is at least of this factor: a few changes reach any bound. */
const GROWTH = 1.5;
const SHRINKAGE = 0.5;

/** Who falls behind is let fall: the bound is raised this long before it would hold the others up, for this long. */
const LEAD_S = 1.5;
const AHEAD_S = 4;
/** Clocks are as old as the reports that tell them. */
const REPORT_S = 0.25;

export interface DelaySituation {
  readonly now: number;
  /** The bound of now, and the first clock under it. */
  readonly delay: number;
  readonly fromClock: number;
  /** Active workers that still have clocks to do. */
  readonly workers: readonly NodeId[];
  /** A bound of as many clocks as the run has is none. */
  readonly most: number;
}

/** What workers did under one bound. */
interface Trial {
  since: number;
  waitMs: number;
  spanMs: number;
  mostBehind: number;
}

/** How far the workers are apart, and how fast that grows where one is slower for good. */
interface Spread {
  readonly front: number;
  readonly behind: number;
  /** Clocks a second. */
  readonly growth: number;
  /** Clocks a second of the fastest worker. */
  readonly pace: number;
}

export class DynamicDelay {
  private readonly paces = new WorkerPaces();
  private trial: Trial | null = null;
  /** Workers whose reports tell of the bound of now. */
  private readonly reached = new Set<NodeId>();
  private fromClock = Number.NEGATIVE_INFINITY;
  private delay = 0;
  private tooSmall = { delay: 0, until: 0, retryMs: FIRST_RETRY_MS };

  /** A worker's report. What it waited under an earlier bound, or before its first clock, says nothing of this one. */
  take(node: NodeId, report: WorkerReport): void {
    this.paces.take(node, report);
    if (this.trial !== null) {
      this.trial.spanMs += report.spanMs;
      if (this.reached.has(node)) this.trial.waitMs += report.waitMs;
    }
    if (report.clock >= this.fromClock) this.reached.add(node);
  }

  forget(node: NodeId): void {
    this.paces.forget(node);
    this.reached.delete(node);
  }

  /** Begins anew, as after a pause: what was measured is of another time. */
  reset(): void {
    this.trial = null;
    this.reached.clear();
  }

  /** The bound that should hold from now on; the one that holds where nothing speaks for another. */
  next(situation: DelaySituation): number {
    const { delay, most, workers } = situation;
    if (workers.length < 2) return delay;
    const trial = this.trialOf(situation);
    const spread = this.spread(workers);
    trial.mostBehind = Math.max(trial.mostBehind, spread.behind - spread.pace * REPORT_S);
    const isTooSmall = this.isTooSmall(trial, situation, spread);
    if (isTooSmall) this.remember(situation);
    if (isTooSmall || isFallingBehind(spread, delay)) return Math.min(raised(delay, spread), Math.max(most, delay));
    return this.lowered(trial, situation, spread);
  }

  private trialOf({ now, delay, fromClock }: DelaySituation): Trial {
    if (this.trial !== null && fromClock === this.fromClock && delay === this.delay) return this.trial;
    this.fromClock = fromClock;
    this.delay = delay;
    this.reached.clear();
    this.trial = { since: now, waitMs: 0, spanMs: 0, mostBehind: 0 };
    return this.trial;
  }

  private spread(workers: readonly NodeId[]): Spread {
    const clocks = workers.map((node) => this.paces.clock(node));
    const front = Math.max(...clocks);
    const paces = workers.flatMap((node) => this.paces.pace(node) ?? []);
    const isKnown = paces.length === workers.length;
    // By chance one is always the slowest: only what surely isn't chance counts.
    const sure = Math.max(...paces.map(({ least }) => least)) - Math.min(...paces.map(({ most }) => most));
    const fastest = Math.max(0, ...paces.map(({ mean }) => mean));
    const growth = isKnown && sure > 0 ? fastest - Math.min(...paces.map(({ mean }) => mean)) : 0;
    return { front, behind: front - Math.min(...clocks), growth, pace: fastest };
  }

  private isTooSmall(trial: Trial, { fromClock, workers }: DelaySituation, { front }: Spread): boolean {
    if (front - fromClock < JUDGE_CLOCKS) return false;
    return trial.waitMs > MOST_WAITING * Math.max(trial.spanMs, workers.length * JUDGE_MS);
  }

  private remember({ delay, now }: DelaySituation): void {
    const { retryMs } = this.tooSmall;
    const isAgain = delay <= this.tooSmall.delay;
    const next = isAgain ? Math.min(2 * retryMs, LAST_RETRY_MS) : FIRST_RETRY_MS;
    this.tooSmall = { delay, until: now + next, retryMs: next };
  }

  /** The next smaller bound, where this one has been more than enough for long; else the next while is looked at. */
  private lowered(trial: Trial, { now, delay, fromClock }: DelaySituation, { front, growth }: Spread): number {
    if (now - trial.since < JUDGE_MS || front - fromClock < CALM_CLOCKS) return delay;
    this.trial = { since: now, waitMs: 0, spanMs: 0, mostBehind: 0 };
    // Who is behind stays behind without waiting: a bound below that would hold everybody up.
    const needed = Math.ceil(trial.mostBehind * GROWTH);
    const lower = Math.max(MIN_DYNAMIC_DELAY, needed, Math.floor(delay * SHRINKAGE));
    const isEnough = lower < delay && growth === 0 && trial.waitMs <= LITTLE_WAITING * trial.spanMs;
    const mayTry = lower > this.tooSmall.delay || now >= this.tooSmall.until;
    return isEnough && mayTry ? lower : delay;
  }
}

/** Would the others soon have to wait for one that is slower for good? */
const isFallingBehind = ({ growth, behind }: Spread, delay: number): boolean =>
  growth > 0 && behind + growth * LEAD_S >= delay;

/** The next larger bound; with a worker that falls behind one that lasts for a while. */
const raised = (delay: number, { behind, growth }: Spread): number =>
  Math.max(delay + 1, Math.ceil(delay * GROWTH), growth === 0 ? 0 : Math.ceil(behind + growth * (LEAD_S + AHEAD_S)));
