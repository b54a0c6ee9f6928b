// Time that a test moves by hand, for the parts of net/ that retry.
import type { StartTimer } from './timers.ts';

/** Timers fire in `advance`, in the order of their times. */
export class FakeTimers {
  now = 0;
  private pending: { at: number; run: () => void }[] = [];

  readonly start: StartTimer = (run, delayMs) => {
    const timer = { at: this.now + delayMs, run };
    this.pending.push(timer);
    return () => {
      this.pending = this.pending.filter((other) => other !== timer);
    };
  };

  /** Timers not fired and not cancelled: none are left where everything was cleaned up. */
  get count(): number {
    return this.pending.length;
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.pending.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (next === undefined) break;
      this.pending = this.pending.filter((other) => other !== next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}
