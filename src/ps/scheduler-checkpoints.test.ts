// The scheduler's part of checkpoints: announces cuts, names the complete one, begins a resumed run only when every segment
// has its state, and says what is lost and what to do when the last copy is gone.
import { describe, expect, it } from 'vitest';
import type { Report, Request, RunPlan } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { RESTORE_TIMEOUT_MS } from './room-roles.ts';
import { SchedulerCore, type SchedulerEffect } from './scheduler-core.ts';
import { ASYNC, BSP, reportOf, runPlanOf, workerReportOf } from './testing.ts';

const PART = 'ab'.repeat(32);
const FROM = {
  clock: 49,
  parts: [PART],
  schedule: [
    { fromClock: 0, consistency: BSP, learningRate: 0.5 },
    { fromClock: 60, consistency: ASYNC, learningRate: 0.1 },
  ],
};
const HISTORY = { seconds: 7, loss: [[49, 500, 7, 1.5] as [number, number, number, number]], accuracy: [] };

/** A scheduler on node 1, which serves, with a worker on node 2; a plan of 100 clocks and one segment. */
class Room {
  readonly core = new SchedulerCore(nodeId(1), 3, [], null, null, 0);
  now = 0;
  /** What the start sent. */
  readonly started: readonly SchedulerEffect[];

  constructor(plan: Partial<RunPlan> = {}) {
    this.core.step({ kind: 'node', node: nodeId(1), label: 'tab 1', role: 'server' }, 0);
    this.core.step({ kind: 'node', node: nodeId(2), label: 'tab 2', role: 'worker' }, 0);
    const start = {
      ask: 'start',
      plan: runPlanOf(plan),
      consistency: BSP,
      learningRate: 0.5,
      history: HISTORY,
    } as const;
    this.started = this.core.step({ kind: 'request', from: nodeId(1), request: start }, 0);
  }

  ask(request: Request): void {
    this.core.step({ kind: 'request', from: nodeId(1), request }, this.now);
  }

  report(node: number, change: Partial<Report> = {}): void {
    const report = reportOf({ run: 1, ...change });
    this.core.step({ kind: 'report', from: nodeId(node), report }, this.now);
  }

  /** The owner says that its segment is settled in the epoch of now. */
  settle(): void {
    this.report(1, { epoch: this.core.state.map.epoch, settled: [0] });
  }

  worker(clock: number): void {
    this.report(2, { worker: workerReportOf({ clock, samples: 10 * clock }) });
  }

  tick(afterMs: number) {
    this.now += afterMs;
    return this.core.step({ kind: 'tick' }, this.now);
  }
}

describe('a run that keeps checkpoints', () => {
  const running = () => {
    const room = new Room({ checkpoint: { steps: 20, seconds: null } });
    room.report(1);
    room.report(2);
    return room;
  };

  it('tells everybody the clock of the next, then which is complete', () => {
    const room = running();
    room.worker(3);
    expect(room.core.state).toMatchObject({ phase: 'running', checkpoint: { cutAt: 19, newest: null } });
    room.worker(19);
    room.report(1, { cut: { clock: 19, part: PART, segments: [0], isExact: true } });
    expect(room.core.state.checkpoint).toEqual({ cutAt: 39, newest: { clock: 19, parts: [PART] } });
  });

  it('keeps one at the clock of a pause', () => {
    const room = running();
    room.worker(3);
    room.ask({ ask: 'pause' });
    room.tick(250);
    expect(room.core.state.checkpoint.cutAt).toBe(room.core.state.clockLimit - 1);
    expect(room.core.state.clockLimit).toBeLessThan(19);
  });

  it('keeps one when asked, also where it keeps none by itself', () => {
    const room = new Room();
    room.report(1);
    room.report(2);
    room.worker(3);
    expect(room.core.state.checkpoint.cutAt).toBeNull();
    room.ask({ ask: 'checkpoint' });
    // 2 clocks and 0.4 s ahead, at 12 clocks a second.
    expect(room.core.state.checkpoint.cutAt).toBe(3 + 2 + 5);
  });

  it('names it where the last copy of something is lost', () => {
    const room = running();
    room.worker(19);
    room.report(1, { cut: { clock: 19, part: PART, segments: [0], isExact: true } });
    room.core.step({ kind: 'gone', node: nodeId(1), reason: 'was closed' }, 0);
    const { phase, message } = room.core.state;
    expect(phase).toBe('failed');
    expect(message).toBe(
      'The last copy of 1 of 1 segments (w) is lost: node 1 (tab 1) was closed. Resume from step 20, or start again.',
    );
  });
});

describe('a resumed run', () => {
  it('has the schedule, the samples and the curves of the one before', () => {
    const room = new Room({ from: FROM });
    expect(room.core.state.schedule).toEqual(FROM.schedule);
    expect(room.started.flatMap(({ message }) => (message.kind === 'metrics' ? message : []))).toMatchObject([
      { isHistory: true, loss: HISTORY.loss },
    ]);
    const metrics = room.tick(250).flatMap(({ message }) => (message.kind === 'metrics' ? message : []));
    expect(metrics).toMatchObject([{ clock: 49, samples: 500, seconds: 7 }]);
  });

  it('begins when its segments have their state, not before', () => {
    const room = new Room({ from: FROM });
    room.report(2);
    room.tick(30_000);
    expect(room.core.state).toMatchObject({ phase: 'preparing', map: { workers: [] } });
    room.settle();
    room.tick(250);
    expect(room.core.state).toMatchObject({ phase: 'running', map: { workers: [{ node: 2 }] } });
  });

  it('is given up with a sentence where the state doesn’t come', () => {
    const room = new Room({ from: FROM });
    room.report(2);
    room.tick(RESTORE_TIMEOUT_MS);
    expect(room.core.state.phase).toBe('failed');
    expect(room.core.state.message).toMatch(/No tab here has all of the checkpoint any more/);
  });

  it('changes nothing at clocks that were done before', () => {
    const room = new Room({ from: FROM });
    room.report(2);
    room.settle();
    room.tick(250);
    room.ask({ ask: 'learning-rate', learningRate: 0.25 });
    const { schedule } = room.core.state;
    expect(schedule.at(-1)).toMatchObject({ learningRate: 0.25 });
    expect(schedule.at(-1)?.fromClock).toBeGreaterThan(50);
  });
});
