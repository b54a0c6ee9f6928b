// Caps in virtual time: what goes, when, and what goes first.
import { describe, expect, it } from 'vitest';
import { ChunkedLink } from './chunked-link.ts';
import { FakeTimers } from './fake-timers.ts';
import { Priority } from './link.ts';
import { Pacer, TokenBucket } from './pacer.ts';

describe('a token bucket', () => {
  it('holds a burst at first, fills at its rate, and never over', () => {
    const bucket = new TokenBucket(10, 1_000);
    bucket.take(1_000, 0);
    expect(bucket.waitMs(0, 0)).toBe(0);
    expect(bucket.waitMs(500, 0)).toBe(50);
    expect(bucket.waitMs(500, 20)).toBe(30);
    bucket.take(1_000, 10_000);
    expect(bucket.waitMs(1, 10_000)).toBe(0.1);
  });

  it('pays a debt back before anything else', () => {
    const bucket = new TokenBucket(10, 1_000);
    bucket.take(3_000, 0);
    expect(bucket.waitMs(0, 0)).toBe(200);
  });
});

interface Sent {
  readonly at: number;
  readonly bytes: number;
  readonly priority: number;
}

/** Two links of one tab, whose other ends credit all at once, and what went out on them. */
function cappedTab(bytesPerSecond: number | null) {
  const timers = new FakeTimers();
  const pacer = new Pacer(() => timers.now, timers.start);
  pacer.setRate(bytesPerSecond);
  const sent: Sent[] = [];
  const open = () => {
    const ends: ChunkedLink[] = [];
    const transportTo = (other: number) => ({
      canSend: () => true,
      send: (message: Uint8Array<ArrayBuffer>) => {
        if (other === 1 && message[1] !== 4)
          sent.push({ at: timers.now, bytes: message.byteLength, priority: message[0] ?? -1 });
        ends[other]?.receive(message.slice().buffer);
      },
      close: () => undefined,
    });
    const handlers = { onFrame: () => undefined, onClose: () => undefined };
    const now = () => timers.now;
    ends[0] = new ChunkedLink(transportTo(1), handlers, (run) => run(), { pacer, now });
    ends[1] = new ChunkedLink(transportTo(0), handlers, (run) => run(), { now });
    return ends[0];
  };
  const between = (from: number, to: number) =>
    sent.filter(({ at }) => at >= from && at < to).reduce((sum, { bytes }) => sum + bytes, 0);
  return { timers, pacer, sent, between, links: [open(), open()] as const };
}

describe('a capped tab', () => {
  it('knows how fast its links are before anything has waited', () => {
    const { pacer, links } = cappedTab(250_000);
    expect(links[0].bytesPerMs).toBe(250);
    pacer.setRate(null);
    expect(links[0].bytesPerMs).toBeNull();
  });

  it('measures how fast what waits goes out', () => {
    const { pacer, timers, links } = cappedTab(250_000);
    links[0].send([new Uint8Array(100_000)], Priority.push);
    timers.advance(300);
    pacer.setRate(null);
    expect(links[0].bytesPerMs).toBeGreaterThan(200);
    expect(links[0].bytesPerMs).toBeLessThan(350);
  });

  it('sends at its rate over all links together, after a burst of a tenth of a second', () => {
    const { timers, links, between } = cappedTab(1_000_000);
    for (const link of links) link.send([new Uint8Array(4_000_000)], Priority.push);
    timers.advance(5_000);
    expect(between(0, 5_000)).toBeGreaterThan(4_900_000);
    expect(between(0, 5_000)).toBeLessThan(5_150_000);
    expect(between(2_000, 3_000)).toBeGreaterThan(950_000);
    expect(between(2_000, 3_000)).toBeLessThan(1_050_000);
  });

  it('lets both links have their share', () => {
    const { timers, links } = cappedTab(1_000_000);
    for (const link of links) link.send([new Uint8Array(4_000_000)], Priority.push);
    timers.advance(2_000);
    const [first, second] = links.map(({ stats }) => stats.bytesOut);
    expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThan(200_000);
  });

  it('sends control at once, and pulls ahead of pushes, also of another link', () => {
    const { timers, links, sent } = cappedTab(100_000);
    links[0].send([new Uint8Array(1_000_000)], Priority.push);
    timers.advance(1_000);
    sent.length = 0;
    links[1].send([new Uint8Array(64)], Priority.control);
    expect(sent).toMatchObject([{ at: 1_000, priority: Priority.control }]);
    sent.length = 0;
    links[1].send([new Uint8Array(20_000)], Priority.pull);
    timers.advance(400);
    // 20 kB take 0.2 s; until they are out no push goes.
    const lastPull = sent.findLastIndex(({ priority }) => priority === Priority.pull);
    expect(sent.slice(0, lastPull).filter(({ priority }) => priority === Priority.push).length).toBeLessThanOrEqual(1);
    expect(sent[lastPull]?.at).toBeLessThan(1_300);
  });

  it('credits what it takes at its rate, so that it is sent no more than that', () => {
    const timers = new FakeTimers();
    const pacer = new Pacer(() => timers.now, timers.start);
    pacer.setRate(500_000);
    let taken = 0;
    const ends: ChunkedLink[] = [];
    const to = (other: number) => ({
      canSend: () => true,
      send: (message: Uint8Array<ArrayBuffer>) => ends[other]?.receive(message.slice().buffer),
      close: () => undefined,
    });
    const now = () => timers.now;
    const onFrame = (frame: Uint8Array) => {
      taken += frame.byteLength;
    };
    const handlers = { onFrame, onClose: () => undefined };
    ends[0] = new ChunkedLink(to(1), handlers, (run) => run(), { now });
    ends[1] = new ChunkedLink(to(0), handlers, (run) => run(), { pacer, now });
    for (let frame = 0; frame < 100; frame++) ends[0].send([new Uint8Array(50_000)], Priority.push);
    timers.advance(4_000);
    expect(taken).toBeGreaterThan(1_900_000);
    // A window may be there already when the rate begins to count.
    expect(taken).toBeLessThan(2_300_000);
  });

  it('goes on at once when the cap is lifted', () => {
    const { timers, links, pacer, between } = cappedTab(10_000);
    links[0].send([new Uint8Array(1_000_000)], Priority.push);
    timers.advance(1_000);
    pacer.setRate(null);
    expect(between(1_000, 1_001)).toBeGreaterThan(900_000);
    expect(timers.count).toBe(0);
  });
});
