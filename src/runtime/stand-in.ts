// Backup tasks at the worker: while it would only wait for one that is far behind, it makes that one's gradients, too.
import type { NodeId } from '../protocol/ids.ts';
import { whomToHelp } from '../ps/backups.ts';
import { requiredClock } from '../ps/consistency.ts';
import { Batches, type PickedBatch } from './batches.ts';
import { BlockNotFound } from './block-exchange.ts';
import type { PulledTables } from './client.ts';
import type { LocalResult } from './local-steps.ts';
import { type KeyLists, keysOf, type LoopParts, type Step, takeBatches } from './loop-parts.ts';

/** How the worker computes a round of its own. */
export interface RoundMaths {
  drifts(step: Step): boolean;
  gradient(step: Step, rows: PulledTables): Promise<LocalResult>;
}

export class StandIn {
  /** The worker that this one helps. */
  private helped: { readonly node: NodeId; readonly batches: Batches } | null = null;

  constructor(
    private readonly parts: LoopParts,
    private readonly maths: RoundMaths,
  ) {}

  /** While this worker would only wait for one that is far behind, it makes that one's gradient of the round, too. */
  async help(step: Step, pulled: PulledTables, next: Promise<unknown> | undefined): Promise<void> {
    const { client, cluster, emulate, filters, meter, self } = this.parts;
    const worker = whomToHelp(cluster(), self, step.last);
    if (worker === null) return;
    let isIdle = true;
    const stop = () => {
      isIdle = false;
    };
    next?.then(stop, stop);
    const covers = step.last - step.clock + 1;
    const batches = await this.takeFor(worker.node, step.clock, covers);
    const work = { ...step, batches, keys: keysOf(this.parts, batches) };
    const rows = work.keys.every((keys) => keys === null) ? pulled : await this.pullAt(step.clock, work.keys);
    if (batches.length === 0 || !isIdle) return;
    const { samples, ...gradient } = await meter.time('backup', () =>
      emulate(() => this.maths.gradient(work, rows), covers),
    );
    if (!Number.isFinite(gradient.lossSum)) return;
    const { readFronts, tables: parameters } = rows;
    const push = {
      worker,
      clock: step.last,
      covers,
      isDrift: this.maths.drifts(step),
      samples,
      readFronts,
      parameters,
    };
    client.pushFor({ ...push, tables: gradient.tables, ...filters.push(step.last) });
  }

  /** Batches of another's lease, of which nobody has the data any more: none. */
  private async takeFor(node: NodeId, clock: number, clocks: number): Promise<PickedBatch[]> {
    if (this.helped?.node !== node) {
      const batches = new Batches(this.parts.plan, this.parts.data, node);
      batches.startAt(null);
      this.helped = { node, batches };
    }
    return takeBatches(this.parts, this.helped.batches, clock, clocks).catch((error: unknown) => {
      if (error instanceof BlockNotFound) return [];
      throw error;
    });
  }

  /** Rows as they were when every worker could begin with `clock`. */
  private pullAt(clock: number, keys: KeyLists): Promise<PulledTables> {
    const { client, cluster, filters } = this.parts;
    return client.pull({ minClock: requiredClock(cluster().schedule, clock), keys, ...filters.pull(clock) }).done;
  }
}
