// How evenly a run went, from what its workers' tabs have logged of their steps: the longest stop, and the speed once it was under way.
import type { LoggedStep } from '../../src/runtime/step-log.ts';

export interface StepTimes {
  /** The longest time in which some worker that was there had no step acknowledged, the first one's not counted. Null of less than two. */
  readonly longestMs: number | null;
  /** Without the beginning, in which tabs start, compile, and find out what suits them. Null where that is all there was. */
  readonly steady: { readonly fromClock: number; readonly clocksPerSecond: number } | null;
}

/** Of all clocks, those that come before the speed is taken. */
const BEGINNING = 1 / 3;

/**
 * @param logs of each worker: its clocks, ascending, and when each was acknowledged, in milliseconds; rounds of local steps name
 * their last
 */
export function stepTimes(logs: readonly (readonly LoggedStep[])[]): StepTimes {
  const known = logs.filter((log) => log.length > 0);
  const gaps = known.flatMap((log) => log.slice(1).map(([, atMs], before) => atMs - (log[before]?.[1] ?? atMs)));
  return {
    longestMs: gaps.length === 0 ? null : Math.max(...gaps),
    steady: known.length === 0 ? null : steadyOf(known),
  };
}

/** Of one log at least. From the moment that every worker is over the beginning to the moment that one is done: all of them work all of that time. */
function steadyOf(logs: readonly (readonly LoggedStep[])[]): StepTimes['steady'] {
  const ends = logs.map((log) => log.at(-1)?.[0] ?? 0);
  const beginning = Math.floor(Math.max(...ends) * BEGINNING);
  const from = Math.max(
    ...logs.map((log) => log.find(([clock]) => clock >= beginning)?.[1] ?? Number.POSITIVE_INFINITY),
  );
  const to = Math.min(...logs.map((log) => log.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY));
  if (!(to > from)) return null;
  // Each worker's own clocks between two of its own moments: they need not be in step.
  const speeds = logs.map((log) => {
    const within = log.filter(([, atMs]) => atMs >= from && atMs <= to);
    const [first, last] = [within[0], within.at(-1)];
    return first === undefined || last === undefined
      ? Number.NaN
      : (1000 * (last[0] - first[0])) / (last[1] - first[1]);
  });
  if (!speeds.every(Number.isFinite)) return null;
  return { fromClock: beginning, clocksPerSecond: speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length };
}
