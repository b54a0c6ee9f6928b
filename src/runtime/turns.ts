// A worker that computes step after step awaits only what is there already, and so nothing else gets a turn: messages and timers
// would wait for the end of the round, which may be seconds away.

/** Milliseconds for which nobody minds to wait: a report is due four times a second, and people draw digits to be told at once. */
const EVERY_MS = 20;

/** Gives messages and timers their turn, now and then. */
export class Turns {
  private given: number;

  constructor(private readonly now: () => number) {
    this.given = now();
  }

  /** Resolves after what waits has been heard, where it has waited for a while; else at once. */
  async give(): Promise<void> {
    if (this.now() - this.given < EVERY_MS) return;
    await turn();
    this.given = this.now();
  }
}

/** A message to oneself comes after those that wait already. A timer would take 4 ms. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
