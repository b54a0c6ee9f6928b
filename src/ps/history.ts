// The curves of the current run as this tab has heard them: for its charts, and for the room if it becomes scheduler.
import type { Metrics, MetricsMessage, Point } from '../protocol/control.ts';
import { Curve } from './curve.ts';

export class History {
  private run = 0;
  private newest: Metrics | null = null;

  /** Forgets the curves of any other run. */
  follow(run: number): void {
    if (run === this.run) return;
    this.run = run;
    this.newest = null;
  }

  /** Adds what a message brought. @returns the message with all points so far, and the newest figures of each node */
  add(metrics: MetricsMessage): Metrics {
    const old = metrics.isHistory ? null : this.newest;
    this.newest = {
      ...metrics,
      isHistory: true,
      tallies: metrics.tallies ?? this.newest?.tallies ?? [],
      nodes: metrics.nodes ?? this.newest?.nodes ?? [],
      advice: metrics.nodes === undefined ? this.newest?.advice : metrics.advice,
      loss: addPoints(old?.loss ?? [], metrics.loss),
      accuracy: addPoints(old?.accuracy ?? [], metrics.accuracy),
    };
    return this.newest;
  }

  all(): Metrics | null {
    return this.newest;
  }
}

/** All points, by clock. Who joins, or changes schedulers, hears some twice. */
function addPoints(known: readonly Point[], added: readonly Point[]): Point[] {
  const curve = new Curve(known);
  for (const point of added) curve.add(point);
  return [...curve.all];
}
