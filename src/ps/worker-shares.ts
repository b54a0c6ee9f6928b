// Shares of unequal workers: who is slow for good takes fewer samples of every batch, so that all are done at about the same
// time; a push counts by its samples, so the mean stays the mean. Pure: the scheduler asks, and tells everybody what comes out.
import type { ClusterState } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_SHARE_WEIGHT } from '../protocol/limits.ts';
import { delayOf, localStepsOf, scheduleAt } from './consistency.ts';
import type { Pace } from './worker-paces.ts';

/** A worker's part of each batch, in proportion to all others'. */
export interface WorkerShare {
  readonly worker: NodeId;
  /** 1 to `MAX_SHARE_WEIGHT`. */
  readonly weight: number;
}

/** Below it a worker's round trips cost more than its samples bring. */
const LEAST_WEIGHT = 5;

/** Clocks would have to be this much shorter: other sizes of batches have to be compiled anew. */
const WORTHWHILE = 1.15;

/**
 * Does the automatic mode share batches out by speed at this clock? Only where somebody waits for the slowest. Not in BSP after
 * every batch, whose parameters must not hang on how fast anybody was; nor where a helper makes a worker's gradients.
 */
export function sharesBySpeed({ plan, schedule, privacy }: ClusterState, clock: number): boolean {
  const entry = schedule.length === 0 ? undefined : scheduleAt(schedule, clock);
  if (plan == null || entry?.filters?.kind !== 'auto' || entry.localSteps !== undefined) return false;
  if (plan.hasBackups === true || privacy.isPrivate) return false;
  const delay = delayOf(entry.consistency);
  return Number.isFinite(delay) && (delay > 0 || localStepsOf(entry) > 1);
}

/** In the order of `workers`; who is new counts as the mean of those that are known. */
export function weightsOf(shares: readonly WorkerShare[], workers: readonly NodeId[]): number[] {
  const weights = new Map(shares.map(({ worker, weight }) => [worker, weight]));
  const known = workers.flatMap((node) => weights.get(node) ?? []);
  const mean = known.length === 0 ? 1 : sum(known) / known.length;
  return workers.map((node) => weights.get(node) ?? mean);
}

/** What a worker's clock takes as a line over its part of the batch: `fixedMs` whatever the part, and so much for all of it. */
interface Line {
  readonly fixedMs: number;
  readonly wholeMs: number;
}

interface Point {
  readonly part: number;
  readonly ms: number;
}

/** Two points of a line lie so far apart, as a share of the part: closer ones tell more of chance than of the line. */
const APART = 0.25;

export class SharePlanner {
  /** What each worker's clock took under the shares before these. */
  private before: ReadonlyMap<NodeId, Point> = new Map();

  /** @param paces of every worker under the shares of now, clocks per second; null before that is known */
  next(current: readonly WorkerShare[], paces: ReadonlyMap<NodeId, Pace | null>): readonly WorkerShare[] {
    const known = [...paces].flatMap(([node, pace]) => (pace === null ? [] : [{ node, pace }]));
    if (known.length < paces.size || known.length < 2) return current;
    const parts = partsOf(weightsOf(current, [...paces.keys()]));
    const points = known.map(({ pace }, at): Point => ({ part: parts[at] ?? 0, ms: 1000 / pace.mean }));
    const lines = known.map(({ node }, at) => lineOf(points[at] as Point, this.before.get(node)));
    const weights = weightsFor(lines);
    const after = partsOf(weights).map((part, at) => msAt(lines[at] as Line, part));
    // Clocks are as long as the slowest worker's, surely, not by chance.
    const slowestMs = Math.max(...known.map(({ pace }) => 1000 / pace.most));
    if (slowestMs < WORTHWHILE * Math.max(...after)) return current;
    this.before = new Map(known.map(({ node }, at) => [node, points[at] as Point]));
    return known.map(({ node }, at) => ({ worker: node, weight: weights[at] ?? 1 }));
  }
}

const partsOf = (weights: readonly number[]): number[] => weights.map((weight) => weight / sum(weights));

const msAt = ({ fixedMs, wholeMs }: Line, part: number): number => fixedMs + wholeMs * part;

/** In proportion to the part where nothing else is known. */
function lineOf({ part, ms }: Point, before: Point | undefined): Line {
  const steepest = ms / part;
  const isKnown = before !== undefined && Math.abs(before.part - part) > APART * part;
  const shown = isKnown ? (before.ms - ms) / (before.part - part) : steepest;
  const wholeMs = Math.min(Math.max(shown, APART * steepest), steepest);
  return { wholeMs, fixedMs: ms - wholeMs * part };
}

/** With them all take equally long, but for whom even the smallest part takes longer: Σ (T − fixed) / whole = 1. */
function weightsFor(lines: readonly Line[]): number[] {
  const evenMs =
    (1 + sum(lines.map(({ fixedMs, wholeMs }) => fixedMs / wholeMs))) / sum(lines.map(({ wholeMs }) => 1 / wholeMs));
  const parts = lines.map(({ fixedMs, wholeMs }) => (evenMs - fixedMs) / wholeMs);
  const largest = Math.max(...parts);
  return parts.map((part) => Math.max(LEAST_WEIGHT, Math.round((MAX_SHARE_WEIGHT * part) / largest)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
