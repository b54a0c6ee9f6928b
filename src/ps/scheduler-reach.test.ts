// What becomes of the room's map when two of its tabs can't reach each other.
import { describe, expect, it } from 'vitest';
import type { RoleChoice } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { STEADY_MS, UNREACHED_MS } from './reachability.ts';
import { SchedulerCore } from './scheduler-core.ts';
import { BSP, reportOf, runPlanOf, tableOf, workersOf } from './testing.ts';

/** Nodes 1, 2, … with these roles report four times a second; the scheduler is node 1. */
class ReportingRoom {
  readonly core = new SchedulerCore(nodeId(1), 1, [], null, null, 0);
  now = 0;
  /** Whom each node can't reach. */
  readonly apart = new Map<number, number[]>();
  isSettled = true;

  constructor(private readonly roles: readonly RoleChoice[]) {
    for (const [at, role] of roles.entries())
      this.core.step({ kind: 'node', node: nodeId(at + 1), label: `tab ${at + 1}`, role }, 0);
    const plan = runPlanOf({
      replicas: 1,
      tables: [1, 2, 3, 4, 5, 6].map((at) => ({ ...tableOf(4), name: `w${at}`, shape: [4, 1] })),
    });
    this.core.step(
      { kind: 'request', from: nodeId(1), request: { ask: 'start', plan, consistency: BSP, learningRate: 1 } },
      0,
    );
  }

  pass(milliseconds: number): this {
    for (const end = this.now + milliseconds; this.now < end; this.now += 250) {
      for (const [at] of this.roles.entries()) this.report(at + 1);
      this.core.step({ kind: 'tick' }, this.now);
    }
    return this;
  }

  private report(node: number): void {
    const { map } = this.core.state;
    const settled = this.isSettled ? map.placements.map((_, index) => index) : [];
    const unreachable = (this.apart.get(node) ?? []).map(nodeId);
    const report = reportOf({ run: map.run, epoch: map.epoch, settled, unreachable });
    this.core.step({ kind: 'report', from: nodeId(node), report }, this.now);
  }

  get holders(): number[] {
    const nodes = this.core.state.map.placements.flatMap(({ chain, learners }) => [...chain, ...learners]);
    return [...new Set<number>(nodes)].sort((a, b) => a - b);
  }
}

describe('two tabs that reach the scheduler, but not each other', () => {
  it('are waited for a while; then the worker only watches, and gets its role back', () => {
    const room = new ReportingRoom(['server', 'server', 'worker', 'worker']).pass(500);
    expect(workersOf(room.core.state)).toEqual([3, 4]);
    room.apart.set(4, [2]);
    room.pass(UNREACHED_MS - 250);
    expect(workersOf(room.core.state)).toEqual([3, 4]);
    room.pass(1_000);
    expect(workersOf(room.core.state)).toEqual([3]);
    expect(room.core.state.sidelined).toEqual([{ node: 4, unreached: 2, worker: true, server: false }]);
    expect(room.core.state.leases.map(({ worker }) => worker)).toEqual([3]);
    room.apart.clear();
    room.pass(STEADY_MS + 1_000);
    expect(workersOf(room.core.state)).toEqual([3, 4]);
    expect(room.core.state.sidelined).toEqual([]);
  });

  it('cost the server its segments where more than one worker misses it', () => {
    const room = new ReportingRoom(['server', 'server', 'server', 'worker', 'worker', 'worker']).pass(500);
    expect(room.holders).toEqual([1, 2, 3]);
    room.apart.set(2, [4, 5]);
    room.pass(UNREACHED_MS + 3_000);
    expect(workersOf(room.core.state)).toEqual([4, 5, 6]);
    expect(room.holders).toEqual([1, 3]);
  });

  it('share no segment where both serve', () => {
    const room = new ReportingRoom(['server', 'server', 'server', 'worker']).pass(500);
    room.apart.set(3, [2]);
    room.isSettled = false;
    room.pass(UNREACHED_MS + 500);
    const chains = room.core.state.map.placements.map(({ chain, learners }) => [...chain, ...learners]);
    expect(chains.every((chain) => !(chain.includes(nodeId(2)) && chain.includes(nodeId(3))))).toBe(true);
    expect(chains.every((chain) => chain.length > 0)).toBe(true);
    expect(room.core.state.map.servers).toEqual([1, 2, 3]);
  });

  it('do not keep a run from starting: who reaches no server comes later', () => {
    const room = new ReportingRoom(['server', 'worker', 'worker']);
    room.apart.set(3, [1]);
    room.pass(UNREACHED_MS + 1_000);
    expect(room.core.state.phase).toBe('running');
    expect(workersOf(room.core.state)).toEqual([2]);
    room.apart.clear();
    room.pass(STEADY_MS + 1_000);
    expect(workersOf(room.core.state)).toEqual([2, 3]);
  });
});
