// The window of a link on paths that are computed by hand: a rate, a round trip, and a receiver that credits as links do.
import { describe, expect, it } from 'vitest';
import {
  CREDIT_STEP_BYTES,
  LINK_WINDOW_BYTES,
  MAX_LINK_WINDOW_BYTES,
  MAX_MESSAGE_BYTES,
  NEAR_LINK_WINDOW_BYTES,
} from '../protocol/limits.ts';
import { LinkWindow } from './link-window.ts';

interface Path {
  readonly bytesPerMs: number;
  readonly roundTripMs: number;
}

/** Sends for so long, always with more to send, over a path whose queue is as long as it takes. */
class Sender {
  readonly window = new LinkWindow();
  now = 0;
  taken = 0;
  most = 0;
  private freeAt = 0;
  private uncredited = 0;
  private credits: { readonly at: number; readonly bytes: number }[] = [];

  constructor(public path: Path) {}

  /** @returns bytes per millisecond that arrived meanwhile */
  run(ms: number): number {
    const [end, before] = [this.now + ms, this.taken];
    this.fill();
    for (let next = this.credits[0]; next !== undefined && next.at <= end; next = this.credits[0]) {
      this.credits.shift();
      this.now = next.at;
      this.window.onCredit(next.bytes, this.now);
      this.taken += next.bytes;
      this.fill();
    }
    this.now = end;
    return (this.taken - before) / ms;
  }

  /** Sends nothing more until all has arrived. */
  drain(): void {
    for (const { at, bytes } of this.credits.splice(0)) {
      this.now = at;
      this.window.onCredit(bytes, at);
    }
  }

  private fill(): void {
    while (this.window.hasRoom) {
      this.window.onSent(MAX_MESSAGE_BYTES, this.now);
      this.most = Math.max(this.most, this.window.underWay);
      this.freeAt = Math.max(this.freeAt, this.now) + MAX_MESSAGE_BYTES / this.path.bytesPerMs;
      this.uncredited += MAX_MESSAGE_BYTES;
      if (this.uncredited < CREDIT_STEP_BYTES) continue;
      this.credits.push({ at: this.freeAt + this.path.roundTripMs, bytes: this.uncredited });
      this.uncredited = 0;
    }
  }
}

describe('a window', () => {
  it('grows by one message between near ends, whatever they carry, and begins anew after a rest', () => {
    for (const roundTripMs of [0.3, 2, 15]) {
      const sender = new Sender({ bytesPerMs: 40_000, roundTripMs });
      sender.run(0);
      expect(sender.most).toBe(LINK_WINDOW_BYTES);
      sender.run(20_000);
      expect(sender.most).toBe(NEAR_LINK_WINDOW_BYTES);
      sender.drain();
      sender.window.onSent(MAX_MESSAGE_BYTES, sender.now);
      expect(sender.window.bytes).toBe(LINK_WINDOW_BYTES);
    }
  });

  it('carries nearly what a long path does, where the small one would carry a fraction', () => {
    const sender = new Sender({ bytesPerMs: 5_000, roundTripMs: 100 });
    sender.run(2_000);
    // 128 KiB and a message, each 100 ms, are 1,966 bytes a millisecond.
    expect(sender.run(10_000)).toBeGreaterThan(0.95 * 5_000);
    expect(sender.most).toBeLessThanOrEqual(MAX_LINK_WINDOW_BYTES + MAX_MESSAGE_BYTES);
  });

  it('doubles in a round trip at most, so that no burst leaves at once', () => {
    const sender = new Sender({ bytesPerMs: 20_000, roundTripMs: 100 });
    sender.run(0);
    let before = sender.window.bytes;
    for (let round = 0; round < 20; round++) {
      sender.run(100 + MAX_MESSAGE_BYTES / 20_000);
      expect(sender.window.bytes).toBeLessThanOrEqual(2 * before + CREDIT_STEP_BYTES);
      before = sender.window.bytes;
    }
    expect(before).toBeGreaterThan(1_000_000);
  });

  it('stays small where a path is slow: more would only wait longer', () => {
    const sender = new Sender({ bytesPerMs: 100, roundTripMs: 60 });
    sender.run(60_000);
    // A message alone takes 655 ms: twice what that path holds is two of them.
    expect(sender.window.bytes).toBeLessThanOrEqual(2 * LINK_WINDOW_BYTES);
  });

  it('is small again after a stall, for a while', () => {
    const sender = new Sender({ bytesPerMs: 5_000, roundTripMs: 50 });
    sender.run(5_000);
    expect(sender.window.bytes).toBeGreaterThan(2 * LINK_WINDOW_BYTES);
    sender.path = { bytesPerMs: 5_000, roundTripMs: 3_000 };
    sender.run(4_000);
    sender.path = { bytesPerMs: 5_000, roundTripMs: 50 };
    sender.run(10_000);
    expect(sender.window.bytes).toBe(LINK_WINDOW_BYTES);
    sender.run(40_000);
    expect(sender.window.bytes).toBeGreaterThan(2 * LINK_WINDOW_BYTES);
  });

  it('begins small after a rest, and is soon what it was', () => {
    const window = new LinkWindow();
    const sender = new Sender({ bytesPerMs: 5_000, roundTripMs: 100 });
    sender.run(5_000);
    const large = sender.window.bytes;
    sender.drain();
    sender.window.onSent(MAX_MESSAGE_BYTES, sender.now + 5_000);
    expect(sender.window.bytes).toBe(window.bytes);
    for (let credit = 0; credit < 60; credit++) sender.window.onCredit(0, sender.now + 5_000);
    expect(sender.window.bytes).toBeGreaterThanOrEqual(0.9 * large);
  });
});
