import { expect, test } from 'vitest';
import type { ClusterState, Metrics, Request, RoleChoice } from '../../protocol/control.ts';
import { nodeId } from '../../protocol/ids.ts';
import type { Ratio } from '../../protocol/ratio.ts';
import { SchedulerCore, type SchedulerEvent } from '../scheduler-core.ts';
import { BSP, reportOf, runPlanOf, tableOf, workerReportOf } from '../testing.ts';

const REPORT_MS = 250;
const COMPUTE_MS = 10;

/** Four tabs on machines of their own, whose clocks take as long as the test says. */
class Room {
  readonly core: SchedulerCore;
  now = 0;
  advice: Metrics['advice'];
  private readonly clocks = new Map<number, number>();

  constructor(
    private readonly clockMs: (ratio: Ratio) => number,
    readonly tabs = [1, 2, 3, 4],
    role: RoleChoice = 'auto',
    from: ClusterState | null = null,
  ) {
    const known = from === null ? [] : tabs.map((node) => ({ node: nodeId(node), label: 'a tab', role }));
    this.core = new SchedulerCore(nodeId(tabs[0] ?? 1), from === null ? 1 : from.term + 1, known, from, null, 0);
    if (from !== null) return;
    for (const node of tabs) this.step({ kind: 'node', node: nodeId(node), label: 'a tab', role });
    const plan = runPlanOf({ steps: 1_000_000, tables: [{ ...tableOf(65_536), shape: [65_536] }] });
    this.ask({ ask: 'start', plan, consistency: BSP, learningRate: 1 });
    this.run(REPORT_MS);
  }

  get ratio(): Ratio {
    const { workers, servers } = this.core.state.map;
    return { workers: workers.length, servers: servers.length };
  }

  get roles(): string[] {
    return (this.core.state.roles?.assigned ?? []).map(({ node, role }) => `${node} ${role}`);
  }

  ask(request: Request, from = 1): void {
    this.step({ kind: 'request', from: nodeId(from), request });
  }

  leave(node: number): void {
    this.tabs.splice(this.tabs.indexOf(node), 1);
    this.step({ kind: 'gone', node: nodeId(node), reason: 'was closed' });
  }

  /** Reports of all tabs, four times a second. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += REPORT_MS;
      const clockMs = this.clockMs(this.ratio);
      for (const node of this.tabs) this.report(node, REPORT_MS / clockMs, clockMs);
      this.step({ kind: 'tick' });
    }
  }

  private report(node: number, clocks: number, clockMs: number): void {
    const { plan, map } = this.core.state;
    const clock = (this.clocks.get(node) ?? 0) + clocks;
    this.clocks.set(node, clock);
    const settled = map.placements.flatMap(({ chain }, index) => (chain[0] === node ? index : []));
    const isWorker = map.workers.some((worker) => worker.node === node);
    // What a tab moves within itself is no traffic; segments are of one size.
    const wire = Math.round(clock * 1e6 * (1 - settled.length / map.placements.length));
    const traffic = { push: { raw: wire, wire }, pull: { raw: wire, wire } };
    const times = { computeMs: COMPUTE_MS * clocks, spanMs: clockMs * clocks };
    const worker = isWorker ? workerReportOf({ clock: Math.floor(clock), ...times }) : null;
    const machine = { id: String(node), cores: 4 };
    const report = reportOf({ run: plan?.run ?? 0, epoch: map.epoch, settled, worker, traffic, machine });
    this.step({ kind: 'report', from: nodeId(node), report });
  }

  private step(event: SchedulerEvent): void {
    for (const { message } of this.core.step(event, this.now)) {
      if (message.kind === 'metrics') this.advice = message.advice;
    }
  }
}

/** What a server's links cost, shared out among them: more servers are faster. */
const serversHelp = ({ servers }: Ratio): number => COMPUTE_MS + 120 / servers;

test('so many tabs work and so many serve as were asked for, and a later scheduler keeps it', () => {
  const room = new Room(serversHelp);
  expect(room.ratio).toEqual({ workers: 4, servers: 1 });
  room.ask({ ask: 'ratio', ratio: { workers: 3, servers: 2 } }, 2);
  room.run(5_000);
  expect(room.ratio).toEqual({ workers: 3, servers: 2 });
  const next = new Room(serversHelp, [2, 3, 4], 'auto', room.core.state);
  next.leave(1);
  next.run(5_000);
  expect(next.ratio.workers + next.ratio.servers).toBeGreaterThanOrEqual(3);
  expect(next.roles.every((role) => !role.startsWith('1 '))).toBe(true);
});

test('advice says what is measured now, and a better division', () => {
  const room = new Room(serversHelp);
  room.run(6_000);
  expect(room.advice?.current).toEqual({ workers: 4, servers: 1 });
  expect(room.advice?.figures.clockMs).toBeCloseTo(130, -1);
  expect(room.advice?.best.servers).toBeGreaterThan(1);
  expect(room.ratio).toEqual({ workers: 4, servers: 1 });
});

test('left to itself the room goes to what is faster, and stays there', () => {
  const room = new Room(serversHelp);
  room.ask({ ask: 'automatic-ratio', isAutomatic: true });
  room.run(120_000);
  expect(serversHelp(room.ratio)).toBeLessThan(0.7 * serversHelp({ workers: 4, servers: 1 }));
  const { epoch } = room.core.state.map;
  room.run(60_000);
  expect(room.core.state.map.epoch).toEqual(epoch);
});

test('a prediction that was wrong is taken back: what was measured counts more', () => {
  const room = new Room(({ servers }) => COMPUTE_MS + (servers === 1 ? 120 : 200));
  room.ask({ ask: 'automatic-ratio', isAutomatic: true });
  room.run(100_000);
  expect(room.ratio.servers).toBe(1);
});

test('a tab that only watches is given nothing to do', () => {
  const room = new Room(serversHelp);
  room.ask({ ask: 'role', role: 'watch' }, 4);
  room.ask({ ask: 'ratio', ratio: { workers: 3, servers: 3 } });
  room.run(5_000);
  expect(room.roles).toEqual(['1 both', '2 both', '3 both']);
});

test('a tab that chooses its role ends the automatic', () => {
  const room = new Room(serversHelp);
  room.ask({ ask: 'automatic-ratio', isAutomatic: true });
  room.ask({ ask: 'role', role: 'worker' }, 3);
  expect(room.core.state.roles?.isAutomatic).toBe(false);
});
