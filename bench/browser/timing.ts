// How long a step takes, by a clock that moves in steps of 100 µs.

/** Milliseconds of one step, over as many as take at least `leastMs`. */
export async function msPerStep(step: () => Promise<unknown>, leastMs: number): Promise<number> {
  const start = performance.now();
  let [steps, ms] = [0, 0];
  while (ms < leastMs) {
    await step();
    steps++;
    ms = performance.now() - start;
  }
  return ms / steps;
}
