// How a run goes on, changes and ends.
import { describe, expect, it } from 'vitest';
import { requiredClock, scheduleAt } from './consistency.ts';
import { BSP, sspOf, workerReportOf, workersOf } from './testing.ts';
import { kinds, TestRoom } from './testing-room.ts';

describe('pause, resume and stop', () => {
  it('hold the workers at a clock ahead of all of them', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 10);
    room.progress(2, 12);
    room.ask({ ask: 'pause' });
    expect(room.state.phase).toBe('paused');
    expect(room.state.clockLimit).toBeGreaterThan(12);
    expect(room.state.clockLimit).toBeLessThan(100);
  });

  it('let all workers go as far as one that had begun a step before it heard of the pause', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 10);
    room.progress(2, 10);
    room.ask({ ask: 'pause' });
    const { clockLimit } = room.state;
    room.progress(2, clockLimit - 1);
    expect(room.state).toMatchObject({ phase: 'paused', clockLimit });
    room.progress(2, clockLimit + 1);
    expect(room.state).toMatchObject({ phase: 'paused', clockLimit: clockLimit + 2 });
    room.progress(1, clockLimit + 1);
    expect(room.state.clockLimit).toBe(clockLimit + 2);
  });

  it('go on to the end of the run', () => {
    const room = TestRoom.running(['both']);
    room.ask({ ask: 'pause' });
    room.ask({ ask: 'resume' });
    expect(room.state).toMatchObject({ phase: 'running', clockLimit: 100, message: null });
  });

  it('count no seconds while paused', () => {
    const room = TestRoom.running(['both']);
    room.tick(4_000);
    room.ask({ ask: 'pause' });
    room.tick(60_000);
    room.ask({ ask: 'resume' });
    room.now += 1_000;
    room.progress(1, 10);
    expect(room.tick(0).map(({ message }) => message)).toMatchObject([{ kind: 'metrics', seconds: 5 }]);
  });

  it('stop when every worker has stopped', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 10);
    room.progress(2, 10);
    room.ask({ ask: 'stop' });
    expect(room.state.phase).toBe('finishing');
    const last = room.state.clockLimit - 1;
    room.progress(1, last, true);
    expect(room.state.phase).toBe('finishing');
    room.progress(2, last, true);
    expect(room.state.phase).toBe('stopped');
  });

  it('stop where the one in front is: it heard late, and may wait there for one that has stopped before', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 10);
    room.progress(2, 10);
    room.ask({ ask: 'stop' });
    const { clockLimit } = room.state;
    room.progress(1, clockLimit - 1, true);
    room.progress(2, clockLimit + 15);
    expect(room.state).toMatchObject({ phase: 'finishing', clockLimit: clockLimit + 16 });
    // The other has not heard that it may go on.
    room.progress(2, clockLimit + 15, true);
    room.progress(1, clockLimit - 1, true);
    expect(room.state.phase).toBe('finishing');
    room.progress(1, clockLimit + 15, true);
    expect(room.state.phase).toBe('stopped');
  });

  it('stop also when the last worker leaves before it has stopped', () => {
    const room = TestRoom.running(['server', 'worker']);
    room.ask({ ask: 'stop' });
    expect(room.state.phase).toBe('finishing');
    room.leave(2);
    room.report(1);
    expect(room.state.phase).toBe('stopped');
  });

  it('hold also when the last copy of something was lost meanwhile, and came back, under whatever scheduler', () => {
    for (const [ask, phase] of [
      ['pause', 'paused'],
      ['stop', 'finishing'],
    ] as const) {
      const room = TestRoom.running(['worker', 'server'], { replicas: 0 });
      room.ask({ ask });
      const { clockLimit } = room.state;
      room.leave(2);
      expect(room.state.phase).toBe('failed');
      const next = room.succeed(3, [1], 'worker');
      for (const there of [room, next]) {
        there.join(2, 'server');
        there.settleAll();
        expect(there.state).toMatchObject({ phase, clockLimit, message: null });
      }
    }
  });

  it('stop at once where nobody works yet', () => {
    const room = TestRoom.of('both');
    room.start();
    room.ask({ ask: 'stop' });
    expect(room.state.phase).toBe('stopped');
  });

  it('stop also a run that is paused', () => {
    const room = TestRoom.running(['both']);
    room.ask({ ask: 'pause' });
    const { clockLimit } = room.state;
    room.ask({ ask: 'stop' });
    expect(room.state.phase).toBe('finishing');
    expect(room.state.clockLimit).toBeLessThanOrEqual(clockLimit);
  });

  it('mean nothing where they do not apply', () => {
    const room = TestRoom.running(['both']);
    const { revision } = room.state;
    room.ask({ ask: 'resume' });
    expect(room.state.revision).toBe(revision);
  });
});

describe('consistency and learning rate', () => {
  it('change at a clock that nobody has reached, and hold from there', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 20);
    room.progress(2, 25);
    room.ask({ ask: 'consistency', consistency: sspOf(4) });
    const { schedule } = room.state;
    const from = schedule[1]?.fromClock ?? 0;
    expect(from).toBeGreaterThan(26);
    expect(requiredClock(schedule, from - 1)).toBe(from - 2);
    expect(requiredClock(schedule, from)).toBe(from - 5);
    expect(scheduleAt(schedule, from).learningRate).toBe(0.5);
  });

  it('change one without the other', () => {
    const room = TestRoom.running(['both']);
    room.ask({ ask: 'consistency', consistency: sspOf(4) });
    room.ask({ ask: 'learning-rate', learningRate: 0.1 });
    expect(room.state.schedule.at(-1)).toMatchObject({ consistency: sspOf(4), learningRate: 0.1 });
    expect(scheduleAt(room.state.schedule, 0)).toMatchObject({ consistency: BSP, learningRate: 0.5 });
  });

  it('are farther ahead the faster the room is: every shard must hear of the change before', () => {
    const lead = (samples: number) => {
      const room = TestRoom.running(['both']);
      room.report(1, { worker: workerReportOf({ clock: 10, samples, spanMs: 1_000 }) });
      room.ask({ ask: 'learning-rate', learningRate: 1 });
      return (room.state.schedule.at(-1)?.fromClock ?? 0) - 10;
    };
    // 10 samples a clock: 1,000 samples a second are 100 clocks a second, 40 in 0.4 s.
    expect([lead(0), lead(1_000), lead(10_000)]).toEqual([2, 42, 402]);
  });
});

describe('a dynamic delay', () => {
  /** Node 2 does ten clocks between two reports, node 3 one: 30 times, with a tick after each. */
  const withStraggler = (room: TestRoom) => {
    for (let at = 1; at <= 30; at++) {
      const times = { computeMs: 250, waitMs: 0, spanMs: 250 };
      room.now += 250;
      room.report(2, { worker: workerReportOf({ clock: 10 * at, ...times }) });
      room.report(3, { worker: workerReportOf({ clock: at, ...times }) });
      room.step({ kind: 'tick' });
    }
    return room.state.schedule;
  };

  it('is moved on the schedule, by few entries, and leaves the rate alone', () => {
    const room = TestRoom.running(['server', 'worker', 'worker'], { steps: 10_000 });
    room.ask({ ask: 'consistency', consistency: { kind: 'dynamic', delay: 1 } });
    const [first, ...moves] = withStraggler(room);
    expect(first).toMatchObject({ fromClock: 0, consistency: BSP });
    expect(moves.length).toBeLessThan(8);
    expect(moves.every(({ consistency, learningRate }) => consistency.kind === 'dynamic' && learningRate === 0.5)).toBe(
      true,
    );
    // Reports say that they are 270 clocks apart, and nine more with every one.
    expect(requiredClock(room.state.schedule, 310)).toBeLessThan(31);
  });

  it('gives way to any other', () => {
    const room = TestRoom.running(['server', 'worker', 'worker']);
    expect(withStraggler(room)).toHaveLength(1);
    room.ask({ ask: 'consistency', consistency: sspOf(4) });
    withStraggler(room);
    expect(room.state.schedule.at(-1)).toMatchObject({ consistency: sspOf(4) });
  });
});

describe('a loss that is not a number', () => {
  it('pauses the run and says at which step, and what to do', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.report(2, { divergedAt: 17 });
    expect(room.state.phase).toBe('paused');
    expect(room.state.message).toMatch(/step 17\. Lower the learning rate \(now 0\.5\)/);
    room.ask({ ask: 'resume' });
    expect(room.state).toMatchObject({ phase: 'running', message: null });
  });

  it('lets the run be stopped: who has it can go nowhere, and others may wait for it', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.report(2, { divergedAt: 17 });
    room.ask({ ask: 'stop' });
    expect(room.state).toMatchObject({ phase: 'stopped', message: null });
  });

  it('ends a run that is being stopped, and says so', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.ask({ ask: 'stop' });
    room.report(2, { divergedAt: 1 });
    expect(room.state.phase).toBe('stopped');
    expect(room.state.message).toMatch(/step 1\. Lower the learning rate/);
  });
});

describe('a run ends', () => {
  it('when every worker is done', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 99, true);
    expect(room.state.phase).toBe('running');
    room.progress(2, 99, true);
    expect(room.state.phase).toBe('finished');
  });

  it('with its last test told, once', () => {
    const room = TestRoom.running(['both']);
    const samples = room.state.plan?.data.test.samples ?? 0;
    const worker = workerReportOf({ clock: 99, evaluations: [[99, 5, samples, samples / 2]], isDone: true });
    expect(kinds(room.report(1, { worker }))).toEqual(['cluster', 'metrics']);
    expect(room.sent.at(-1)?.message).toMatchObject({ accuracy: [[99, 1_000, 0, 0.5]] });
    expect(kinds(room.report(1, { worker }))).toEqual([]);
  });

  it('without those who left before', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 99, true);
    room.leave(2);
    room.progress(1, 99, true);
    expect(room.state.phase).toBe('finished');
  });

  it('not while a newcomer still works', () => {
    const room = TestRoom.running(['both']);
    room.join(2, 'worker');
    room.report(2);
    room.progress(1, 99, true);
    expect(room.state.phase).toBe('running');
  });

  it('and admits nobody any more', () => {
    const room = TestRoom.running(['both']);
    room.progress(1, 99, true);
    room.join(2, 'worker');
    room.report(2);
    expect(workersOf(room.state)).toEqual([1]);
  });
});
