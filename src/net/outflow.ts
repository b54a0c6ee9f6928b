// How fast a link drains, measured while something waits in it: else nobody knows how much more it would have taken. Pure: told the time.

/** A figure of fewer bytes says more of the first round trip than of the path. */
const LEAST_BYTES = 16 * 1024;

/** While it goes on waiting there is a new figure so often. */
const SPAN_MS = 50;

/** For so long nothing has waited: what was slow then says nothing any more. */
const FORGET_MS = 5_000;

/** What drained faster than clocks can tell is taken to have taken this long: fast enough. */
const LEAST_MS = 2;

/** Of the newest figure in what is told: one that is off, for something else kept the thread busy, counts little. */
const NEWEST_SHARE = 0.3;

export class Outflow {
  /** The mean of the figures, the newest weighing most. */
  private mean: number | null = null;
  private since: number | null = null;
  private measuredAt = Number.NEGATIVE_INFINITY;
  private bytes = 0;

  /** Bytes per millisecond, lately; null while nothing has waited. */
  bytesPerMs(now: number): number | null {
    if (this.since === null && now - this.measuredAt > FORGET_MS) this.mean = null;
    return this.mean;
  }

  /** @param bytes went out */
  sent(bytes: number): void {
    this.bytes += bytes;
  }

  /** @param isWaiting does anything wait now? @param now in milliseconds */
  look(isWaiting: boolean, now: number): void {
    if (this.since !== null && this.measure(now - this.since, !isWaiting)) {
      this.measuredAt = now;
      this.begin(now);
    }
    if (!isWaiting) this.since = null;
    else if (this.since === null) this.begin(now);
  }

  private begin(now: number): void {
    this.since = now;
    this.bytes = 0;
  }

  /** @returns whether there was enough to measure */
  private measure(spanMs: number, isOver: boolean): boolean {
    if (this.bytes < LEAST_BYTES || (!isOver && spanMs < SPAN_MS)) return false;
    const found = this.bytes / Math.max(spanMs, LEAST_MS);
    const before = this.mean ?? found;
    this.mean = before + NEWEST_SHARE * (found - before);
    return true;
  }
}
