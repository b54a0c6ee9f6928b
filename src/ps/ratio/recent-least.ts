// The least of what was measured lately: what a thing takes when nothing else is in its way. Pure.
// As BBR finds the round trip of a path without its queues (Cardwell et al. 2016, "BBR: congestion-based congestion control",
// the windowed minimum of "Characterizing the bottleneck").

export class RecentLeast {
  /** Of the period that `since` began, and of the one before. */
  private newer: number | null = null;
  private older: number | null = null;
  private since = Number.NEGATIVE_INFINITY;

  /** @param memoryMs a value is remembered for so long at least, and for twice as long at most */
  constructor(private readonly memoryMs: number) {}

  take(value: number, now: number): void {
    if (now - this.since > this.memoryMs) {
      this.older = this.newer;
      this.newer = null;
      this.since = now;
    }
    this.newer = this.newer === null ? value : Math.min(this.newer, value);
  }

  /** Null before anything was measured. */
  get value(): number | null {
    return this.newer === null || this.older === null ? this.newer : Math.min(this.newer, this.older);
  }
}
