import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import type { RingPush } from '../protocol/ring-frames.ts';
import { RingInbox } from './ring-inbox.ts';
import { epochOf, workerOf } from './testing.ts';

const FROM = nodeId(2);
const KNOWN = new Set([0, 1]);

const sumOf = (segment: number, epoch: number, clock = 0): RingPush => {
  const parts = [{ worker: workerOf(2), settled: 0, samples: 4 }];
  return { kind: 'ringPush', epoch: epochOf(epoch), table: 0, segment, clock, parts, values: Float32Array.of(1) };
};

describe('what came round too early', () => {
  it('is there when its map has come, once', () => {
    const inbox = new RingInbox();
    inbox.keep(FROM, sumOf(0, 2), KNOWN);
    expect(inbox.take(epochOf(1))).toEqual([]);
    expect(inbox.take(epochOf(2))).toEqual([{ from: FROM, frame: sumOf(0, 2) }]);
    expect(inbox.take(epochOf(2))).toEqual([]);
  });

  it('goes with its epoch when a newer map has come', () => {
    const inbox = new RingInbox();
    inbox.keep(FROM, sumOf(0, 2), KNOWN);
    expect(inbox.take(epochOf(3))).toEqual([]);
    expect(inbox.size).toBe(0);
  });

  it('is one frame of each kind and segment, the newest; an older epoch does not replace it', () => {
    const inbox = new RingInbox();
    for (let clock = 0; clock < 50; clock++) inbox.keep(FROM, sumOf(0, 2, clock), KNOWN);
    inbox.keep(FROM, sumOf(1, 2), KNOWN);
    inbox.keep(FROM, sumOf(0, 1), KNOWN);
    expect(inbox.size).toBe(2);
    expect(inbox.take(epochOf(2)).map(({ frame }) => frame)).toEqual([sumOf(0, 2, 49), sumOf(1, 2)]);
  });

  it('of a segment that the run does not have is dropped', () => {
    const inbox = new RingInbox();
    inbox.keep(FROM, sumOf(7, 2), KNOWN);
    expect(inbox.size).toBe(0);
  });
});
