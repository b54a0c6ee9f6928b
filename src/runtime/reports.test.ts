import { describe, expect, it } from 'vitest';
import { parseControl } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { ShardCounters } from '../ps/shard-counters.ts';
import { mergeReports, TrafficMeter } from './reports.ts';
import { reportsOf } from './testing.ts';

const [A, B] = [nodeId(1), nodeId(2)];
const out = (node: typeof A, bytesOut: number) => ({ node, bytesIn: 1, bytesOut });

const merge = (...[trainerChange, shardChange]: Parameters<typeof reportsOf>) => {
  const { trainer, shard } = reportsOf(trainerChange, shardChange);
  return mergeReports(trainer, shard, { flows: [], drains: [], bandwidth: null });
};

/** The report as the scheduler gets it. */
const arrived = (...changes: Parameters<typeof reportsOf>) =>
  parseControl(JSON.stringify({ ...merge(...changes), unreachable: [], rttMs: 1.5 }));

describe('flows', () => {
  it('are bytes per second to each node since the last time, over both workers', () => {
    const meter = new TrafficMeter();
    const at = (bytes: [number, number], now: number) => {
      const { trainer, shard } = reportsOf({ bytes: [out(A, bytes[0])] }, { bytes: [out(A, bytes[1]), out(B, 500)] });
      return meter.flows(trainer, shard, now);
    };
    at([0, 0], 1_000);
    // 1,000 + 2,000 bytes in half a second; nothing new to B.
    expect(at([1_000, 2_000], 1_500)).toEqual([[A, 6_000]]);
    expect(at([1_000, 2_000], 1_750)).toEqual([]);
  });

  it('are never negative nor infinite: a new link counts from 0, two calls may share a moment', () => {
    const meter = new TrafficMeter();
    const { trainer, shard } = reportsOf({ bytes: [out(A, 1_000)] });
    meter.flows(trainer, shard, 1_000);
    expect(meter.flows(reportsOf({ bytes: [out(A, 10)] }).trainer, shard, 1_000)).toEqual([]);
    for (const [, rate] of meter.flows(trainer, shard, 1_000)) expect(Number.isFinite(rate)).toBe(true);
  });
});

describe('a tab’s report', () => {
  it('adds up the bytes of both workers', () => {
    const bytes = [out(A, 10), out(B, 20)];
    expect(merge({ bytes }, { bytes: [out(A, 5)] })).toMatchObject({ bytesIn: 3, bytesOut: 35 });
  });

  it('has how fast each node’s links drain: of several the slowest, of none nothing', () => {
    const { trainer, shard } = reportsOf();
    const drains: [typeof A, number][] = [
      [A, 5_000],
      [B, 70],
      [A, 3_000],
    ];
    const merged = mergeReports(trainer, shard, { flows: [], drains, bandwidth: null });
    expect(merged.drains).toEqual([
      [A, 3_000],
      [B, 70],
    ]);
    expect(merge().drains).toBeUndefined();
  });

  it('has the links of a worker, and none of a tab that does not work', () => {
    const worker = { clock: 0, samples: 0, losses: [], evaluations: [], isDone: false, device: 'wasm' };
    const times = { computeMs: 0, waitMs: 0, communicateMs: 0, spanMs: 0, sinceClockMs: 0 };
    expect(merge({ worker: { ...worker, ...times } }).links).toEqual({ webrtc: 2, port: 1 });
    expect(merge().links).toEqual({ webrtc: 0, port: 0 });
  });

  it('has what the shard counted, where it serves', () => {
    const counters = new ShardCounters();
    counters.applied(A, 70);
    counters.refused(B, 'bad-keys');
    const pushes = [{ node: A, count: 4 }];
    const figures = { ...counters.figures(), pushes, busyMs: 12, saved: { push: 30, pull: 0 } };
    const report = arrived({}, { figures, settled: [0, 2], epoch: { term: 1, counter: 4 } });
    const refused = [{ node: B, reason: 'bad-keys', count: 1 }];
    expect(report).toMatchObject({
      shard: { pushes, refused, staleness: { 64: 1 }, busyMs: 12, saved: { push: 30, pull: 0 } },
      settled: [0, 2],
      epoch: { term: 1, counter: 4 },
    });
    expect(merge().shard).toBeNull();
  });

  it('is understood by a scheduler, whatever the problem says', () => {
    expect(arrived({ problem: 'x'.repeat(9_000) })).toMatchObject({ problem: 'x'.repeat(500) });
    expect(arrived({ problem: null, divergedAt: 3 })).toMatchObject({ problem: null, divergedAt: 3, rttMs: 1.5 });
  });
});
