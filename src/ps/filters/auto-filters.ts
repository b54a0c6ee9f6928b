// The automatic mode in the scheduler: measures clock times from the workers' reports, has the best way to exchange chosen,
// and looks at what became of it. It begins anew when tabs come or go: everything may be different then.
import type { ClusterState, Report } from '../../protocol/control.ts';
import type { FilterChoice, NearLinks } from '../../protocol/filters.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { Machine } from '../../protocol/ratio.ts';
import { delayOf, localStepsOf, type Schedule, type ScheduleEntry, scheduleAt } from '../consistency.ts';
import { goesOnAlone } from '../lone-worker.ts';
import {
  type ClockFigures,
  chooseExchange,
  type Exchange,
  exchangeOf,
  explainExchange,
  PLAIN,
  type Prediction,
  predict,
} from './choose.ts';
import { LinkRates } from './link-rates.ts';
import { type LinkSpeeds, nearLinksOf } from './near-links.ts';

/** A worker is measured for so long, and over so many exchanges, before anything is concluded; */
const WINDOW_MS = 1_000;
const WINDOW_EXCHANGES = 3;

/** where exchanges are slow, over one, after this time. */
const LONG_WINDOW_MS = 6_000;

/** What was measured before says nothing any more: other programs come and go, too. */
const FORGET_MS = 60_000;

/** Near links stay for so long: with every change of them all measuring begins anew, the ratio advisor's, too. */
const LEAST_NEAR_MS = 10_000;

/** Sums of one worker since its window began, with the end of a clock: it ends with the end of another. */
interface Window {
  readonly from: number;
  clock: number;
  computeMs: number;
  /** Until the newest report, and of it what is of the clock that isn't finished. */
  spanMs: number;
  unfinishedMs: number;
  readonly rawFrom: number;
  raw: number;
}

type LinkEnds = Pick<LinkSpeeds, 'workers' | 'servers' | 'everyMs'>;

export class AutoFilters {
  private current: Exchange = PLAIN;
  private readonly windows = new Map<NodeId, Window>();
  /** What a clock took, by option, and when that was. */
  private readonly tried = new Map<Exchange, { readonly clockMs: number; readonly at: number }>();
  private readonly machines = new Map<NodeId, Machine>();
  private roundTripMs = 0;
  private readonly rates = new LinkRates();
  /** When the near links became what they are. */
  private nearSince = Number.NEGATIVE_INFINITY;
  /** Batches between two exchanges now, by whoever's choice. */
  private round = 1;
  /** Workers, servers and consistency that the measurements hold for. */
  private conditions = '';
  /** Map and choice that the windows belong to, and the clock from which the choice holds. */
  private period = '';
  private since = 0;

  /** What a node says of itself. */
  take(node: NodeId, report: Report): void {
    const { worker, traffic, rttMs, machine } = report;
    if (machine !== undefined) this.machines.set(node, machine);
    this.rates.take(node, report);
    if (worker === null) return;
    if (rttMs !== null) this.roundTripMs = Math.max(rttMs, this.roundTripMs / 2);
    const raw = traffic.push.raw + traffic.pull.raw;
    const window = this.windows.get(node);
    if (window !== undefined) {
      window.clock = worker.clock;
      window.computeMs += worker.computeMs;
      window.spanMs += worker.spanMs;
      window.unfinishedMs = worker.sinceClockMs;
      window.raw = raw;
    } else if (worker.clock >= this.since) {
      const { clock, sinceClockMs } = worker;
      const times = { computeMs: 0, spanMs: sinceClockMs, unfinishedMs: sinceClockMs };
      this.windows.set(node, { from: clock, clock, ...times, rawFrom: raw, raw });
    }
  }

  /** @returns what should hold from now on; null where nothing changes */
  consider(state: ClusterState, now: number): FilterChoice | null {
    const { plan, map, schedule, phase } = state;
    if (plan === null || phase !== 'running') return this.rest();
    const entry = scheduleAt(schedule, Number.POSITIVE_INFINITY);
    const { filters, consistency } = entry;
    if (filters?.kind !== 'auto') return this.rest();
    if (plan.updater.kind === 'add') return choiceOf(PLAIN, COUNTS, filters.choice);
    this.current = filters.choice === undefined ? PLAIN : exchangeOf(filters.choice);
    this.round = localStepsOf(entry);
    const nodes = map.workers.map(({ node }) => node);
    const caps = [...nodes, ...map.servers].map((node) => this.rates.cap(node) ?? null);
    this.noteConditions(JSON.stringify([map.workers, map.servers, consistency.kind, caps]));
    const near = filters.choice?.near ?? [];
    const since = beginningOf(this.current, near, schedule);
    this.notePeriod(`${map.epoch.term} ${map.epoch.counter} ${since}`, since);
    // A lone worker goes on while what it did travels: what that takes doesn't show, and what was chosen stays.
    if (goesOnAlone(state, Number.POSITIVE_INFINITY)) return null;
    const figures = this.figures(nodes, Number.isFinite(delayOf(consistency)));
    if (figures === null) return null;
    this.windows.clear();
    const prediction = this.learn(figures, now);
    const situation = {
      ...{ workers: nodes.length, hasFreeSteps: entry.localSteps === undefined },
      hasTraffic: figures.rawBytes > 0,
    };
    const chosen = chooseExchange(this.current, prediction, situation);
    const everyMs = prediction.clockMs(chosen) * chosen.localSteps;
    const ends = { workers: nodes, servers: map.servers, everyMs };
    const links = this.nearLinks(chosen, ends, figures.rawBytes, near, now);
    return choiceOf(chosen, explainExchange(chosen, prediction, entry.localSteps), filters.choice, links);
  }

  /** A tab has gone. */
  forget(node: NodeId): void {
    this.rates.forget(node);
    this.machines.delete(node);
    this.windows.delete(node);
  }

  /** Links that needn't round what was chosen for slower ones. */
  private nearLinks({ codec }: Exchange, ends: LinkEnds, rawBytes: number, before: NearLinks, now: number): NearLinks {
    if (codec === PLAIN.codec) return [];
    if (before.length > 0 && now - this.nearSince < LEAST_NEAR_MS) return before;
    const { workers, servers } = ends;
    const others = servers.length - (workers.every((worker) => servers.includes(worker)) ? 1 : 0);
    const plainBytes = rawBytes / 2 / Math.max(1, others);
    const rate = (a: NodeId, b: NodeId) => this.rates.between(a, b);
    const near = nearLinksOf({ ...ends, rate, plainBytes, codedBytes: codec.share * plainBytes }, before);
    if (!isSameNear(near, before)) this.nearSince = now;
    return near;
  }

  private rest(): null {
    this.windows.clear();
    this.tried.clear();
    return null;
  }

  private noteConditions(conditions: string): void {
    if (conditions === this.conditions) return;
    this.conditions = conditions;
    this.tried.clear();
  }

  private notePeriod(period: string, since: number): void {
    if (period === this.period) return;
    this.period = period;
    this.since = since;
    this.windows.clear();
  }

  private learn(figures: ClockFigures, now: number): Prediction {
    this.tried.set(this.current, { clockMs: figures.clockMs, at: now });
    for (const [option, { at }] of this.tried) if (now - at > FORGET_MS) this.tried.delete(option);
    return predict(this.current, figures, new Map([...this.tried].map(([option, { clockMs }]) => [option, clockMs])));
  }

  /** Workers for each core of the fullest machine, where they leave none free. */
  private crowding(workers: readonly NodeId[]): number {
    const machines = workers.flatMap((node) => this.machines.get(node) ?? []);
    const shares = machines.map(({ id, cores }) => machines.filter((other) => other.id === id).length / cores);
    const most = Math.max(0, ...shares);
    return most >= 1 ? most : 0;
  }

  /** Of the worker that computes longest; outside bounded delays, where nobody waits for it, the mean of all. */
  private figures(workers: readonly NodeId[], isBounded: boolean): ClockFigures | null {
    const windows = workers.map((node) => this.windows.get(node));
    const all: ClockFigures[] = [];
    for (const window of windows) {
      if (window === undefined || !this.isFull(window)) return null;
      const clocks = window.clock - window.from;
      const exchanges = clocks / this.current.localSteps;
      all.push({
        computeMs: window.computeMs / clocks,
        clockMs: (window.spanMs - window.unfinishedMs) / clocks,
        rawBytes: (window.raw - window.rawFrom) / exchanges,
        roundTripMs: this.roundTripMs,
        bytesPerMs: Math.min(...workers.map((worker) => this.rates.cap(worker) ?? Number.POSITIVE_INFINITY)),
      });
    }
    const slowest = all.reduce<ClockFigures | null>((a, b) => (a !== null && a.computeMs >= b.computeMs ? a : b), null);
    if (slowest === null) return null;
    const crowding = this.crowding(workers);
    // Who hosts all that it works with moves nothing; others do.
    const rawBytes = Math.max(...all.map((figures) => figures.rawBytes));
    if (isBounded) return { ...slowest, crowding, rawBytes };
    const mean = (of: (figures: ClockFigures) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length;
    return {
      ...{ ...slowest, crowding, rawBytes },
      computeMs: mean(({ computeMs }) => computeMs),
      clockMs: mean(({ clockMs }) => clockMs),
    };
  }

  private isFull({ from, clock, spanMs }: Window): boolean {
    const exchanges = (clock - from) / this.round;
    return (spanMs >= WINDOW_MS && exchanges >= WINDOW_EXCHANGES) || (spanMs >= LONG_WINDOW_MS && exchanges >= 1);
  }
}

/** The clock from which an exchange holds that still does: other entries may have come since. */
function beginningOf(exchange: Exchange, near: NearLinks, schedule: Schedule): number {
  const isOther = ({ filters }: ScheduleEntry) =>
    filters?.kind !== 'auto' ||
    (filters.choice === undefined ? PLAIN : exchangeOf(filters.choice)) !== exchange ||
    !isSameNear(near, filters.choice?.near);
  return schedule[schedule.findLastIndex(isOther) + 1]?.fromClock ?? 0;
}

const COUNTS = 'Whole numbers in as few bytes as hold them: this job counts, and a rounded count would be a wrong one.';

/** The choice, where it is another than before: a new sentence alone is no reason for a change. */
function choiceOf(
  exchange: Exchange,
  reason: string,
  before: FilterChoice | undefined,
  near: NearLinks = [],
): FilterChoice | null {
  if (before !== undefined && exchangeOf(before) === exchange && isSameNear(near, before.near)) return null;
  const { codec, localSteps } = exchange;
  const choice = { push: codec.push, pull: codec.pull, localSteps };
  if (near.length === 0) return { ...choice, reason };
  const pairs = near.flatMap(({ worker, servers }) => servers.map((server) => [worker, server].toSorted().join()));
  const links = new Set(pairs).size;
  const which =
    links === 1
      ? 'One link, much faster than the slowest, carries'
      : `${links} links, much faster than the slowest, carry`;
  return { ...choice, reason: `${reason} ${which} 32-bit values.`, near };
}

/** Both in ascending order. */
const isSameNear = (a: NearLinks, b: NearLinks = []): boolean => JSON.stringify(a) === JSON.stringify(b);
