// How fast each worker gets through its clocks when nobody holds it up: from the times in its reports, whatever it waited.
import type { WorkerReport } from '../protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';

/** Reports kept per worker: 15 s at four a second. */
const MAX_SLICES = 60;

/** A pace looks back over this time and this many reports that tell of clocks, whichever is longer: fewer are chance. */
const PACE_MS = 5_000;
const PACE_REPORTS = 8;
const FEWEST_REPORTS = 2;

/** Standard errors on each side of a mean that is taken for sure. */
const SURE = 3;

/** Clocks a worker has finished, and the time it was busy with them. */
interface Slice {
  readonly clocks: number;
  readonly busyMs: number;
}

/** Clocks per second of computing and communicating, and between which it surely lies. */
export interface Pace {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

export class WorkerPaces {
  private readonly workers = new Map<NodeId, { clock: number; busyMs: number; slices: Slice[] }>();

  take(node: NodeId, { clock, computeMs, communicateMs, skipped = 0 }: WorkerReport): void {
    const known = this.workers.get(node);
    // The first report covers the time before the first clock, too.
    if (known === undefined || clock < known.clock) {
      this.workers.set(node, { clock, busyMs: 0, slices: [] });
      return;
    }
    // A long clock's time comes with the report in which it ends.
    known.busyMs += computeMs + communicateMs;
    if (clock === known.clock) return;
    // What another made in its name is no pace of its own.
    known.slices.push({ clocks: Math.max(1, clock - known.clock - skipped), busyMs: known.busyMs });
    if (known.slices.length > MAX_SLICES) known.slices.shift();
    known.clock = clock;
    known.busyMs = 0;
  }

  forget(node: NodeId): void {
    this.workers.delete(node);
  }

  /** The last clock that a worker has reported as finished. */
  clock(node: NodeId): number {
    return this.workers.get(node)?.clock ?? NO_CLOCK;
  }

  /** Null before there is enough to tell. */
  pace(node: NodeId): Pace | null {
    const slices = newest(this.workers.get(node)?.slices ?? []);
    if (slices.length < FEWEST_REPORTS) return null;
    const clocks = sum(slices.map((slice) => slice.clocks));
    const mean = Math.max(sum(slices.map(({ busyMs }) => busyMs)) / clocks, MIN_CLOCK_MS);
    // Of the time of one clock: reports with more clocks say more.
    const variance = sum(slices.map((slice) => slice.clocks * (slice.busyMs / slice.clocks - mean) ** 2)) / clocks;
    const error = SURE * Math.sqrt(variance / slices.length);
    return { mean: 1000 / mean, least: 1000 / (mean + error), most: 1000 / Math.max(mean - error, MIN_CLOCK_MS) };
  }
}

/** Faster clocks than this are errors of measurement. */
const MIN_CLOCK_MS = 0.1;

function newest(slices: readonly Slice[]): readonly Slice[] {
  let busyMs = 0;
  let from = slices.length;
  while (from > 0 && (busyMs < PACE_MS || slices.length - from < PACE_REPORTS)) {
    from--;
    busyMs += slices[from]?.busyMs ?? 0;
  }
  return slices.slice(from);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
