// A worker's evaluations: of the first test blocks on the way, of all of them at the end. Each worker looks at its part.
import { NO_CLOCK } from '../protocol/ids.ts';
import { liveTestBlocks } from '../ps/run-progress.ts';
import { evaluationSpacing, stretchOf } from '../ps/spacing.ts';
import type { PulledTables } from './client.ts';
import { type KeyLists, type LoopParts, tableValues } from './loop-parts.ts';

export type EvaluatorParts = Pick<
  LoopParts,
  'client' | 'cluster' | 'data' | 'filters' | 'meter' | 'plan' | 'self' | 'trainer'
>;

export class Evaluator {
  /** Where the newest round began; evaluations fall due between two. */
  private before = 0;

  constructor(private readonly parts: EvaluatorParts) {}

  /** The worker begins with `clock`. */
  startAt(clock: number): void {
    this.before = clock;
  }

  /** Looks at the parameters of `clock`, with which a round begins, where an evaluation has become due since the one before. */
  async onTheWay(clock: number, pulled: PulledTables): Promise<void> {
    const due = this.dueAt(clock);
    const isDue = due === clock || due > this.before;
    this.before = clock;
    if (clock === 0 || !isDue) return;
    await this.evaluate(this.clockOf(clock), pulled, liveTestBlocks(this.parts.data.splits.test));
  }

  /** The last evaluation: all of the test set, on parameters that contain everybody's last push. */
  async atTheEnd(): Promise<void> {
    const { client, data, plan } = this.parts;
    const last = plan.steps - 1;
    const none = plan.tables.map(() => new Uint32Array(0));
    await client.pull({ minClock: last, keys: none, everySegment: true }).done;
    await this.evaluate(last, null, data.splits.test.blocks);
  }

  /** Looks at this worker's part of the first `blocks` test blocks with the parameters of one clock. */
  private async evaluate(clock: number, known: PulledTables | null, blocks: number): Promise<void> {
    const { cluster, data, meter, self, trainer } = this.parts;
    // What is this tab's own nobody else looks at.
    const workers = data.isOwn ? [self] : cluster().map.workers.map(({ node }) => node);
    const rank = workers.indexOf(self);
    // Whole tables are pulled once, rows for each block anew.
    let whole = known;
    const sum = { lossSum: 0, samples: 0, score: 0 };
    for (let index = Math.max(rank, 0); index < blocks; index += Math.max(workers.length, 1)) {
      const block = await meter.time('communicate', () => data.block('test', index));
      const keys = trainer.keysOf(block);
      const isWhole = keys.every((list) => list === null);
      const pulled = (isWhole ? whole : null) ?? (await this.pullFor(keys, clock));
      if (isWhole) whole = pulled;
      const parameters = tableValues(keys, pulled);
      const part = await meter.time('compute', () => trainer.evaluate(parameters, block));
      sum.lossSum += part.lossSum;
      sum.samples += part.samples;
      sum.score += part.score;
    }
    meter.evaluated(clock, sum.lossSum, sum.samples, sum.score);
  }

  /** The clock that all workers evaluate at `clock`, also those that have skipped the round that it is due in. */
  private clockOf(clock: number): number {
    const due = this.dueAt(clock);
    return due === 0 ? clock - 1 : this.parts.filters.roundEnd(due - 1);
  }

  /** The newest clock up to `clock` that an evaluation is due at. */
  private dueAt(clock: number): number {
    return stretchOf(evaluationSpacing(this.parts.plan), clock).start;
  }

  private pullFor(keys: KeyLists, clock: number): Promise<PulledTables> {
    const { client, filters, meter, plan } = this.parts;
    const isLast = clock >= plan.steps - 1;
    const wish = { minClock: isLast ? clock : NO_CLOCK, ...(isLast ? filters.exact(clock) : filters.pull(clock)) };
    return meter.time('communicate', () => client.pull({ ...wish, keys }).done);
  }
}
