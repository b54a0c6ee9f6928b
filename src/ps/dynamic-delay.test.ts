// Dynamic τ on workers that are simulated clock by clock: how much they wait, and how small the bound stays.
import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { Random } from '../random.ts';
import { DynamicDelay } from './dynamic-delay.ts';
import { workerReportOf } from './testing.ts';

const REPORT_MS = 250;

/** Workers that take `clockMs(worker, now)` for a clock, under a bounded delay, without a network between them. */
class Model {
  now = 0;
  delay: number;
  readonly delays: number[] = [];
  private fromClock = 0;
  private readonly control = new DynamicDelay();
  /** Last clock finished, and when the one under way will be. */
  private readonly workers;

  constructor(
    count: number,
    private readonly clockMs: (worker: number, now: number) => number,
    first = 1,
    private readonly isControlled = true,
  ) {
    this.delay = first;
    this.workers = Array.from({ length: count }, () => ({
      clock: -1,
      busyUntil: 0,
      computeMs: 0,
      waitMs: 0,
      waited: 0,
    }));
  }

  get floor(): number {
    return Math.min(...this.workers.map(({ clock }) => clock));
  }

  /** @returns share of the workers' time spent waiting */
  run(ms: number): number {
    const end = this.now + ms;
    let waited = 0;
    for (; this.now < end; this.now++) {
      for (const [at, worker] of this.workers.entries()) waited += this.advance(at, worker);
      if (this.now % REPORT_MS === 0) this.report();
    }
    return waited / (ms * this.workers.length);
  }

  /** One millisecond. @returns whether it was waited through */
  private advance(at: number, worker: Model['workers'][number]): number {
    if (worker.busyUntil > this.now) return 0;
    if (worker.busyUntil === this.now && this.now > 0) worker.clock++;
    if (worker.clock - this.floor > this.delay) {
      worker.waited++;
      worker.busyUntil = Math.min(worker.busyUntil, this.now - 1);
      return 1;
    }
    // A wait is reported when it is over, as the training loop does it.
    worker.waitMs += worker.waited;
    worker.waited = 0;
    const ms = Math.max(1, Math.round(this.clockMs(at, this.now)));
    worker.computeMs += ms;
    worker.busyUntil = this.now + ms;
    return 0;
  }

  private report(): void {
    for (const [at, worker] of this.workers.entries()) {
      const { clock, computeMs, waitMs } = worker;
      this.control.take(nodeId(at + 1), workerReportOf({ clock, computeMs, waitMs, spanMs: REPORT_MS }));
      worker.computeMs = 0;
      worker.waitMs = 0;
    }
    const { now, delay, fromClock, workers } = this;
    const nodes = workers.map((_, at) => nodeId(at + 1));
    const next = this.control.next({ now, delay, fromClock, workers: nodes, most: 10_000 });
    if (next === delay || !this.isControlled) return;
    this.delay = next;
    this.delays.push(next);
    this.fromClock = Math.max(...workers.map(({ clock }) => clock)) + 1;
  }
}

/** Most clocks take 50 ms, one in `seldom` ten times as long. */
function withHiccups(seed: number, seldom: number): (worker: number) => number {
  const random = new Random(seed);
  return () => (random.below(seldom) === 0 ? 500 : 40 + random.below(20));
}

/** Waiting in the second half of four minutes: the workers drift apart like random walks, ever more slowly. */
function waitingOf(model: Model): number {
  model.run(120_000);
  return model.run(120_000);
}

function smallestFixed(seed: number): number {
  let delay = 1;
  while (waitingOf(new Model(4, withHiccups(seed, 20), delay, false)) >= 0.02) delay = Math.ceil(1.2 * delay);
  return delay;
}

describe('dynamic τ', () => {
  it('stays at its smallest while all workers are equally fast', () => {
    const model = new Model(4, () => 50);
    expect(model.run(30_000)).toBeLessThan(0.001);
    expect(model.delays).toEqual([]);
  });

  it.each([8, 50, 400])(
    'one worker of four four times slower, %i ms a clock: they hardly wait, by few changes',
    (ms) => {
      const model = new Model(4, (worker) => (worker === 0 ? 4 * ms : ms));
      model.run(Math.max(5_000, 50 * ms));
      const before = model.delays.length;
      expect(model.run(Math.max(60_000, 600 * ms))).toBeLessThan(0.02);
      expect(model.delays.length - before).toBeLessThan(16);
    },
  );

  it('begun at 16 nobody waits for who is slower, from the first second on, and among equals it comes down', () => {
    const slow = new Model(4, (worker) => (worker === 0 ? 200 : 50), 16);
    expect(slow.run(20_000)).toBeLessThan(0.002);
    const equal = new Model(4, () => 50, 16);
    expect(equal.run(60_000)).toBe(0);
    expect(equal.delay).toBeLessThanOrEqual(2);
  });

  it('random stragglers: finds a bound near the smallest that keeps the waiting under 2 %', () => {
    for (const seed of [1, 2]) {
      const model = new Model(4, withHiccups(seed, 20));
      expect(waitingOf(model)).toBeLessThan(0.02);
      const smallest = smallestFixed(seed);
      // A larger bound lets workers drift further apart than they would under the smallest, and then has to be kept.
      expect(model.delay).toBeLessThanOrEqual(4 * smallest);
      expect(model.delay).toBeGreaterThanOrEqual(smallest / 2);
    }
  });

  it('comes down again when the straggler has caught up, and does not swing', () => {
    // For 20 s four times slower, for 15 s twice as fast, then like the others.
    const straggler = (now: number) => (now < 20_000 ? 200 : now < 35_000 ? 25 : 50);
    const model = new Model(3, (worker, now) => (worker === 0 ? straggler(now) : 50));
    model.run(20_000);
    expect(model.delay).toBeGreaterThan(200);
    model.run(100_000);
    expect(model.delay).toBeLessThan(10);
    expect(model.delays.length).toBeLessThan(30);
  });

  it('never asks for more clocks than there are, nor for less than one', () => {
    const control = new DynamicDelay();
    const [a, b] = [nodeId(1), nodeId(2)];
    const ask = (now: number, delay: number) => control.next({ now, delay, fromClock: 0, workers: [a, b], most: 6 });
    for (let at = 0; at < 40; at++) {
      control.take(a, workerReportOf({ clock: 10 * at, computeMs: 250, waitMs: 0, spanMs: 250 }));
      control.take(b, workerReportOf({ clock: at, computeMs: 250, waitMs: 0, spanMs: 250 }));
      const delay = ask(at * 250, 5);
      expect(delay).toBeGreaterThanOrEqual(5);
      expect(delay).toBeLessThanOrEqual(6);
    }
    expect(control.next({ now: 1e6, delay: 1, fromClock: 0, workers: [a], most: 6 })).toBe(1);
  });
});
