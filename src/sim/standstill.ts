// Something of a tab that may stand still for a while: what reaches it meanwhile waits, and happens afterwards in order.
import type { VirtualTime } from './virtual-time.ts';

export class Standstill {
  private until = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly time: VirtualTime) {}

  get isOn(): boolean {
    return this.time.now < this.until;
  }

  /** Nothing runs for so long from now. */
  last(durationMs: number): void {
    this.until = Math.max(this.until, this.time.now + durationMs);
  }

  /** Runs something: at once, or when this is over and what came before it has run. */
  pass(run: () => void): void {
    if (!this.isOn && this.waiting.length === 0) return run();
    this.waiting.push(run);
    if (this.waiting.length === 1) this.goOnLater();
  }

  private goOnLater(): void {
    this.time.after(this.until - this.time.now, () => {
      if (this.isOn) return this.goOnLater();
      for (const run of this.waiting.splice(0)) run();
    });
  }
}
