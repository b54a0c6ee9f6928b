// Time for the parts of net/ that retry, as values that tests replace.

/** Runs `run` once after `delayMs`; the answer cancels it. */
export type StartTimer = (run: () => void, delayMs: number) => () => void;

/** The timers of the page or worker. */
export const startTimer: StartTimer = (run, delayMs) => {
  const handle = setTimeout(run, delayMs);
  return () => clearTimeout(handle);
};

/** Bounds of waiting between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * How long to wait before attempt `attempt` (0 for the first retry): exponential with full jitter, so that many tabs that
 * lost the same server don't come back at the same moment ("Exponential Backoff And Jitter", AWS Architecture Blog).
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  // 2^16 times any first wait is over any bound; keeps the power finite.
  const most = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(attempt, 16));
  return Math.ceil(most * random());
}
