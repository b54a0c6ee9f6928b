// Emulated compute time: a tab made slow on purpose, to see what a straggler does, and more workers in a benchmark than the
// machine has cores. What is computed is the same.

/** Does the work of so many gradients, and takes as long for it as a computer would that is emulated. */
export type Emulate = <T>(work: () => Promise<T>, gradients?: number) => Promise<T>;

/** The computer as it is. */
export const asItIs: Emulate = (work) => work();

/** Slower than this a tab would be taken for dead by its users. */
export const MAX_SLOWDOWN = 32;

/** A computer: so many times slower than this one, and for a gradient so many milliseconds at least. */
export interface Emulated {
  readonly factor: number;
  readonly leastMs: number;
}

/** @param wait resolves after so many milliseconds */
export const emulating =
  (computer: () => Emulated, now: () => number, wait: (ms: number) => Promise<void>): Emulate =>
  async (work, gradients = 1) => {
    const start = now();
    const result = await work();
    const { factor, leastMs } = computer();
    const took = now() - start;
    const extra = Math.min(factor, MAX_SLOWDOWN) * Math.max(took, gradients * leastMs) - took;
    if (extra > 0) await wait(extra);
    return result;
  };
