import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../protocol/control.ts';
import type { Filters } from '../../protocol/filters.ts';
import { nodeId } from '../../protocol/ids.ts';
import type { Machine } from '../../protocol/ratio.ts';
import { emptyCluster } from '../cluster-state.ts';
import { localStepsOf } from '../consistency.ts';
import { BSP, epochOf, mapOf, reportOf, runPlanOf, sspOf, workerOf, workerReportOf } from '../testing.ts';
import { AVERAGE } from '../updaters/outer.ts';
import { AutoFilters } from './auto-filters.ts';

const [A, B] = [workerOf(1), workerOf(2)];

/** Workers that say four times a second how far they are: so many ms a clock, of which so many computing. */
class TestCluster {
  private readonly auto = new AutoFilters();
  private now = 0;
  private clock = 0;
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

  /** One second; what is chosen holds from the next clock. */
  second(computeMs: number, clockMs: number, machine?: Machine): void {
    for (let report = 0; report < 4; report++) {
      this.now += 250;
      const clocks = 250 / clockMs;
      this.clock += clocks;
      this.raw += (2e6 * clocks) / this.localSteps;
      const worker = workerReportOf({ clock: Math.floor(this.clock), computeMs: computeMs * clocks });
      const traffic = { push: { raw: this.raw, wire: 0 }, pull: { raw: 0, wire: 0 } };
      for (const { node } of this.state.map.workers) {
        this.auto.take(node, reportOf({ worker, traffic, ...(machine && { machine }) }));
      }
      const choice = this.auto.consider(this.state, this.now);
      if (choice === null) continue;
      const [last] = this.state.schedule.slice(-1);
      if (last === undefined) throw new Error('no schedule');
      const entry = { ...last, fromClock: Math.floor(this.clock) + 1, filters: { kind: 'auto', choice } as const };
      this.state = { ...this.state, schedule: [...this.state.schedule, entry] };
    }
  }

  join(): void {
    this.state = {
      ...this.state,
      map: mapOf({ workers: [...this.state.map.workers, workerOf(3)], epoch: epochOf(2) }) as ClusterState['map'],
    };
  }

  get chosen(): string {
    const filters = this.state.schedule.at(-1)?.filters;
    if (filters?.kind !== 'auto' || filters.choice === undefined) return 'none';
    return `${filters.choice.push?.codec ?? 'f32'} × ${filters.choice.localSteps}`;
  }

  private get localSteps(): number {
    const entry = this.state.schedule.at(-1);
    return entry === undefined ? 1 : localStepsOf(entry);
  }

  get reason(): string {
    const filters = this.state.schedule.at(-1)?.filters;
    return filters?.kind === 'auto' ? (filters.choice?.reason ?? '') : '';
  }
}

const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const AUTO: Filters = { kind: 'auto' };

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
    expect(crowded.chosen).toBe('f16 × 16');
    expect(roomy.chosen).toBe('f32 × 1');
    // It brought nothing.
    for (let s = 0; s < 8; s++) crowded.second(100, 100, machine);
    expect(crowded.chosen).toBe('f32 × 1');
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
