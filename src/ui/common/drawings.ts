// When canvases are drawn. Each drawing is a task of its own, so that none is long, and comes right after a frame: text on a
// canvas needs what is laid out to be up to date, and there it is. A busy machine draws more seldom: its cores compute.

/** Charts are drawn at most so often, in milliseconds. */
const CHARTS_EVERY_MS = 400;

/** Drawing takes at most one part in so many of the time that passes. */
const REST = 15;
/** However busy the machine is, a picture isn't older than this, in milliseconds. */
const MOST_REST_MS = 2_000;

/** Milliseconds to rest after drawing took `costMs` by the clock: waiting for a core counts, as that is what makes it busy. */
export const restAfter = (costMs: number, leastMs: number): number =>
  Math.min(MOST_REST_MS, Math.max(leastMs, costMs * REST));

/** Runs `work` in the next task: from a frame's callback, after that frame is done. */
export function inNextTask(work: () => void): void {
  works.push(work);
  port2.postMessage(null);
}

const works: (() => void)[] = [];
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => works.shift()?.();

/** Draws what is asked for, one thing a task. Hidden tabs have no frames: nothing is drawn there. */
class DrawingQueue {
  private readonly waiting = new Set<() => void>();
  private isAwake = false;
  private restUntil = 0;

  add(draw: () => void): void {
    this.waiting.add(draw);
    if (this.isAwake) return;
    this.isAwake = true;
    const rest = this.restUntil - performance.now();
    if (rest > 0) setTimeout(this.askFrame, rest);
    else this.askFrame();
  }

  remove(draw: () => void): void {
    this.waiting.delete(draw);
  }

  private readonly askFrame = (): void => {
    requestAnimationFrame(() => inNextTask(() => this.drawAll([...this.waiting], 0)));
  };

  private drawAll([draw, ...others]: (() => void)[], costMs: number): void {
    if (draw === undefined) return this.sleep(costMs);
    const start = performance.now();
    try {
      if (this.waiting.delete(draw)) draw();
    } finally {
      // Charts draw in a microtask of their own, which is over when this one comes.
      queueMicrotask(() => {
        const spentMs = costMs + performance.now() - start;
        inNextTask(() => this.drawAll(others, spentMs));
      });
    }
  }

  private sleep(costMs: number): void {
    this.isAwake = false;
    this.restUntil = performance.now() + restAfter(costMs, CHARTS_EVERY_MS);
    const [next] = this.waiting;
    if (next !== undefined) this.add(next);
  }
}

const queue = new DrawingQueue();

/** `request` has `draw` called when it is its turn, `stop` withdraws that. */
export interface Drawing {
  request(): void;
  stop(): void;
}

export const drawing = (draw: () => void): Drawing => ({
  request: () => queue.add(draw),
  stop: () => queue.remove(draw),
});
