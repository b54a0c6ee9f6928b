import { describe, expect, it } from 'vitest';
import {
  type ClusterState,
  type Metrics,
  parseControl,
  type Report,
  type Request,
  type RoleChoice,
  type RunPlan,
} from '../protocol/control.ts';
import { type Filters, NO_FILTERS } from '../protocol/filters.ts';
import { compareEpochs, nodeId } from '../protocol/ids.ts';
import type { Consistency } from './consistency.ts';
import { requiredClock, scheduleAt } from './consistency.ts';
import { expandRuns } from './leases.ts';
import { PREPARE_TIMEOUT_MS, SchedulerCore, type SchedulerEffect, type SchedulerEvent } from './scheduler-core.ts';
import { ASYNC, BSP, reportOf, runPlanOf, sspOf, workerReportOf, workersOf } from './testing.ts';

/** A scheduler, its clock, and what it sent in the last step. */
class TestRoom {
  now = 0;
  sent: readonly SchedulerEffect[] = [];

  private constructor(readonly core: SchedulerCore) {}

  /** Nodes 1, 2, … with these roles; the scheduler is node 1. */
  static of(...roles: RoleChoice[]): TestRoom {
    const room = new TestRoom(new SchedulerCore(nodeId(1), 3, [], null, null, 0));
    for (const [at, role] of roles.entries()) room.join(at + 1, role);
    return room;
  }

  /** A run that is on: everybody was prepared when it began. */
  static running(roles: RoleChoice[] = ['both', 'worker', 'worker'], plan: Partial<RunPlan> = {}): TestRoom {
    const room = TestRoom.of(...roles);
    room.start(plan);
    for (const [at] of roles.entries()) room.report(at + 1);
    return room;
  }

  /** The scheduler after this one: node `self` has heard the newest state, and knows these. */
  succeed(self: number, known: readonly number[], role: RoleChoice, history: Metrics | null = null): TestRoom {
    const introductions = known.map((node) => ({ node: nodeId(node), label: `tab ${node}`, role }));
    const next = new TestRoom(
      new SchedulerCore(nodeId(self), this.state.term + 1, introductions, this.state, history, this.now),
    );
    next.now = this.now;
    return next;
  }

  step(event: SchedulerEvent): readonly SchedulerEffect[] {
    this.sent = this.core.step(event, this.now);
    return this.sent;
  }

  join(node: number, role: RoleChoice): readonly SchedulerEffect[] {
    return this.step({ kind: 'node', node: nodeId(node), label: `tab ${node}`, role });
  }

  leave(node: number): readonly SchedulerEffect[] {
    return this.step({ kind: 'gone', node: nodeId(node), reason: 'was closed' });
  }

  ask(request: Request, from = 1): readonly SchedulerEffect[] {
    return this.step({ kind: 'request', from: nodeId(from), request });
  }

  start(plan: Partial<RunPlan> = {}): readonly SchedulerEffect[] {
    return this.ask({ ask: 'start', plan: runPlanOf(plan), consistency: BSP, learningRate: 0.5 });
  }

  report(node: number, change: Partial<Report> = {}): readonly SchedulerEffect[] {
    const report = reportOf({ run: this.state.plan?.run ?? 0, ...change });
    return this.step({ kind: 'report', from: nodeId(node), report });
  }

  /** A worker says where it is. */
  progress(node: number, clock: number, isDone = false): readonly SchedulerEffect[] {
    return this.report(node, { worker: workerReportOf({ clock, samples: clock * 10, isDone }) });
  }

  /** Every owner says that its segments are settled in the newest epoch. */
  settleAll(): void {
    const { epoch, placements } = this.state.map;
    for (const server of new Set(placements.map(({ chain }) => chain[0] ?? 0))) {
      const settled = placements.flatMap(({ chain }, index) => (chain[0] === server ? index : []));
      this.report(server, { epoch, settled });
    }
  }

  tick(afterMs = 250): readonly SchedulerEffect[] {
    this.now += afterMs;
    return this.step({ kind: 'tick' });
  }

  get state(): ClusterState {
    return this.core.state;
  }

  /** Owners of the segments. */
  get owners(): number[] {
    return this.state.map.placements.map(({ chain }) => chain[0] ?? 0);
  }
}

const kinds = (effects: readonly SchedulerEffect[]) => effects.map(({ message }) => message.kind);
const deniedTo = (effects: readonly SchedulerEffect[]) =>
  effects.flatMap(({ to, message }) => (message.kind === 'denied' ? [to] : []));
const leasedBlocks = ({ leases }: ClusterState) =>
  leases.map(({ worker, runs }) => [worker, expandRuns(runs, 4)] as const);

describe('a room without a run', () => {
  it('is idle, and tells whoever comes', () => {
    const room = TestRoom.of('auto');
    expect(room.state).toMatchObject({ phase: 'idle', plan: null, term: 3, scheduler: 1, message: null });
    const effects = room.join(2, 'worker');
    expect(effects.map(({ to, message }) => [to, message.kind])).toEqual([[null, 'cluster']]);
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

describe('training begins', () => {
  it('when every candidate is prepared', () => {
    const room = TestRoom.of('both', 'worker', 'watch');
    room.start();
    room.report(1);
    expect(room.state.phase).toBe('preparing');
    room.report(2);
    expect(room.state.phase).toBe('running');
    expect(workersOf(room.state)).toEqual([1, 2]);
  });

  it('with who is prepared when time is up', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(2);
    room.tick(PREPARE_TIMEOUT_MS - 1);
    expect(room.state.phase).toBe('preparing');
    room.tick(1);
    expect([room.state.phase, workersOf(room.state)]).toEqual(['running', [2]]);
  });

  it('with nobody never: it waits for the first', () => {
    const room = TestRoom.of('both');
    room.start();
    room.tick(2 * PREPARE_TIMEOUT_MS);
    expect(room.state.phase).toBe('preparing');
    room.report(1);
    expect(room.state.phase).toBe('running');
  });

  it('without who can not prepare and leaves', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(1);
    room.leave(2);
    room.tick();
    expect(room.state.phase).toBe('running');
  });

  it('not by reports of another run, nor of strangers', () => {
    const room = TestRoom.of('both');
    room.start();
    room.report(1, { run: 0 });
    room.report(1, { isPrepared: false });
    room.report(7);
    expect(room.state.phase).toBe('preparing');
  });

  it('with workers whose incarnation is the epoch that admits them', () => {
    const { map } = TestRoom.running(['both', 'worker']).state;
    expect(map.workers.map(({ incarnation }) => incarnation)).toEqual([map.epoch.counter, map.epoch.counter]);
  });
});

describe('a worker whose part has failed', () => {
  it('says so and is counted on no longer, neither for clocks nor for data', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.report(2, { problem: 'Nobody holds a block.' });
    expect(workersOf(room.state)).toEqual([1]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1]);
    room.report(2);
    expect(workersOf(room.state)).toEqual([1]);
  });

  it('before it was ready does not keep the others from starting', () => {
    const room = TestRoom.of('both', 'worker');
    room.start();
    room.report(1);
    expect(room.state.phase).toBe('preparing');
    room.report(2, { isPrepared: false, problem: 'It does not compile here.' });
    expect([room.state.phase, workersOf(room.state)]).toEqual(['running', [1]]);
  });
});

describe('a node that a shard takes nothing from any more', () => {
  it('neither works nor serves until the next run, and everybody is told', () => {
    const room = TestRoom.running(['both', 'both', 'both']);
    expect(room.state.map.servers).toContain(3);
    room.report(1, { hostile: [nodeId(3)] });
    expect(room.state.shutOut).toEqual([3]);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1, 2]);
    expect(room.state.map.servers).not.toContain(3);
  });
});

describe('a worker that joins in the middle', () => {
  it('gets a lease, prepares, and is then admitted under a new incarnation', () => {
    const room = TestRoom.running(['both', 'worker']);
    const before = room.state.map;
    room.join(3, 'worker');
    expect([workersOf(room.state), room.state.leases.length]).toEqual([[1, 2], 3]);
    expect(room.state.map.epoch).toEqual(before.epoch);
    room.report(3);
    const { map } = room.state;
    expect(map.workers.slice(0, 2)).toEqual(before.workers);
    expect(map.workers[2]).toEqual({ node: 3, incarnation: map.epoch.counter });
    expect(compareEpochs(map.epoch, before.epoch)).toBeGreaterThan(0);
  });

  it('again is another incarnation', () => {
    const room = TestRoom.running(['both', 'worker']);
    const first = room.state.map.workers[1]?.incarnation ?? 0;
    room.leave(2);
    room.join(2, 'worker');
    room.report(2);
    expect(room.state.map.workers[1]?.incarnation).toBeGreaterThan(first);
  });

  it('gets the curves so far', () => {
    const room = TestRoom.running(['both']);
    const effects = room.join(2, 'watch');
    expect(effects.map(({ to, message }) => [to, message.kind])).toEqual([
      [null, 'cluster'],
      [2, 'metrics'],
    ]);
    expect(effects[1]?.message).toMatchObject({ isHistory: true });
  });

  it('does not take the clock of the room back', () => {
    const room = TestRoom.running(['both']);
    room.progress(1, 50);
    const clockNow = () => room.tick().flatMap(({ message }) => (message.kind === 'metrics' ? [message.clock] : []));
    expect(clockNow()).toEqual([50]);
    room.join(2, 'worker');
    room.report(2);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(clockNow()).toEqual([50]);
  });
});

describe('a worker that goes', () => {
  it('leaves the map, and its blocks go to the others', () => {
    const room = TestRoom.running();
    const { epoch } = room.state.map;
    room.leave(3);
    expect(workersOf(room.state)).toEqual([1, 2]);
    expect(compareEpochs(room.state.map.epoch, epoch)).toBeGreaterThan(0);
    expect(
      leasedBlocks(room.state)
        .flatMap(([, blocks]) => blocks)
        .toSorted(),
    ).toEqual([0, 1, 2, 3]);
    expect(room.state.leases.map(({ worker }) => worker)).toEqual([1, 2]);
    expect(room.state.phase).toBe('running');
  });

  it('by changing its role goes in the same way, and can come back', () => {
    const room = TestRoom.running();
    room.ask({ ask: 'role', role: 'watch' }, 3);
    expect(workersOf(room.state)).toEqual([1, 2]);
    room.ask({ ask: 'role', role: 'worker' }, 3);
    expect(workersOf(room.state)).toEqual([1, 2, 3]);
    expect(room.state.map.workers[2]?.incarnation).toBe(room.state.map.epoch.counter);
  });

  it('goes also where the only server wants to leave and nobody can take its place', () => {
    const room = TestRoom.running(['server', 'worker', 'worker']);
    room.ask({ ask: 'leave' }, 1);
    room.leave(3);
    expect(workersOf(room.state)).toEqual([2]);
    expect(room.owners).toEqual([1]);
  });

  it('that held data is no holder any more', () => {
    const room = TestRoom.running();
    room.report(2, { holdsAllBlocks: true });
    expect(room.state.holders).toEqual([2]);
    room.leave(2);
    expect(room.state.holders).toEqual([]);
  });
});

describe('a server', () => {
  const twoServers: RoleChoice[] = ['worker', 'server', 'server'];

  it('whose segments have a replica can be lost: the replica is the owner at once', () => {
    const room = TestRoom.running(twoServers, { replicas: 1 });
    const [owner] = room.owners;
    room.leave(owner ?? 0);
    expect(room.owners).toEqual([owner === 2 ? 3 : 2]);
    expect(room.state.phase).toBe('running');
  });

  describe('whose replica has not been heard of lately', () => {
    function halfSilent() {
      const room = TestRoom.running(twoServers, { replicas: 1 });
      const [owner = 0, replica = 0] = room.state.map.placements[0]?.chain ?? [];
      for (let index = 0; index < 8; index++) {
        room.tick();
        room.report(owner);
      }
      room.leave(owner);
      return { room, owner, replica };
    }

    it('stays in the chain until the replica shows that it lives', () => {
      const { room, owner, replica } = halfSilent();
      expect(room.state.map.placements[0]?.chain).toEqual([owner, replica]);
      room.tick();
      expect(room.state.map.placements[0]?.chain).toEqual([owner, replica]);
      room.report(replica);
      expect(room.state.map.placements[0]?.chain).toEqual([replica]);
    });

    it('so a copy that was only cut off is still good when the replica turns out to be dead', () => {
      const { room, owner, replica } = halfSilent();
      room.leave(replica);
      expect(room.state.phase).toBe('failed');
      room.join(owner, 'server');
      expect(room.state).toMatchObject({ phase: 'running', map: { placements: [{ chain: [owner] }] } });
    });
  });

  it('with the last copy takes the run with it, and the message says so', () => {
    const room = TestRoom.running(twoServers);
    room.leave(room.owners[0] ?? 0);
    expect(room.state.phase).toBe('failed');
    expect(room.state.message).toMatch(/lost.*node [23] \(tab [23]\) was closed/);
  });

  it('that was only cut off with the last copy brings the run back', () => {
    const room = TestRoom.running(twoServers);
    const owner = room.owners[0] ?? 0;
    room.leave(owner);
    room.join(owner, 'server');
    expect(room.state).toMatchObject({ phase: 'running', message: null });
    expect(room.owners).toEqual([owner]);
  });

  it('without the last copy of anything is not missed', () => {
    const room = TestRoom.running(twoServers);
    room.leave(room.owners[0] === 2 ? 3 : 2);
    expect(room.state.phase).toBe('running');
  });

  it('that asks to leave hands its segments over, step by step, and is then in no map', () => {
    const room = TestRoom.running(twoServers);
    const old = room.owners[0] ?? 0;
    const next = old === 2 ? 3 : 2;
    room.ask({ ask: 'leave' }, old);
    expect(room.state.map.placements).toEqual([{ chain: [old], learners: [next] }]);
    room.settleAll();
    expect(room.state.map.placements).toEqual([{ chain: [old, next], learners: [] }]);
    room.settleAll();
    expect(room.state.map.placements).toEqual([{ chain: [next], learners: [] }]);
    room.leave(old);
    expect(room.state.phase).toBe('running');
  });

  it('moves a segment only on word of this epoch', () => {
    const room = TestRoom.running(twoServers);
    const old = room.owners[0] ?? 0;
    const { epoch } = room.state.map;
    room.ask({ ask: 'leave' }, old);
    room.report(old, { epoch, settled: [0] });
    expect(room.state.map.placements[0]?.learners).toHaveLength(1);
  });

  it('that comes gets its share, in the background', () => {
    const tables = [{ name: 'w', keys: 200_000, width: 1, init: { kind: 'zeros' as const }, shape: [200_000] }];
    const room = TestRoom.running(['worker', 'server'], { tables });
    room.join(3, 'server');
    expect(new Set(room.owners)).toEqual(new Set([2]));
    expect(room.state.map.placements.some(({ learners }) => learners.includes(nodeId(3)))).toBe(true);
    room.settleAll();
    room.settleAll();
    expect(new Set(room.owners)).toEqual(new Set([2, 3]));
    expect(room.state.map.placements.every(({ chain, learners }) => chain.length === 1 && learners.length === 0)).toBe(
      true,
    );
  });

  it('moves nothing while signaling is down: another may have been elected', () => {
    const room = TestRoom.running(twoServers, { replicas: 1 });
    const { map } = room.state;
    room.step({ kind: 'signaling', isUp: false });
    room.leave(room.owners[0] ?? 0);
    expect(room.state.map).toEqual(map);
    room.step({ kind: 'signaling', isUp: true });
    expect(room.state.map.placements[0]?.chain).toHaveLength(1);
  });
});

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
    room.progress(1, 11, true);
    expect(room.state.phase).toBe('finishing');
    room.progress(2, 11, true);
    expect(room.state.phase).toBe('stopped');
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
});

describe('a run ends', () => {
  it('when every worker is done', () => {
    const room = TestRoom.running(['both', 'worker']);
    room.progress(1, 99, true);
    expect(room.state.phase).toBe('running');
    room.progress(2, 99, true);
    expect(room.state.phase).toBe('finished');
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
    const next = old.succeed(2, [2], 'worker', effect?.message.kind === 'metrics' ? effect.message : null);
    next.now += 1_000;
    next.progress(2, 6);
    expect(next.tick(0).map(({ message }) => message)).toMatchObject([{ kind: 'metrics', seconds: 31 }]);
  });
});
