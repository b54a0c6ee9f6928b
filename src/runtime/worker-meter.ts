// What a worker measures of itself between two reports: time, losses, evaluations.
import type { WorkerReport } from '../protocol/control.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { type Spacing, stretchOf } from '../ps/spacing.ts';

export type Activity = 'compute' | 'wait' | 'communicate' | 'backup';

/** Milliseconds since the start. */
export type ActivityTotals = Readonly<Record<Activity, number>>;

/** Points kept for the next report: reports are a few times a second, so this is never reached but by a stuck page. */
const MAX_POINTS = 1_000;
const MAX_EVALUATIONS = 200;

const NOTHING: ActivityTotals = { compute: 0, wait: 0, communicate: 0, backup: 0 };

export class WorkerMeter {
  private finished = NO_CLOCK;
  private finishedAt: number;
  isDone = false;
  divergedAt: number | null = null;
  private samples = 0;
  private losses = new Map<number, { sum: number; samples: number }>();
  private evaluations: WorkerReport['evaluations'] = [];
  private spent = { ...NOTHING };
  private readonly sums = { ...NOTHING };
  private skipped = 0;
  /** The last gradient's time, and per clock that of the quickest since the last report. */
  private gradientMs = 0;
  private leastMs = Number.POSITIVE_INFINITY;
  private since: number;

  /** @param spacing of the loss curve's points */
  constructor(
    private readonly spacing: Spacing,
    private readonly now: () => number,
  ) {
    this.since = now();
    this.finishedAt = this.since;
  }

  /** Last iteration finished. */
  get clock(): number {
    return this.finished;
  }

  set clock(clock: number) {
    this.finished = clock;
    this.finishedAt = this.now();
  }

  /** Counts the time of `work` as `activity`; an activity that is only known afterwards may be a function of the result. */
  async time<T>(activity: Activity | ((result: T) => Activity), work: () => Promise<T>): Promise<T> {
    const start = this.now();
    const result = await work();
    const spent = this.now() - start;
    const kind = typeof activity === 'function' ? activity(result) : activity;
    this.spent[kind] += spent;
    this.sums[kind] += spent;
    if (kind === 'compute') this.gradientMs = spent;
    return result;
  }

  /** Where all of the time has gone so far. */
  totals(): ActivityTotals {
    return { ...this.sums };
  }

  step(clock: number, lossSum: number, samples: number): void {
    if (samples > 0) this.leastMs = Math.min(this.leastMs, this.gradientMs / (clock - this.clock));
    this.clock = clock;
    this.samples += samples;
    const bucket = stretchOf(this.spacing, clock).start;
    const entry = this.losses.get(bucket) ?? { sum: 0, samples: 0 };
    if (this.losses.size < MAX_POINTS || this.losses.has(bucket)) {
      this.losses.set(bucket, { sum: entry.sum + lossSum, samples: entry.samples + samples });
    }
  }

  /** Another has made its gradients up to `clock`. @param samples behind them: every clock's are counted once, here */
  skip(clock: number, samples: number): void {
    this.skipped += clock - this.clock;
    this.clock = clock;
    this.samples += samples;
  }

  evaluated(clock: number, lossSum: number, samples: number, scoreSum: number): void {
    if (this.evaluations.length >= MAX_EVALUATIONS) return;
    // A report is JSON, which has no NaN: a loss that isn't a number is as large as numbers go.
    const number = (sum: number) => (Number.isFinite(sum) ? sum : Number.MAX_VALUE);
    this.evaluations.push([clock, number(lossSum), samples, number(scoreSum)]);
  }

  /** What happened since the last call. */
  take(device: string): WorkerReport {
    const spanMs = this.now() - this.since;
    const { compute, wait, communicate, backup } = this.spent;
    const report: WorkerReport = {
      clock: this.clock,
      samples: this.samples,
      losses: [...this.losses].map(([bucket, { sum, samples }]) => [bucket, sum, samples]),
      evaluations: this.evaluations,
      computeMs: compute,
      ...(Number.isFinite(this.leastMs) ? { leastMs: this.leastMs } : {}),
      waitMs: wait,
      communicateMs: communicate,
      ...(backup > 0 ? { backupMs: backup } : {}),
      ...(this.skipped > 0 ? { skipped: this.skipped } : {}),
      spanMs,
      sinceClockMs: this.now() - this.finishedAt,
      isDone: this.isDone,
      device,
    };
    this.losses = new Map();
    this.evaluations = [];
    this.spent = { ...NOTHING };
    this.skipped = 0;
    this.leastMs = Number.POSITIVE_INFINITY;
    this.since = this.now();
    return report;
  }
}
