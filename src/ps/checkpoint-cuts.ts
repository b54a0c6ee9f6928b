// When checkpoints are cut, and when one is complete: the scheduler's part of them. A checkpoint is a cut by clocks: every
// owner keeps its segments as they are when all workers have passed the clock, and reports which it has.
// Pure bookkeeping; time comes in with each call.
import type { CheckpointPolicy, CheckpointState, Report } from '../protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';

/** A cut whose owners haven't all reported so long after its clock is given up, and cut anew: one of them was lost. */
export const CUT_TIMEOUT_MS = 10_000;

type CutReport = NonNullable<Report['cut']>;

/** What the scheduler knows of the run when it asks. */
export interface CutSituation {
  readonly now: number;
  /** Clock that every worker has finished. */
  readonly floor: number;
  /** The first clock that no worker can have finished before every shard has heard of the cut. */
  readonly soonest: number;
  /** The last clock that may be started: that of a pause, or of the run's end. */
  readonly last: number;
  /** How many segments there are. */
  readonly segments: number;
  /** In BSP at this clock? Then nothing of a later one may be in. */
  readonly isBsp: (clock: number) => boolean;
  /** The last clock of the round that a clock is in: between two exchanges there is nothing to cut. */
  readonly roundEnd: (clock: number) => number;
}

export class CheckpointCuts {
  private readonly reports = new Map<NodeId, CutReport>();
  /** Since the last checkpoint, or since the run began. */
  private since: number;
  /** When the clock of the cut under way had been passed by all workers; null while it hasn't. */
  private passedAt: number | null = null;
  private isAsked = false;

  /** @param first clock before which there is nothing to keep: that of the checkpoint which the run goes on from */
  constructor(
    private readonly policy: CheckpointPolicy,
    private readonly first: number,
    now: number,
  ) {
    this.since = now;
  }

  take(node: NodeId, cut: Report['cut']): void {
    if (cut !== null) this.reports.set(node, cut);
  }

  /** A node is gone, and what only it had of a cut. */
  forget(node: NodeId): void {
    this.reports.delete(node);
  }

  /** Somebody wants a checkpoint now. */
  ask(): void {
    this.isAsked = true;
  }

  /** What the room should be told: the same object where nothing is new. */
  next(state: CheckpointState, situation: CutSituation): CheckpointState {
    const { now } = situation;
    let { cutAt, newest } = state;
    if (cutAt !== null) {
      const outcome = this.judge(cutAt, situation);
      if (outcome === 'failed') this.isAsked = true;
      if (typeof outcome === 'object') {
        newest = { clock: cutAt, parts: outcome };
        this.since = now;
        this.isAsked = false;
      }
      if (outcome !== 'open') cutAt = null;
    }
    const chosen = this.choose(cutAt, newest?.clock ?? this.first, situation);
    if (chosen !== cutAt) this.passedAt = null;
    return chosen === state.cutAt && newest === state.newest ? state : { cutAt: chosen, newest };
  }

  /** The blocks that list a complete cut's segments, or what else became of it. */
  private judge(clock: number, { now, floor, segments, isBsp }: CutSituation): string[] | 'open' | 'failed' {
    const reports = [...this.reports.values()].filter((report) => report.clock === clock);
    if (isBsp(clock) && reports.some(({ isExact }) => !isExact)) return 'failed';
    const found = new Set(reports.flatMap((report) => report.segments));
    if (segments > 0 && found.size === segments) return reports.map(({ part }) => part);
    if (floor >= clock) this.passedAt ??= now;
    return this.passedAt !== null && now - this.passedAt > CUT_TIMEOUT_MS ? 'failed' : 'open';
  }

  /** The earliest clock that is due: a cut that has been announced is moved to an earlier clock, never to a later one. */
  private choose(cutAt: number | null, done: number, situation: CutSituation): number | null {
    const { now, soonest, last, roundEnd } = situation;
    const { steps, seconds } = this.policy;
    const earliest = Math.max(soonest, done + 1);
    const isDue = this.isAsked || (seconds !== null && now - this.since >= seconds * 1000);
    const isOn = steps !== null || seconds !== null || this.isAsked;
    const chosen = Math.min(
      cutAt ?? Number.POSITIVE_INFINITY,
      isDue ? earliest : Number.POSITIVE_INFINITY,
      steps === null ? Number.POSITIVE_INFINITY : Math.ceil((earliest + 1) / steps) * steps - 1,
      isOn ? last : Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(chosen) && chosen > done && chosen > NO_CLOCK ? roundEnd(chosen) : null;
  }
}
