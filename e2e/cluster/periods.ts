// How often a page's state is looked at from outside. Nothing depends on these but how fresh the
// progress line is; tabs that train are asked seldom, as every question takes their main thread's time.
import { setInterval } from 'node:timers/promises';

const PERIODS_MS = {
  /** While something short is awaited. */
  look: 50,
  /** While it trains: as often as there can be news. */
  progress: 250,
} as const;

export const every = (period: keyof typeof PERIODS_MS): AsyncIterable<void> => setInterval(PERIODS_MS[period]);
