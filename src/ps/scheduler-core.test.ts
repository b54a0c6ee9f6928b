// The scheduler's own part: rooms without a run, starts, what it tells, and what the next one makes of it.
import { describe, expect, it } from 'vitest';
import { parseControl, type RunPlan } from '../protocol/control.ts';
import { type Filters, NO_FILTERS } from '../protocol/filters.ts';
import { compareEpochs } from '../protocol/ids.ts';
import type { Consistency } from './consistency.ts';
import { History } from './history.ts';
import { ASYNC, BSP, runPlanOf, workersOf } from './testing.ts';
import { deniedTo, kinds, leasedBlocks, TestRoom } from './testing-room.ts';

describe('a room without a run', () => {
  it('is idle, and tells whoever comes', () => {
    const room = TestRoom.of('auto');
    expect(room.state).toMatchObject({ phase: 'idle', plan: null, term: 3, scheduler: 1, message: null });
    const effects = room.join(2, 'worker');
    expect(effects.map(({ to, message }) => [to, message.kind])).toEqual([[2, 'cluster']]);
  });

  it('has nothing to pause, resume, stop or steer', () => {
    const room = TestRoom.of('auto');
    for (const ask of ['pause', 'resume', 'stop'] as const) expect(room.ask({ ask })).toEqual([]);
    expect(room.ask({ ask: 'learning-rate', learningRate: 1 })).toEqual([]);
    expect(room.tick()).toEqual([]);
  });
});

describe('a start', () => {
  it('is denied where nobody may work, with advice', () => {
    const effects = TestRoom.of('server', 'watch').start();
    expect(effects).toMatchObject([{ to: 1, message: { kind: 'denied', text: 'No tab may work.' } }]);
    expect(effects[0]?.message).toMatchObject({ advice: expect.stringContaining('worker') });
  });

  it('is denied where nobody may serve', () => {
    const room = TestRoom.of('worker', 'worker');
    expect(room.start()).toMatchObject([{ to: 1, message: { kind: 'denied', text: 'No tab may serve.' } }]);
    expect(room.state.phase).toBe('idle');
  });

  it('is denied where the gradients of a clock are to be compared, but not in BSP; so is leaving BSP', () => {
    const plan = runPlanOf({ aggregator: { kind: 'median' } });
    const start = (room: TestRoom, consistency: Consistency) =>
      room.ask({ ask: 'start', plan, consistency, learningRate: 1 });
    expect(deniedTo(start(TestRoom.of('auto'), ASYNC))).toEqual([1]);
    const room = TestRoom.of('auto');
    expect(deniedTo(start(room, BSP))).toEqual([]);
    expect(deniedTo(room.ask({ ask: 'consistency', consistency: ASYNC }))).toEqual([1]);
    expect(deniedTo(room.ask({ ask: 'consistency', consistency: BSP }))).toEqual([]);
  });

  it('round a ring is denied outside BSP, with filters, with a rule that compares, and for sparse or counting jobs', () => {
    const start = (change: Partial<RunPlan>, consistency: Consistency, filters: Filters = NO_FILTERS) => {
      const plan = runPlanOf({ reduce: 'ring', isWhole: true, ...change });
      return TestRoom.of('auto').ask({ ask: 'start', plan, consistency, filters, learningRate: 1 });
    };
    expect(deniedTo(start({}, BSP))).toEqual([]);
    for (const [effects, words] of [
      [start({}, ASYNC), /BSP/],
      [start({}, BSP, { kind: 'auto' }), /filters/],
      [start({ aggregator: { kind: 'median' } }, BSP), /aggregator/],
      [start({ isWhole: false }, BSP), /whole/],
    ] as const) {
      expect(deniedTo(effects)).toEqual([1]);
      expect(effects.map(({ message }) => JSON.stringify(message)).join()).toMatch(words);
    }
  });

  it('round a ring stays in BSP and without filters', () => {
    const room = TestRoom.of('auto');
    room.ask({ ask: 'start', plan: runPlanOf({ reduce: 'ring', isWhole: true }), consistency: BSP, learningRate: 1 });
    expect(deniedTo(room.ask({ ask: 'consistency', consistency: ASYNC }))).toEqual([1]);
    expect(deniedTo(room.ask({ ask: 'filters', filters: { kind: 'auto' } }))).toEqual([1]);
    expect(deniedTo(room.ask({ ask: 'filters', filters: NO_FILTERS }))).toEqual([]);
  });

  it('is denied while a run goes on, to who asked', () => {
    const room = TestRoom.running();
    const effects = room.ask({ ask: 'start', plan: runPlanOf(), consistency: BSP, learningRate: 1 }, 2);
    expect(deniedTo(effects)).toEqual([2]);
    expect(room.state).toMatchObject({ phase: 'running', plan: { run: 1 } });
  });

  it('numbers the run, places its segments, leases its data, and waits', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    const { phase, plan, map, clockLimit, schedule } = room.state;
    expect([phase, plan?.run, map.run, clockLimit]).toEqual(['preparing', 1, 1, 100]);
    expect(schedule).toEqual([{ fromClock: 0, consistency: BSP, learningRate: 0.5 }]);
    expect(map.placements).toEqual([{ chain: [1], learners: [] }]);
    expect(map.workers).toEqual([]);
    expect(leasedBlocks(room.state)).toEqual([
      [1, [0, 2]],
      [2, [1, 3]],
    ]);
  });

  it('counts who asked as holder of dropped data, and nobody of data that everyone makes', () => {
    const data = { ...runPlanOf().data, source: { kind: 'blocks' as const, manifest: 'a'.repeat(64) } };
    const room = TestRoom.of('both', 'worker');
    room.ask({ ask: 'start', plan: runPlanOf({ data }), consistency: BSP, learningRate: 1 }, 2);
    expect(room.state.holders).toEqual([2]);
    room.report(1, { holdsAllBlocks: true });
    room.report(1, { holdsAllBlocks: true });
    expect(room.state.holders).toEqual([2, 1]);
    const other = TestRoom.of('both');
    other.start();
    expect(other.state.holders).toEqual([]);
  });

  it('can follow a run that is over', () => {
    const room = TestRoom.running(['both']);
    room.ask({ ask: 'stop' });
    room.progress(1, 10, true);
    room.start();
    expect(room.state).toMatchObject({ phase: 'preparing', plan: { run: 2 }, map: { run: 2, workers: [] } });
  });
});

describe('what is broadcast', () => {
  it('is nothing where nothing changed', () => {
    const room = TestRoom.running(['both', 'worker']);
    expect(room.progress(1, 5)).toEqual([]);
    expect(room.report(2)).toEqual([]);
    expect(kinds(room.tick())).toEqual(['metrics']);
    expect(room.ask({ ask: 'resume' })).toEqual([]);
    expect(room.step({ kind: 'signaling', isUp: true })).toEqual([]);
  });

  it('is the whole state once, under a higher revision, before anything else', () => {
    const room = TestRoom.running(['both', 'worker']);
    const { revision } = room.state;
    const effects = room.leave(2);
    expect(effects).toEqual([{ to: null, message: room.state }]);
    expect(room.state.revision).toBe(revision + 1);
  });

  it('is what every page accepts', () => {
    const room = TestRoom.running(['both', 'worker', 'auto']);
    room.progress(2, 9);
    for (const { message } of [{ message: room.state }, ...room.tick(), ...room.start()]) {
      expect(parseControl(JSON.stringify(message))).toEqual(message);
    }
  });

  it('has every epoch newer than the one before', () => {
    const room = TestRoom.of('both', 'worker', 'server');
    let last = room.state.map.epoch;
    const steps = [
      () => room.start(),
      () => room.report(1),
      () => room.report(2),
      () => room.leave(2),
      () => room.join(2, 'both'),
      () => room.report(2),
      () => room.settleAll(),
      () => room.ask({ ask: 'leave' }, 3),
    ];
    for (const step of steps) {
      const before = room.state.map;
      step();
      const { map } = room.state;
      if (map !== before) expect(compareEpochs(map.epoch, last)).toBeGreaterThan(0);
      last = map.epoch;
    }
  });
});

describe('a new scheduler', () => {
  it('goes on from the newest state, in a newer epoch and under its own term', () => {
    const old = TestRoom.running();
    old.progress(2, 30);
    const next = old.succeed(2, [1, 2, 3], 'worker');
    const { state } = next;
    expect(state).toMatchObject({ scheduler: 2, term: 4, phase: 'running', plan: old.state.plan });
    expect(state.revision).toBeGreaterThan(old.state.revision);
    expect(compareEpochs(state.map.epoch, old.state.map.epoch)).toBeGreaterThan(0);
    expect(state.map.epoch.counter).toBeGreaterThan(old.state.map.epoch.counter);
  });

  it('keeps workers, incarnations, leases and placements while it hears from the others one by one', () => {
    const old = TestRoom.running(['worker', 'worker', 'server', 'server'], { replicas: 1 });
    const next = old.succeed(2, [2], 'worker');
    const kept = () => ({ ...next.state.map, epoch: null, leases: next.state.leases });
    const before = { ...old.state.map, epoch: null, leases: old.state.leases };
    expect(kept()).toEqual(before);
    next.join(2, 'worker');
    next.join(3, 'server');
    next.join(4, 'server');
    expect(kept()).toEqual(before);
    expect(next.state.phase).toBe('running');
  });

  it('keeps servers that may choose their role, also while one of them has not introduced itself', () => {
    const old = TestRoom.running(['auto', 'auto', 'auto'], { replicas: 1 });
    expect(old.state.map.servers).toEqual([1, 2, 3]);
    const next = old.succeed(2, [2, 3], 'auto');
    expect(next.state.map.servers).toEqual([1, 2, 3]);
    expect(next.state.map.placements).toEqual(old.state.map.placements);
  });

  it('lets go of who is gone', () => {
    const next = TestRoom.running(['worker', 'worker', 'server']).succeed(2, [2, 3], 'auto');
    next.leave(1);
    expect(workersOf(next.state)).not.toContain(1);
    expect(next.state.phase).toBe('running');
  });

  it('fails a run whose last copy went with the old one', () => {
    const next = TestRoom.running().succeed(2, [2, 3], 'worker');
    next.leave(1);
    expect(next.state.phase).toBe('failed');
  });

  it('of a room without a run is idle', () => {
    const next = TestRoom.of('auto', 'auto').succeed(2, [2], 'auto');
    next.leave(1);
    expect(next.state).toMatchObject({ phase: 'idle', plan: null });
  });

  it('goes on counting time from the curves that it has', () => {
    const old = TestRoom.running();
    old.now += 30_000;
    old.progress(2, 5);
    const [effect] = old.tick(0);
    const heard = effect?.message.kind === 'metrics' ? new History().add(effect.message) : null;
    const next = old.succeed(2, [2], 'worker', heard);
    next.now += 1_000;
    next.progress(2, 6);
    expect(next.tick(0).map(({ message }) => message)).toMatchObject([{ kind: 'metrics', seconds: 31 }]);
  });
});
