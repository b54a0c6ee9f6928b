// Facts about what the timeline says: a real scheduler makes the states, the notices tell them.
import { describe, expect, test } from 'vitest';
import type { ClusterState, Report, RoleChoice, RunPlan } from '../protocol/control.ts';
import { type NodeId, nodeId } from '../protocol/ids.ts';
import { SchedulerCore, type SchedulerEvent } from '../ps/scheduler-core.ts';
import { BSP, reportOf, runPlanOf } from '../ps/testing.ts';
import { departureText, type Fate, NO_STORY, tellChanges } from './cluster-notices.ts';

/** 16 segments of equal size. */
const TABLE = { name: 'w', keys: 16, width: 16_384, init: { kind: 'zeros' as const }, shape: [16, 16_384] };

/** A scheduler as node 1, and what node 1's timeline says. */
class Room {
  readonly lines: string[] = [];
  readonly fates: Fate[] = [];
  private story = NO_STORY;
  private told: ClusterState;
  private readonly core = new SchedulerCore(nodeId(1), 1, [], null, null, 0);

  constructor(roles: readonly RoleChoice[], plan: Partial<RunPlan> = {}) {
    this.told = this.core.state;
    for (const [at, role] of roles.entries()) this.join(at + 1, role);
    const whole = runPlanOf({ tables: [TABLE], replicas: 1, ...plan });
    this.ask(1, { ask: 'start', plan: whole, consistency: BSP, learningRate: 0.1 });
    for (const at of roles.keys()) this.report(at + 1);
    this.lines.length = 0;
  }

  get state(): ClusterState {
    return this.core.state;
  }

  join(node: number, role: RoleChoice = 'both'): void {
    this.step({ kind: 'node', node: nodeId(node), label: 'a tab', role });
  }

  lose(node: number): void {
    this.step({ kind: 'gone', node: nodeId(node), reason: 'was closed' });
  }

  ask(from: number, request: (SchedulerEvent & { kind: 'request' })['request']): void {
    this.step({ kind: 'request', from: nodeId(from), request });
  }

  report(node: number, change: Partial<Report> = {}): void {
    this.step({ kind: 'report', from: nodeId(node), report: reportOf({ run: this.state.plan?.run ?? 0, ...change }) });
  }

  /** All owners say that their segments are settled, until nothing moves any more. */
  settle(): void {
    for (let before = -1; before !== this.state.map.epoch.counter; ) {
      before = this.state.map.epoch.counter;
      for (const owner of new Set(this.state.map.placements.flatMap(({ chain }) => chain[0] ?? [])))
        this.settleOwner(owner);
    }
  }

  private settleOwner(owner: NodeId): void {
    const { epoch, placements } = this.state.map;
    const settled = placements.flatMap(({ chain }, index) => (chain[0] === owner ? index : []));
    this.report(owner, { epoch, settled });
  }

  private step(event: SchedulerEvent): void {
    this.core.step(event, 0);
    const { lines, fates, story } = tellChanges(this.story, this.told, this.state, nodeId(1));
    this.told = this.state;
    this.story = story;
    this.lines.push(...lines.map(({ text }) => text));
    this.fates.push(...fates);
  }
}

const owned = (room: Room, node: number): number =>
  room.state.map.placements.filter(({ chain }) => chain[0] === node).length / 16;

describe('a server is lost', () => {
  test('its parameters have new owners at once, its copies are refilled, once told each', () => {
    const room = new Room(['both', 'both', 'both']);
    const share = owned(room, 3);
    room.lose(3);
    expect(room.fates).toHaveLength(1);
    expect(room.fates[0]).toMatchObject({ node: 3, share });
    expect(room.lines).toEqual(['Copies are being refilled.']);
    room.settle();
    expect(room.lines).toEqual(['Copies are being refilled.', 'All parameters have their copies again.']);
  });

  test('a second one while copies are refilled is told, and the end once', () => {
    const room = new Room(['both', 'both', 'both', 'both']);
    room.lose(4);
    room.lose(3);
    room.settle();
    expect(room.fates.map(({ node }) => node)).toContain(4);
    expect(room.lines.filter((line) => line.includes('again'))).toHaveLength(1);
    expect(room.lines.filter((line) => line.includes('refilled'))).toHaveLength(1);
  });

  test('with one server left there are no copies, and that is said', () => {
    const room = new Room(['both', 'both']);
    room.lose(2);
    room.settle();
    expect(room.lines).toEqual(['This tab alone holds the parameters now: open one more tab to have copies.']);
    room.join(3);
    room.settle();
    expect(room.lines.slice(1)).toEqual([
      'Node 3 now serves: its share of the parameters moves to it.',
      `Node 3 owns ${Math.round(owned(room, 3) * 100)} % of the parameters now.`,
      'All parameters have their copies.',
    ]);
  });

  test('with the last copy the run has failed, and is back when the copy is', () => {
    const room = new Room(['worker', 'server'], { replicas: 0 });
    room.lose(2);
    expect(room.lines).toHaveLength(1);
    expect(room.lines[0]).toContain('last copy');
    room.join(2, 'server');
    expect(room.lines.at(-1)).toBe('What was lost is back: training goes on.');
  });

  test('what comes back to a run that was paused is told without saying that it goes on', () => {
    const room = new Room(['worker', 'server'], { replicas: 0 });
    room.ask(1, { ask: 'pause' });
    room.lose(2);
    room.join(2, 'server');
    expect(room.lines.at(-1)).toBe('What was lost is back.');
  });
});

describe('servers come and go', () => {
  test('who joins gets its share, told at the begin and at the end', () => {
    const room = new Room(['both', 'both']);
    room.join(3);
    room.settle();
    expect(room.lines).toEqual([
      'Node 3 now serves: its share of the parameters moves to it.',
      `Node 3 owns ${Math.round(owned(room, 3) * 100)} % of the parameters now.`,
    ]);
    expect(room.fates).toEqual([]);
  });

  test('who leaves politely is told once it owns nothing', () => {
    const room = new Room(['both', 'both', 'both']);
    room.ask(3, { ask: 'leave' });
    expect(room.lines).toEqual([]);
    room.settle();
    expect(room.lines).toEqual(['Node 3 has handed over what it owned.']);
    expect(owned(room, 3)).toBe(0);
  });

  test('a lost worker leaves its data to the others', () => {
    const room = new Room(['both', 'both', 'worker']);
    room.lose(3);
    expect(room.fates).toEqual([{ node: 3, heirs: [], share: 0 }]);
    expect(room.lines).toEqual([]);
  });
});

describe('the run and its scheduler', () => {
  test('each phase is told once', () => {
    const room = new Room(['both', 'both']);
    room.ask(1, { ask: 'pause' });
    room.ask(1, { ask: 'resume' });
    expect(room.lines).toEqual(['Paused.', 'Training goes on.']);
  });

  test('a new scheduler is named, and is this tab where it is', () => {
    const { state } = new Room(['both', 'both']);
    const next = { ...state, scheduler: nodeId(2) };
    const textFor = (self: number) => tellChanges(NO_STORY, state, next, nodeId(self)).lines.map(({ text }) => text);
    expect(textFor(1)).toEqual(['Node 2 is the scheduler now.']);
    expect(textFor(2)).toEqual(['This tab is the scheduler now.']);
  });

  test('who is far behind is told with who helps, and when that is over', () => {
    const { state } = new Room(['both', 'both']);
    const helped = { ...state, backups: [{ worker: nodeId(2), helper: nodeId(1) }] };
    const told = (from: ClusterState, to: ClusterState) =>
      tellChanges(NO_STORY, from, to, nodeId(1)).lines.map(({ text }) => text);
    expect(told(state, helped)).toEqual(['Node 2 is far behind: this tab makes its gradients, too.']);
    expect(told(helped, helped)).toEqual([]);
    expect(told(helped, { ...state, backups: [] })).toEqual(['Node 2 keeps up by itself again.']);
    const gone = { ...state.map, workers: state.map.workers.filter(({ node }) => node !== 2) };
    expect(told(helped, { ...state, backups: [], map: gone })).toEqual([]);
  });

  test('an epoch that moves nothing says nothing', () => {
    const { state } = new Room(['both', 'both']);
    const map = { ...state.map, epoch: { ...state.map.epoch, counter: 99 } };
    expect(tellChanges(NO_STORY, state, { ...state, map }, null)).toEqual({ lines: [], fates: [], story: NO_STORY });
  });
});

describe('the line of a departure', () => {
  const heirs: Fate = { node: nodeId(3), heirs: [nodeId(2)], share: 0.12 };

  test('says who owns what it had', () => {
    expect(departureText(nodeId(3), 'was closed', heirs, nodeId(1))).toBe(
      'Node 3 was closed; node 2 now owns what it had (12 % of the parameters).',
    );
    expect(departureText(nodeId(3), 'was closed', heirs, nodeId(2))).toContain('; this tab now owns what it had');
    const both = { ...heirs, heirs: [nodeId(1), nodeId(2)] };
    expect(departureText(nodeId(3), 'was closed', both, nodeId(2))).toContain('; node 1 and this tab now own what');
  });

  test('says what is known so far', () => {
    expect(departureText(nodeId(3), 'left', null, null)).toBe('Node 3 left.');
    expect(departureText(nodeId(3), null, heirs, null)).toBe(
      'Node 2 now owns what node 3 had (12 % of the parameters).',
    );
    const worker: Fate = { node: nodeId(3), heirs: [], share: 0 };
    expect(departureText(nodeId(3), null, worker, null)).toBeNull();
    expect(departureText(nodeId(3), 'was closed', worker, null)).toBe(
      'Node 3 was closed; its data went to the other workers.',
    );
  });
});
