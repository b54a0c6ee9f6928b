// A bandwidth cap: what all links of one worker may send together, and take. A token bucket each way; what is urgent goes first,
// also over other links' less urgent frames.
import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import { Priority } from './link.ts';
import type { StartTimer } from './timers.ts';

/** What may be sent at once after a rest: small enough that a pull never waits long behind pushes, at any rate. */
const BURST_MS = 100;

/** At a slow rate messages are cut smaller, down to this: headers are little of it, and a pull may cut in after each. */
const LEAST_MESSAGE_BYTES = 2 * 1024;

/** Tokens that come at a rate, up to a burst; taking more than there are leaves a debt. Pure: told the time in ms. */
export class TokenBucket {
  private tokens: number;
  private at = Number.NEGATIVE_INFINITY;

  /** @param bytesPerMs what comes; @param burst bytes that are kept at most, and there at first */
  constructor(
    readonly bytesPerMs: number,
    readonly burst: number,
  ) {
    this.tokens = burst;
  }

  take(bytes: number, now: number): void {
    this.refill(now);
    this.tokens -= bytes;
  }

  /** Milliseconds until there are `tokens`; 0 where there are. */
  waitMs(tokens: number, now: number): number {
    this.refill(now);
    return Math.max(0, tokens - this.tokens) / this.bytesPerMs;
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + Math.max(0, now - this.at) * this.bytesPerMs);
    this.at = Math.max(this.at, now);
  }
}

/** One way of a capped tab: its bucket, and who waits for it. */
class Lane {
  private bucket: TokenBucket | null = null;
  /** Links that wait, in the order in which they go on, and the tokens that each wants to be there. */
  private readonly waiting = new Map<() => void, number>();
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly now: () => number,
    private readonly startTimer: StartTimer,
  ) {}

  setRate(bytesPerSecond: number | null): void {
    const bytesPerMs = (bytesPerSecond ?? 0) / 1000;
    this.bucket = bytesPerSecond === null ? null : new TokenBucket(bytesPerMs, burstOf(bytesPerMs));
    this.wake();
  }

  /** What may be sent at once after a rest; null without a rate. */
  get burst(): number | null {
    return this.bucket?.burst ?? null;
  }

  /** The rate; null without one. */
  get bytesPerMs(): number | null {
    return this.bucket?.bytesPerMs ?? null;
  }

  take(bytes: number): void {
    this.bucket?.take(bytes, this.now());
  }

  /** Are there so many tokens? If not, `goOn` is called when there are. */
  has(tokens: number, goOn: () => void): boolean {
    if (this.isThere(tokens)) return true;
    this.waiting.set(goOn, tokens);
    this.startWaiting();
    return false;
  }

  private isThere(tokens: number): boolean {
    return this.bucket === null || this.bucket.waitMs(tokens, this.now()) === 0;
  }

  /** Who gets nothing keeps its place; who goes on and wants more waits behind all others. */
  private wake(): void {
    for (const [goOn, tokens] of [...this.waiting]) {
      if (!this.isThere(tokens)) continue;
      this.waiting.delete(goOn);
      goOn();
    }
    this.startWaiting();
  }

  private startWaiting(): void {
    this.cancelTimer();
    const { bucket } = this;
    if (bucket === null || this.waiting.size === 0) return;
    const waitMs = bucket.waitMs(Math.min(...this.waiting.values()), this.now());
    // Timers may fire a little early.
    this.cancelTimer = this.startTimer(() => this.wake(), Math.max(1, Math.ceil(waitMs)));
  }
}

/** Without a rate everything goes at once. */
export class Pacer {
  private readonly out: Lane;
  private readonly in: Lane;

  constructor(now: () => number, startTimer: StartTimer) {
    this.out = new Lane(now, startTimer);
    this.in = new Lane(now, startTimer);
  }

  /** @param bytesPerSecond each way; null lifts the cap */
  setRate(bytesPerSecond: number | null): void {
    this.out.setRate(bytesPerSecond);
    this.in.setRate(bytesPerSecond);
  }

  /** What may be sent; null without a cap. */
  get bytesPerMs(): number | null {
    return this.out.bytesPerMs;
  }

  /** The largest message that should be sent now. A multiple of 8. */
  get messageBytes(): number {
    const { burst } = this.out;
    if (burst === null) return MAX_MESSAGE_BYTES;
    return Math.max(LEAST_MESSAGE_BYTES, Math.min(MAX_MESSAGE_BYTES, burst / 4)) & ~7;
  }

  /**
   * May something of this urgency go now? Control always may. Pushes and bulk leave half of a burst to pulls.
   * If not, `goOn` is called when it may.
   */
  maySend(urgency: Priority, goOn: () => void): boolean {
    if (urgency === Priority.control) return true;
    return this.out.has(urgency === Priority.pull ? 0 : (this.out.burst ?? 0) / 2, goOn);
  }

  sent(bytes: number): void {
    this.out.take(bytes);
  }

  received(bytes: number): void {
    this.in.take(bytes);
  }

  /** May the other end be told that what has come was taken, so that it sends more? If not, `goOn` is called then. */
  mayCredit(goOn: () => void): boolean {
    return this.in.has(0, goOn);
  }
}

const burstOf = (bytesPerMs: number): number => Math.max(LEAST_MESSAGE_BYTES, bytesPerMs * BURST_MS);
