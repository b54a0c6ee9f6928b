// Facts about the running mean of the workers' time.
import { expect, test } from 'vitest';
import type { NodeMetrics } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { WorkerTimes } from './worker-times.ts';

const node = nodeId(1);

const figuresOf = (compute: number): NodeMetrics => ({
  node,
  label: 'a tab',
  isWorker: true,
  isServer: false,
  clock: 0,
  samplesPerSecond: 1,
  compute,
  wait: 1 - compute,
  communicate: 0,
  bytesIn: 0,
  bytesOut: 0,
  links: { webrtc: 0, port: 0 },
  rttMs: null,
  staleness: null,
  isSlow: false,
  device: null,
  flows: [],
  refused: {},
});

test('a worker that computes in every other report computes half of the time', () => {
  const times = new WorkerTimes();
  for (let report = 0; report < 200; report++) times.add([figuresOf(report % 2)]);
  expect(times.of(node).compute).toBeCloseTo(0.5, 1);
  expect(times.of(node).compute + times.of(node).wait).toBeCloseTo(1);
});

test('who is not among the newest is forgotten', () => {
  const times = new WorkerTimes();
  times.add([figuresOf(1)]);
  times.add([]);
  expect(times.of(node)).toEqual({ compute: 0, wait: 0, communicate: 0 });
});
