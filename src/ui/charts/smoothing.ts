// A running mean of a growing curve, computed once per point. Pure but for its own memory.

/** Weight of the newest value, once there are enough of them. */
const NEWEST_WEIGHT = 0.15;

/**
 * Exponential mean of `value`, with Adam's bias correction, so that the start isn't pulled to zero. Keeps what it
 * computed; starts over when the curve is another one (shorter, or with other steps).
 */
export class Smoothing {
  readonly values: number[] = [];
  private mean = 0;
  private weight = 1;
  private lastStep = Number.NaN;

  /** Brings `values` up to the curve's length. Values that are no numbers are passed over. */
  follow(step: readonly number[], value: readonly number[]): number[] {
    const done = this.values.length;
    if (done > value.length || (done > 0 && step[done - 1] !== this.lastStep)) this.restart();
    for (let index = this.values.length; index < value.length; index++) this.add(value[index] ?? Number.NaN);
    this.lastStep = step[this.values.length - 1] ?? Number.NaN;
    return this.values;
  }

  private add(value: number): void {
    if (Number.isFinite(value)) {
      this.mean += NEWEST_WEIGHT * (value - this.mean);
      this.weight *= 1 - NEWEST_WEIGHT;
    }
    this.values.push(this.weight < 1 ? this.mean / (1 - this.weight) : value);
  }

  private restart(): void {
    this.values.length = 0;
    this.mean = 0;
    this.weight = 1;
  }
}
