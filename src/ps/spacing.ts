// Where along a run the points of a curve lie: evenly at first, then further apart in proportion to the run's length, so that a run
// of a million steps shows its first points as soon as one of a hundred, and has few enough to send to everyone who joins.
import type { RunPlan } from '../protocol/control.ts';

/** Clocks between two points. */
export interface Spacing {
  readonly every: number;
  /** An even number of points after which their distance doubles, and again whenever the run is twice as long; null: never. */
  readonly doublesAfter: number | null;
}

/** The stretch between two points that a clock lies in: `[start, end)`. Every stretch but the first begins where another ends. */
export function stretchOf({ every, doublesAfter }: Spacing, clock: number): { start: number; end: number } {
  let distance = every;
  // What begins a wider distance is a multiple of it, as `doublesAfter` is even.
  if (doublesAfter !== null) while (clock >= distance * doublesAfter) distance *= 2;
  const start = clock - (clock % distance);
  return { start, end: start + distance };
}

export const lossSpacing = ({ lossEvery, lossDoublesAfter }: RunPlan): Spacing => ({
  every: lossEvery,
  doublesAfter: lossDoublesAfter ?? null,
});

export const evaluationSpacing = ({ evaluateEvery, evaluationsDoubleAfter }: RunPlan): Spacing => ({
  every: evaluateEvery,
  doublesAfter: evaluationsDoubleAfter ?? null,
});
