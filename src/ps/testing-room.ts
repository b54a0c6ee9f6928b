// A room with a scheduler and no network, for tests: nodes come, report and go by calls.
import type { ClusterState, Metrics, Report, Request, RoleChoice, RunPlan } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { expandRuns } from './leases.ts';
import { SchedulerCore, type SchedulerEffect, type SchedulerEvent } from './scheduler-core.ts';
import { BSP, reportOf, runPlanOf, workerReportOf } from './testing.ts';

/** A scheduler, its clock, and what it sent in the last step. */
export class TestRoom {
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

export const kinds = (effects: readonly SchedulerEffect[]) => effects.map(({ message }) => message.kind);
export const deniedTo = (effects: readonly SchedulerEffect[]) =>
  effects.flatMap(({ to, message }) => (message.kind === 'denied' ? [to] : []));
export const leasedBlocks = ({ leases }: ClusterState) =>
  leases.map(({ worker, runs }) => [worker, expandRuns(runs, 4)] as const);
