// When a tab got how far on its way into a run: User Timing marks, on the thread where it happened. The browser's
// performance panel shows them, and `e2e/browsers/moments.ts` collects those of all threads of a tab.

/** In the order in which they come where nothing is waited for. Page: page to plan. Trainer worker: the others. */
export type Moment =
  /** The page's script runs; the trainer worker's does. */
  | 'page'
  | 'trainer'
  /** The room has given it a number. */
  | 'joined'
  /** Another tab is connected. */
  | 'connected'
  /** There is a run, as the page, and then the trainer, has heard. */
  | 'run heard'
  | 'run opened'
  /** What it takes to compute: data known, kernels' library there, a batch there, a gradient compiled. */
  | 'data'
  | 'library'
  | 'batch'
  | 'compiled'
  /** A worker on the map, whose clock is known, that has parameters. */
  | 'admitted'
  | 'clock'
  | 'parameters'
  /** Its first gradient is computed, pushed, and acknowledged by every segment. */
  | 'gradient'
  | 'pushed'
  | 'acknowledged';

const PREFIX = 'pushpull ';

/** Marks a moment, the first time that it comes on this thread. */
export function moment(name: Moment): void {
  const mark = PREFIX + name;
  if (performance.getEntriesByName(mark).length === 0) performance.mark(mark);
}
