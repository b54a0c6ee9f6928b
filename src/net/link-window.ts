// How many bytes a link may have on their way: a small window where the other end is near, and over a long round trip what the
// path holds, bandwidth × round trip, measured as they go (after Cardwell et al. 2016, "BBR: congestion-based congestion
// control"). Pure: told the time.
import {
  CREDIT_STEP_BYTES,
  LINK_WINDOW_BYTES,
  MAX_LINK_WINDOW_BYTES,
  NEAR_LINK_WINDOW_BYTES,
} from '../protocol/limits.ts';
import { Fifo } from './fifo.ts';

/** Up to here a small window carries 9 MB/s and more: between tabs of one machine or house it must grow no further. */
const NEAR_MS = 20;

/** Of bandwidth × round trip: as the bandwidth is measured under the window, a gain lets it double with every round. */
const GAIN = 2;

/** The shortest round trip counts for so long: paths change, but a full window makes every trip longer than its path. */
const ROUND_TRIP_MEMORY_MS = 300_000;

/** A round trip this many times the shortest, and at least so long, lost packets on the way. */
const STALL_ROUND_TRIPS = 8;
const LEAST_STALL_MS = 1_000;

/** After a stall the window stays small for so long: what made it stall would do so again. */
const CAUTION_MS = 30_000;

/** A message at which the other end will say what it has taken: it counts as this end does. */
interface Mark {
  /** Bytes sent until then, that message included; and credited when it was sent. */
  readonly end: number;
  readonly creditedBefore: number;
  readonly since: number;
  /** There was no room for more: how fast it goes says what the path carries. */
  readonly isFull: boolean;
}

export class LinkWindow {
  /** Bytes that may be on their way now. */
  bytes = LINK_WINDOW_BYTES;
  private sent = 0;
  private credited = 0;
  /** Sent since the last mark. */
  private unmarked = 0;
  /** At most one for each step of a window. */
  private readonly marks = new Fifo<Mark>();
  /** Shortest round trips of this and of the last stretch of `ROUND_TRIP_MEMORY_MS`. */
  private shortest = Number.POSITIVE_INFINITY;
  private shortestBefore = Number.POSITIVE_INFINITY;
  private stretchAt = Number.NEGATIVE_INFINITY;
  /** What the window may grow to, step by step. */
  private goal = LINK_WINDOW_BYTES;
  private cautiousUntil = Number.NEGATIVE_INFINITY;

  /** Bytes on their way. */
  get underWay(): number {
    return this.sent - this.credited;
  }

  get hasRoom(): boolean {
    return this.underWay < this.bytes;
  }

  /** @param now in milliseconds */
  onSent(bytes: number, now: number): void {
    // After a rest nothing paces a whole window: it would leave at once, and be lost. It grows anew, up to the same goal.
    if (this.underWay < CREDIT_STEP_BYTES) this.bytes = LINK_WINDOW_BYTES;
    this.sent += bytes;
    this.unmarked += bytes;
    if (this.unmarked < CREDIT_STEP_BYTES) return;
    this.unmarked = 0;
    this.marks.push({ end: this.sent, creditedBefore: this.credited, since: now, isFull: !this.hasRoom });
  }

  /** The other end has taken so many bytes more. */
  onCredit(bytes: number, now: number): void {
    this.credited += bytes;
    for (let mark = this.marks.first(); mark !== undefined && mark.end <= this.credited; mark = this.marks.first()) {
      this.marks.shift();
      this.measure(mark, now);
    }
    // A step a credit doubles the window within a round trip, and lets no more than two steps go at once.
    if (this.bytes < this.goal) this.bytes = Math.min(this.goal, this.bytes + CREDIT_STEP_BYTES);
  }

  private measure({ creditedBefore, since, isFull }: Mark, now: number): void {
    const tripMs = now - since;
    this.remember(tripMs, now);
    const shortest = Math.min(this.shortest, this.shortestBefore);
    if (tripMs > Math.max(LEAST_STALL_MS, STALL_ROUND_TRIPS * shortest)) this.cautiousUntil = now + CAUTION_MS;
    if (now < this.cautiousUntil) this.goal = LINK_WINDOW_BYTES;
    else if (shortest <= NEAR_MS) this.goal = NEAR_LINK_WINDOW_BYTES;
    else if (isFull) {
      const held = ((this.credited - creditedBefore) / tripMs) * shortest;
      this.goal = Math.min(MAX_LINK_WINDOW_BYTES, Math.max(LINK_WINDOW_BYTES, GAIN * held));
    }
    this.bytes = Math.min(this.bytes, this.goal);
  }

  private remember(tripMs: number, now: number): void {
    if (now - this.stretchAt > ROUND_TRIP_MEMORY_MS) {
      this.shortestBefore = this.shortest;
      this.shortest = Number.POSITIVE_INFINITY;
      this.stretchAt = now;
    }
    this.shortest = Math.min(this.shortest, tripMs);
  }
}
