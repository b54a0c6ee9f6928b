// When each step of a worker was done, which is when every segment had acknowledged it: for whoever measures how long a
// fault held it up.

/** Steps remembered: minutes of the fastest run. */
const MAX_STEPS = 8_192;

/** [clock, milliseconds since 1970]: comparable between tabs of one machine. */
export type LoggedStep = readonly [clock: number, atMs: number];

export class StepLog {
  private steps: LoggedStep[] = [];

  /** @param now milliseconds since 1970 */
  constructor(private readonly now: () => number) {}

  done(clock: number): void {
    // Halved when full, so that nothing is moved per step.
    if (this.steps.length >= MAX_STEPS) this.steps = this.steps.slice(MAX_STEPS / 2);
    this.steps.push([clock, this.now()]);
  }

  get all(): readonly LoggedStep[] {
    return this.steps;
  }
}
