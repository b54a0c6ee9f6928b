import { describe, expect, it } from 'vitest';
import type { ClusterState, Report } from '../../protocol/control.ts';
import type { FilterChoice, Filters } from '../../protocol/filters.ts';
import { type NodeId, nodeId } from '../../protocol/ids.ts';
import type { Machine } from '../../protocol/ratio.ts';
import { emptyCluster } from '../cluster-state.ts';
import { localStepsOf, scheduleAt } from '../consistency.ts';
import { BSP, epochOf, mapOf, reportOf, runPlanOf, sspOf, workerOf, workerReportOf } from '../testing.ts';
import { AVERAGE } from '../updaters/outer.ts';
import { AutoFilters } from './auto-filters.ts';

const [A, B] = [workerOf(1), workerOf(2)];

/** Of `mapOf`. */
const SERVER = nodeId(9);

/** Workers that say four times a second how many rounds they have finished: so many ms a clock, of which so many computing. */
class TestCluster {
  private readonly auto = new AutoFilters();
  private now = 0;
  private clock = 0;
  /** Of the clocks those whose rounds are finished. */
  private finished = 0;
  private raw = 0;
  private state: ClusterState;

  constructor(
    filters: Filters,
    workers = [A, B],
    updater: NonNullable<ClusterState['plan']>['updater'] = ADAM,
    consistency = BSP,
  ) {
    this.state = {
      ...emptyCluster(nodeId(1), 1),
      phase: 'running',
      plan: { ...runPlanOf({ updater, outer: AVERAGE }), steps: 1_000_000 },
      map: mapOf({ workers }) as ClusterState['map'],
      schedule: [{ fromClock: 0, consistency, learningRate: 1, filters }],
    };
  }

  /** What each tab's links have drained, in bytes per second, and what it is allowed. */
  network: ReadonlyMap<NodeId, Pick<Report, 'drains' | 'bandwidth'>> = new Map();

  /** One second; what is chosen holds from the next round. @param clockMs of a clock, which may depend on the round's clocks */
  second(computeMs: number, clockMs: number | ((localSteps: number) => number), machine?: Machine): void {
    for (let report = 0; report < 4; report++) {
      this.now += 250;
      const { localSteps } = this;
      const ms = typeof clockMs === 'number' ? clockMs : clockMs(localSteps);
      this.clock += 250 / ms;
      const rounds = Math.floor((this.clock - this.finished) / localSteps);
      this.finished += rounds * localSteps;
      this.raw += 2e6 * rounds;
      const worker = workerReportOf({
        clock: this.finished,
        computeMs: computeMs * rounds * localSteps,
        sinceClockMs: (this.clock - this.finished) * ms,
      });
      const traffic = { push: { raw: this.raw, wire: 0 }, pull: { raw: 0, wire: 0 } };
      for (const { node } of this.state.map.workers) {
        const known = { ...this.network.get(node), ...(machine && { machine }) };
        this.auto.take(node, reportOf({ worker, traffic, ...known }));
      }
      const choice = this.auto.consider(this.state, this.now);
      if (choice === null) continue;
      const [last] = this.state.schedule.slice(-1);
      if (last === undefined) throw new Error('no schedule');
      // Workers are in the middle of a round: it ends first.
      const fromClock = this.finished + localSteps;
      const entry = { ...last, fromClock, filters: { kind: 'auto', choice } as const };
      this.state = { ...this.state, schedule: [...this.state.schedule, entry] };
    }
  }

  join(): void {
    this.state = {
      ...this.state,
      map: mapOf({ workers: [...this.state.map.workers, workerOf(3)], epoch: epochOf(2) }) as ClusterState['map'],
    };
  }

  get near(): FilterChoice['near'] {
    const filters = this.state.schedule.at(-1)?.filters;
    return filters?.kind === 'auto' ? filters.choice?.near : undefined;
  }

  get chosen(): string {
    const filters = this.state.schedule.at(-1)?.filters;
    if (filters?.kind !== 'auto' || filters.choice === undefined) return 'none';
    return `${filters.choice.push?.codec ?? 'f32'} × ${filters.choice.localSteps}`;
  }

  private get localSteps(): number {
    const entry = scheduleAt(this.state.schedule, this.finished);
    return localStepsOf(entry);
  }

  get reason(): string {
    const filters = this.state.schedule.at(-1)?.filters;
    return filters?.kind === 'auto' ? (filters.choice?.reason ?? '') : '';
  }
}

const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const AUTO: Filters = { kind: 'auto' };
const INT8: Pick<FilterChoice, 'push' | 'pull'> = {
  push: { stages: [], codec: 'int8' },
  pull: { isDelta: true, codec: 'int8' },
};

describe('the automatic mode', () => {
  it('says after seconds that plain values are best, where they are', () => {
    const cluster = new TestCluster(AUTO);
    for (let s = 0; s < 4; s++) cluster.second(20, 20.5);
    expect(cluster.chosen).toBe('f32 × 1');
    expect(cluster.reason).toMatch(/moving parameters takes only 2 % of the time/);
  });

  it('makes exchanges small and rare where they take most of the time, and stays there', () => {
    const cluster = new TestCluster(AUTO);
    for (let s = 0; s < 4; s++) cluster.second(2, 100);
    expect(cluster.chosen).toBe('int8 × 16');
    // (26 + 8 ms) / 16 a clock besides computing.
    for (let s = 0; s < 8; s++) cluster.second(2, 4);
    expect(cluster.chosen).toBe('int8 × 16');
  });

  it('makes them smaller too where tabs of one machine leave no core free, though computing hides what they take', () => {
    const machine = { id: 'a', cores: 2 };
    const [crowded, roomy] = [
      new TestCluster(AUTO, [A, B], ADAM, sspOf(1)),
      new TestCluster(AUTO, [A, B], ADAM, sspOf(1)),
    ];
    for (let s = 0; s < 4; s++) {
      crowded.second(100, 100, machine);
      roomy.second(100, 100, { ...machine, cores: 4 });
    }
    expect(crowded.chosen).toBe('int8 × 16');
    expect(roomy.chosen).toBe('f32 × 1');
    // It brought nothing.
    for (let s = 0; s < 8; s++) crowded.second(100, 100, machine);
    expect(crowded.chosen).toBe('f32 × 1');
  });

  it.each([0.65, 0.8, 0.9, 1])('measures whole rounds: what is faster by a sixth stays chosen (%s)', (pace) => {
    // As digits-mlp with two workers on two cores: 24 ms a clock with 8 local steps, 20 with 16, so that a second has three rounds.
    const cluster = new TestCluster({ kind: 'auto', choice: { ...INT8, localSteps: 8, reason: '' } });
    const clockMs = (localSteps: number) => pace * (17 + 56 / localSteps);
    const chosen = Array.from({ length: 60 }, () => {
      cluster.second(15 * pace, clockMs);
      return cluster.chosen.split(' × ')[1];
    });
    expect(new Set(chosen.slice(3))).toEqual(new Set(['16']));
  });

  it('rounds for a slow link what goes over it, and nothing where links are much faster', () => {
    const cluster = new TestCluster(AUTO, [A, B, workerOf(3)]);
    const over = (bytesPerSecond: number) => ({ drains: [[SERVER, bytesPerSecond] as [NodeId, number]] });
    const network = (third: Pick<Report, 'drains' | 'bandwidth'>) =>
      new Map<NodeId, Pick<Report, 'drains' | 'bandwidth'>>([
        [A.node, over(2e7)],
        [B.node, over(2e7)],
        [nodeId(3), third],
      ]);
    cluster.network = network({ ...over(2e7), bandwidth: 62_500 });
    // 0.26 MB of 8-bit values each way take 4 s over 62.5 kB/s.
    for (let s = 0; s < 60; s++) cluster.second(5, (localSteps) => 5 + 4_000 / localSteps);
    expect(cluster.chosen).toBe('int8 × 16');
    expect(cluster.near).toEqual([
      { worker: A.node, servers: [SERVER] },
      { worker: B.node, servers: [SERVER] },
    ]);
    expect(cluster.reason).toMatch(/2 links, much faster than the slowest, carry 32-bit values\.$/);
    // All are as fast, but what they move takes as long: what is chosen holds for all.
    cluster.network = network(over(2e7));
    for (let s = 0; s < 130; s++) cluster.second(5, (localSteps) => 5 + 4_000 / localSteps);
    expect(cluster.chosen).toBe('int8 × 16');
    expect(cluster.near).toBeUndefined();
  });

  it('changes near links seldom, however what is measured of them varies', () => {
    const cluster = new TestCluster(AUTO, [A, B, workerOf(3)]);
    const over = (bytesPerSecond: number) => ({ drains: [[SERVER, bytesPerSecond] as [NodeId, number]] });
    const lists: string[] = [];
    for (let s = 0; s < 100; s++) {
      // 0.26 MB of 8-bit values each way take 260 ms over the slowest: 32-bit values take as long over 3.8 MB/s.
      const varying = over(s % 2 === 0 ? 2e7 : 2e6);
      cluster.network = new Map([
        [A.node, over(2e7)],
        [B.node, varying],
        [nodeId(3), over(1e6)],
      ]);
      cluster.second(5, (localSteps) => 5 + 300 / localSteps);
      const list = JSON.stringify(cluster.near);
      if (list !== lists.at(-1)) lists.push(list);
    }
    expect(lists.length).toBeGreaterThan(2);
    expect(lists.length).toBeLessThanOrEqual(12);
  });

  it('measures anew when a tab has come', () => {
    const cluster = new TestCluster(AUTO);
    for (let s = 0; s < 4; s++) cluster.second(20, 20.5);
    cluster.join();
    for (let s = 0; s < 4; s++) cluster.second(2, 100);
    expect(cluster.chosen).toBe('int8 × 16');
  });

  it('keeps a lone worker’s local steps: what exchanges take is hidden behind them, and would look like nothing', () => {
    const cluster = new TestCluster(AUTO, [A], ADAM, sspOf(1));
    for (let s = 0; s < 4; s++) cluster.second(20, 60);
    const { chosen } = cluster;
    expect(chosen).toMatch(/× (4|8|16)$/);
    for (let s = 0; s < 200; s++) cluster.second(20, 20);
    expect(cluster.chosen).toBe(chosen);
  });

  it('leaves alone what was chosen by hand, and counts', () => {
    const off = new TestCluster({ kind: 'off' });
    for (let s = 0; s < 4; s++) off.second(2, 100);
    expect(off.chosen).toBe('none');
    const counting = new TestCluster(AUTO, [A, B], { kind: 'add' });
    for (let s = 0; s < 4; s++) counting.second(2, 100);
    expect(counting.chosen).toBe('f32 × 1');
    expect(counting.reason).toMatch(/this job counts/);
  });
});
