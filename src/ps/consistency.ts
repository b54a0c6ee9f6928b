// Consistency: which clocks a worker must see before it may start, and how rate and delay change at clock boundaries.

import type { Filters } from '../protocol/filters.ts';

/**
 * BSP is a delay of 0, async one of infinity, bounded delay (SSP) lies between. `dynamic` is a bounded delay that the
 * scheduler moves (`dynamic-delay.ts`): each move is an entry of the schedule, with the bound that holds from there.
 */
export type Consistency =
  | { readonly kind: 'bsp' }
  | { readonly kind: 'ssp'; readonly delay: number }
  | { readonly kind: 'dynamic'; readonly delay: number }
  | { readonly kind: 'async' };

/** The delay bound τ of a consistency. */
export function delayOf(consistency: Consistency): number {
  switch (consistency.kind) {
    case 'bsp':
      return 0;
    case 'ssp':
    case 'dynamic':
      return consistency.delay;
    case 'async':
      return Number.POSITIVE_INFINITY;
    default:
      return consistency satisfies never;
  }
}

/** What holds from one clock on, until a later entry. */
export interface ScheduleEntry {
  readonly fromClock: number;
  readonly consistency: Consistency;
  readonly learningRate: number;
  /** What pushes and pulls go through; nothing when absent. */
  readonly filters?: Filters | undefined;
  /** Batches between two exchanges; absent: as the automatic mode says, else one. */
  readonly localSteps?: number | undefined;
  /** Outside BSP each push's rate is divided by its staleness. */
  readonly isStalenessAware?: boolean | undefined;
}

/** Entries by ascending clock, the first from clock 0. Changes append; at most `MAX_SCHEDULE_ENTRIES` are kept. */
export type Schedule = readonly ScheduleEntry[];

/** Old entries matter only for pushes of old clocks: the last few are enough, and the broadcast stays small. */
export const MAX_SCHEDULE_ENTRIES = 16;

/** What holds at a clock. */
export function scheduleAt(schedule: Schedule, clock: number): ScheduleEntry {
  let found = schedule[0];
  for (const entry of schedule) if (entry.fromClock <= clock) found = entry;
  if (found === undefined) throw new RangeError('A schedule has at least one entry.');
  return found;
}

/**
 * What to call the consistency at a clock that all workers have reached: of a dynamic bound the newest, which is the one
 * that those in front feel.
 */
export function consistencyAt(schedule: Schedule, clock: number): Consistency {
  const { consistency } = scheduleAt(schedule, clock);
  const newest = schedule.at(-1)?.consistency;
  return consistency.kind === 'dynamic' && newest?.kind === 'dynamic' ? newest : consistency;
}

/**
 * Rate for a gradient that is applied `staleness` clocks after the one that its worker read: α/τ, as in Zhang et al. 2016,
 * "Staleness-aware async-SGD", equation 3; fresh ones (τ ≤ 1) have the whole rate.
 */
export function rateFor({ learningRate, isStalenessAware = false }: ScheduleEntry, staleness: number): number {
  return isStalenessAware ? learningRate / Math.max(1, staleness) : learningRate;
}

/** The schedule with a change from `fromClock` on. A change at or before the last one replaces it. */
export function changeSchedule(schedule: Schedule, entry: ScheduleEntry): Schedule {
  const kept = schedule.filter((earlier) => earlier.fromClock < entry.fromClock);
  return [...kept, entry].slice(-MAX_SCHEDULE_ENTRIES);
}

/** Batches between two exchanges. */
export const localStepsOf = ({ filters, localSteps }: ScheduleEntry): number =>
  localSteps ?? (filters?.kind === 'auto' ? (filters.choice?.localSteps ?? 1) : 1);

/**
 * The last clock of the round that `clock` belongs to: what lies between two exchanges. Rounds are counted from where
 * their entry begins; the next entry, and the end of the run, cut them short. The same on every node that knows the schedule.
 */
export function roundEnd(schedule: Schedule, clock: number, steps: number): number {
  const entry = scheduleAt(schedule, clock);
  const length = localStepsOf(entry);
  const into = (((clock - entry.fromClock) % length) + length) % length;
  const next = schedule.find(({ fromClock }) => fromClock > clock)?.fromClock ?? Number.POSITIVE_INFINITY;
  return Math.min(clock - into + length, next, steps) - 1;
}

/**
 * Clock that every active worker must have finished in what a worker pulls to start `clock`: all iterations
 * ≤ clock − 1 − τ (OSDI'14 §3.5), also with local steps: a bound below their number keeps rounds in step. Negative means
 * nothing is required.
 */
export function requiredClock(schedule: Schedule, clock: number): number {
  const delay = delayOf(scheduleAt(schedule, clock).consistency);
  return Number.isFinite(delay) ? Math.max(clock - 1 - delay, -1) : -1;
}
