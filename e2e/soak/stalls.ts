// When nothing went on: gaps between the steps of all workers together, and which fault explains each.

/** A gap longer than this is a stall, and unexplained where so much of it is in no fault's time. */
export const STALL_MS = 2_000;

/** What a fault was doing, for as long as it may hold steps up. Milliseconds since 1970. */
export interface FaultSpan {
  readonly text: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Stall {
  readonly fromMs: number;
  readonly ms: number;
  /** Faults that it overlaps. */
  readonly faults: readonly string[];
  /** What is in the time of none. */
  readonly unexplainedMs: number;
}

/** Steps of all tabs as they are drained from their logs: each is kept once. */
export class StepTimes {
  private readonly newest = new Map<number, number>();
  private readonly times: number[] = [];

  /** @param steps [clock, time], ascending by time; the log may have been seen in part before */
  add(node: number, steps: readonly (readonly [number, number])[]): void {
    const before = this.newest.get(node) ?? Number.NEGATIVE_INFINITY;
    for (const [, atMs] of steps) if (atMs > before) this.times.push(atMs);
    const last = steps.at(-1);
    if (last !== undefined) this.newest.set(node, Math.max(before, last[1]));
  }

  /** Gaps over `STALL_MS` from one moment to another, the ends included. */
  stalls(fromMs: number, toMs: number, spans: readonly FaultSpan[]): Stall[] {
    const times = this.times.filter((time) => time > fromMs && time < toMs).sort((a, b) => a - b);
    const stalls: Stall[] = [];
    let before = fromMs;
    for (const time of [...times, toMs]) {
      if (time - before > STALL_MS) stalls.push(stallOf(before, time, spans));
      before = time;
    }
    return stalls;
  }
}

function stallOf(fromMs: number, toMs: number, spans: readonly FaultSpan[]): Stall {
  const during = spans.filter((span) => span.fromMs < toMs && span.toMs > fromMs).sort((a, b) => a.fromMs - b.fromMs);
  let [unexplained, until] = [0, fromMs];
  for (const span of during) {
    unexplained += Math.max(0, span.fromMs - until);
    until = Math.max(until, span.toMs);
  }
  unexplained += Math.max(0, toMs - until);
  const faults = during.map(({ text }) => text);
  return { fromMs, ms: Math.round(toMs - fromMs), faults, unexplainedMs: Math.round(unexplained) };
}
