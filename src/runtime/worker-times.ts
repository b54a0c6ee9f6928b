// Where the workers' time goes, as a running mean: a report covers a quarter of a second, a clock may take several.
import type { NodeMetrics } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

/** Weight of the newest report: the mean looks back over about two seconds. */
const WEIGHT = 0.12;

export type TimeParts = Pick<NodeMetrics, 'compute' | 'wait' | 'communicate'>;

const NONE: TimeParts = { compute: 0, wait: 0, communicate: 0 };

export class WorkerTimes {
  private readonly means = new Map<NodeId, TimeParts>();

  /** The newest figures of all nodes; who isn't among them is forgotten. */
  add(nodes: readonly NodeMetrics[]): void {
    const present = new Set(nodes.map(({ node }) => node));
    for (const node of this.means.keys()) if (!present.has(node)) this.means.delete(node);
    for (const figures of nodes) this.means.set(figures.node, mix(this.means.get(figures.node) ?? figures, figures));
  }

  of(node: NodeId): TimeParts {
    return this.means.get(node) ?? NONE;
  }

  clear(): void {
    this.means.clear();
  }
}

const mix = (mean: TimeParts, newest: TimeParts): TimeParts => ({
  compute: mean.compute + WEIGHT * (newest.compute - mean.compute),
  wait: mean.wait + WEIGHT * (newest.wait - mean.wait),
  communicate: mean.communicate + WEIGHT * (newest.communicate - mean.communicate),
});
