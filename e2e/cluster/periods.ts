// How often a page's state is looked at from outside. Nothing depends on these but how fresh the
// progress line is; tabs that train are asked seldom, as every question takes their main thread's time.
import { setInterval } from 'node:timers/promises';

const PERIODS_MS = {
  /** While something short is awaited. */
  look: 50,
  /** While a fault's effects are watched: as often as there can be news. */
  watch: 250,
  /** While it trains: four times a second took the driver alone 3.5 % of a core, of two that trained. */
  progress: 1_000,
} as const;

export const every = (period: keyof typeof PERIODS_MS): AsyncIterable<void> => setInterval(PERIODS_MS[period]);
