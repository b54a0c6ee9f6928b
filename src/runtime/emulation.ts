// Emulated compute time: a tab made slow on purpose, to see what a straggler does, and more workers in a benchmark than the
// machine has cores. What is computed is the same.

/** Does the work, and takes as long for it as a computer would that is emulated. */
export type Emulate = <T>(work: () => Promise<T>) => Promise<T>;

/** The computer as it is. */
export const asItIs: Emulate = (work) => work();

/** Slower than this a tab would be taken for dead by its users. */
export const MAX_SLOWDOWN = 32;

/** A computer that is `factor()` times slower than this one. @param wait resolves after so many milliseconds */
export const slowedBy =
  (factor: () => number, now: () => number, wait: (ms: number) => Promise<void>): Emulate =>
  async (work) => {
    const start = now();
    const result = await work();
    const extra = (Math.min(factor(), MAX_SLOWDOWN) - 1) * (now() - start);
    if (extra > 0) await wait(extra);
    return result;
  };
