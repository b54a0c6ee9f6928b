// The ratio advisor in the scheduler: has clocks measured, predicts every other ratio of workers to servers from them, and says
// which is best. What was measured itself counts more than what was predicted. Pure.
import type { ClusterState, Report } from '../../protocol/control.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { Advice, Machine, Ratio } from '../../protocol/ratio.ts';
import { workerNodes } from '../cluster-state.ts';
import { delayOf, scheduleAt } from '../consistency.ts';
import { ClockMeter } from './clock-meter.ts';
import { type Basis, fixedPart, predictRate, ratiosOf } from './ratio-model.ts';

/** A predicted gain below this share is no reason to move segments: it is what predictions are off by, about. */
const WORTHWHILE_GAIN = 1.1;

/** Roles are not changed again before so many milliseconds: long enough to measure what became of it. */
const REST_MS = 8_000;

/**
 * What was measured so long ago says nothing any more: other programs come and go. Not sooner: what is forgotten is tried again,
 * and nobody wants a room that moves its parameters about every few minutes.
 */
const FORGET_MS = 600_000;

export class RatioAdvisor {
  /** The newest; null before anything was measured under the conditions of now. */
  advice: Advice | null = null;
  private readonly meter = new ClockMeter();
  private readonly machines = new Map<NodeId, Machine>();
  /** What was measured lately, by ratio. */
  private readonly measured = new Map<string, { readonly basis: Basis; readonly at: number }>();
  private conditions = '';
  private changedAt = Number.NEGATIVE_INFINITY;

  take(node: NodeId, report: Report, now: number): void {
    if (report.machine !== undefined) this.machines.set(node, report.machine);
    this.meter.take(node, report, now);
  }

  /**
   * @param nodes that may be given a role
   * @returns the ratio to set; null where nothing is to change, or nobody has asked for that
   */
  consider(cluster: ClusterState, nodes: readonly NodeId[], now: number): Ratio | null {
    const { plan, map, phase, schedule, roles } = cluster;
    if (plan === null) return null;
    const { consistency } = scheduleAt(schedule, Number.POSITIVE_INFINITY);
    this.note(JSON.stringify([plan.run, nodes, delayOf(consistency) > 0, plan.batch]));
    if (phase !== 'running') return null;
    const figures = this.meter.figures(cluster, now);
    const current = { workers: workerNodes(cluster).length, servers: map.servers.length };
    if (figures === null || current.workers === 0 || current.servers === 0) return null;
    const basis: Basis = {
      ratio: current,
      figures,
      machines: nodes.flatMap((node) => this.machines.get(node) ?? []),
      overlaps: delayOf(consistency) > 0,
      replicas: plan.replicas,
      samples: plan.batch,
      fixedMs: 0,
    };
    this.remember(basis, now);
    this.advice = this.advise(basis, nodes.length);
    if (roles?.isAutomatic !== true || now - this.changedAt < REST_MS) return null;
    const { best } = this.advice;
    if (keyOf(best) === keyOf(current)) return null;
    this.changedAt = now;
    return best;
  }

  private note(conditions: string): void {
    if (conditions === this.conditions) return;
    this.conditions = conditions;
    this.measured.clear();
    this.advice = null;
  }

  private remember(basis: Basis, now: number): void {
    this.measured.set(keyOf(basis.ratio), { basis, at: now });
    for (const [key, { at }] of this.measured) if (now - at > FORGET_MS) this.measured.delete(key);
  }

  private advise(basis: Basis, tabs: number): Advice {
    const points = ratiosOf(tabs).map((ratio) => ({
      ...ratio,
      predicted: this.predict(ratio),
      measured: this.rateOf(ratio),
    }));
    const worthOf = ({ measured, predicted }: Advice['points'][number]) => measured ?? predicted;
    const top = points.reduce((a, b) => (worthOf(b) > worthOf(a) ? b : a));
    const now = this.rateOf(basis.ratio) ?? 0;
    const best = worthOf(top) >= WORTHWHILE_GAIN * now ? { workers: top.workers, servers: top.servers } : basis.ratio;
    return { tabs, current: basis.ratio, best, figures: basis.figures, points };
  }

  private rateOf(ratio: Ratio): number | null {
    const basis = this.measured.get(keyOf(ratio))?.basis;
    return basis === undefined ? null : predictRate(basis, ratio);
  }

  /** The median of what the other ratios that were measured let expect: one disturbed measurement doesn't spoil it. */
  private predict(ratio: Ratio): number {
    const all = [...this.measured.values()].map(({ basis }) => basis);
    const others = all.filter((basis) => keyOf(basis.ratio) !== keyOf(ratio));
    const known = others.length > 0 ? others : all;
    const fixedMs = fixedPart(known);
    const rates = known.map((basis) => predictRate({ ...basis, fixedMs }, ratio)).sort((a, b) => a - b);
    const middle = (rates.length - 1) / 2;
    return ((rates[Math.floor(middle)] ?? 0) + (rates[Math.ceil(middle)] ?? 0)) / 2;
  }
}

const keyOf = ({ workers, servers }: Ratio): string => `${workers} ${servers}`;
