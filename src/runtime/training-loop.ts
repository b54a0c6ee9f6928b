// The worker's loop: pull, compute, push, clock after clock, as far ahead as the bounded delay and the scheduler allow.
// While a gradient is computed, the next pull and the last push are under way (within τ).
import type { TableValues, Trainer } from '../jobs/job.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';
import { delayOf, requiredClock, scheduleAt } from '../ps/consistency.ts';
import { liveTestBlocks } from '../ps/run-progress.ts';
import type { Batches, PickedBatch } from './batches.ts';
import { Abandoned, type Client, type PulledTables, type Task } from './client.ts';
import type { Signal } from './deferred.ts';
import type { RunData } from './run-data.ts';
import type { StepLog } from './step-log.ts';
import type { WorkerMeter } from './worker-meter.ts';

export interface LoopParts {
  readonly self: NodeId;
  readonly plan: RunPlan;
  readonly client: Client;
  readonly trainer: Trainer;
  readonly data: RunData;
  readonly batches: Batches;
  readonly meter: WorkerMeter;
  readonly steps: StepLog;
  /** The newest cluster state; `changed` fires with each. */
  readonly cluster: () => ClusterState;
  readonly changed: Signal;
  /** True once this worker is out of the map, or the run is another. */
  readonly isOver: () => boolean;
}

/** A batch with its pull under way. */
interface Step {
  readonly batch: PickedBatch | null;
  readonly keys: readonly (Uint32Array | null)[];
  readonly pulled: Promise<PulledTables>;
}

export class TrainingLoop {
  private readonly parameters: Float32Array[][] = [[], []];
  private turn = 0;

  constructor(private readonly parts: LoopParts) {}

  /** Runs until the last clock, or until the run stops. @throws Abandoned, Rejected, BlockNotFound */
  async run(): Promise<void> {
    const { plan, meter, batches } = this.parts;
    let clock = await this.join();
    batches.startAt(clock);
    meter.clock = clock - 1;
    let next: Promise<Step> | null = this.begin(clock, clock - 1);
    while (clock < plan.steps && (await this.mayStart(clock))) {
      const step: Step = await meter.time('communicate', () => next ?? this.begin(clock));
      const pulled = await this.awaitPull(step);
      if (clock > 0 && clock % plan.evaluateEvery === 0) await this.evaluate(clock - 1, pulled, liveTestBlocks(plan));
      next = this.mayOverlap(clock + 1) ? this.begin(clock + 1) : null;
      // The pull must be on its way before the gradient takes the thread.
      if (next !== null) await next;
      const isNumber = await this.compute(clock, step, pulled);
      if (!isNumber) {
        if (!(await this.isResumed(clock))) break;
        next = this.begin(clock);
        continue;
      }
      clock++;
      next ??= clock < plan.steps ? this.begin(clock) : null;
    }
    if (clock >= plan.steps) await this.finish();
    meter.isDone = true;
  }

  /** Meets every segment's clock: this worker starts where no segment expects less of it. */
  private async join(): Promise<number> {
    const { client, plan } = this.parts;
    const none = plan.tables.map(() => new Uint32Array(0));
    const { ownClock } = await client.pull({ minClock: NO_CLOCK, keys: none, everySegment: true }).done;
    return ownClock + 1;
  }

  /** Takes a batch and sends its pull. Resolves when the pull is sent, not when it is answered. */
  private async begin(clock: number, done = NO_CLOCK): Promise<Step> {
    const { batches, client, cluster, plan, trainer } = this.parts;
    const batch = await batches.next(cluster());
    const keys = batch === null ? plan.tables.map(() => new Uint32Array(0)) : trainer.keysOf(batch.block, batch.picks);
    const minClock = requiredClock(cluster().schedule, clock);
    const into = this.buffers(keys);
    const pulled = client.pull({ minClock, keys, done, into, everySegment: done !== NO_CLOCK }).done;
    return { batch, keys, pulled };
  }

  private awaitPull(step: Step): Promise<PulledTables> {
    const { meter } = this.parts;
    return meter.time(
      ({ isHeldBack }) => (isHeldBack ? 'wait' : 'communicate'),
      () => step.pulled,
    );
  }

  /** May the pull of `clock` be asked for before the push of the clock before it? Not in BSP: it must contain that. */
  private mayOverlap(clock: number): boolean {
    const { cluster, plan } = this.parts;
    return clock < plan.steps && delayOf(scheduleAt(cluster().schedule, clock).consistency) >= 1;
  }

  /** Computes and pushes the gradient. @returns false where it isn't finite: then nothing was pushed */
  private async compute(clock: number, step: Step, pulled: PulledTables): Promise<boolean> {
    const { client, meter, plan, trainer } = this.parts;
    const { batch } = step;
    if (batch === null) {
      const tables = plan.tables.map(() => ({ keys: new Uint32Array(0), values: new Float32Array(0) }));
      this.note(clock, client.push({ clock, samples: 0, tables, readFronts: pulled.readFronts }));
      meter.step(clock, 0, 0);
      return true;
    }
    const { block, picks } = batch;
    const parameters = tableValues(step.keys, pulled);
    const gradient = await meter.time('compute', () => trainer.gradient(parameters, block, picks));
    if (!Number.isFinite(gradient.lossSum)) {
      meter.divergedAt = clock;
      return false;
    }
    await meter.time('communicate', () => client.roomToPush());
    const { tables } = gradient;
    this.note(clock, client.push({ clock, samples: block.count, tables, readFronts: pulled.readFronts }));
    meter.step(clock, gradient.lossSum, block.count);
    return true;
  }

  /** Remembers when the push was acknowledged, if it ever is. */
  private note(clock: number, { done }: Task<void>): void {
    done.then(
      () => this.parts.steps.done(clock),
      () => undefined,
    );
  }

  /** Waits while the scheduler holds this clock back. @returns false when the run stops here */
  private async mayStart(clock: number): Promise<boolean> {
    const { changed, cluster, isOver } = this.parts;
    for (;;) {
      if (isOver()) throw new Abandoned();
      const { clockLimit, phase } = cluster();
      if (clock < clockLimit) return true;
      if (phase === 'finishing' || phase === 'stopped') return false;
      await changed.next();
    }
  }

  /** After a loss that isn't a number: until the scheduler has paused the run, and someone has resumed or stopped it. */
  private async isResumed(clock: number): Promise<boolean> {
    const { changed, cluster, isOver, meter } = this.parts;
    while ((cluster().phase === 'running' || cluster().phase === 'paused') && !isOver()) {
      const wasPaused = cluster().phase === 'paused';
      await changed.next();
      if (wasPaused && cluster().phase === 'running') break;
    }
    meter.divergedAt = null;
    return this.mayStart(clock);
  }

  /** Looks at this worker's part of the first `blocks` test blocks with the parameters of one clock. */
  private async evaluate(clock: number, known: PulledTables | null, blocks: number): Promise<void> {
    const { cluster, data, meter, self, trainer } = this.parts;
    const workers = cluster().map.workers.map(({ node }) => node);
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

  private pullFor(keys: readonly (Uint32Array | null)[], clock: number): Promise<PulledTables> {
    const { client, meter, plan } = this.parts;
    const minClock = clock >= plan.steps - 1 ? clock : NO_CLOCK;
    return meter.time('communicate', () => client.pull({ minClock, keys }).done);
  }

  /** The last evaluation: all of the test set, on parameters that contain everybody's last push. */
  private async finish(): Promise<void> {
    const { client, plan } = this.parts;
    const last = plan.steps - 1;
    const none = plan.tables.map(() => new Uint32Array(0));
    await client.pull({ minClock: last, keys: none, everySegment: true }).done;
    await this.evaluate(last, null, plan.data.test.blocks);
  }

  /** Two sets in turn: one is computed on while the other is filled. Only whole tables keep their size. */
  private buffers(keys: readonly (Uint32Array | null)[]): Float32Array[] {
    this.turn = 1 - this.turn;
    const set = this.parameters[this.turn] ?? [];
    return this.parts.plan.tables.map((table, index) => {
      const list = keys[index] ?? null;
      if (list !== null) return new Float32Array(list.length * table.width);
      set[index] ??= new Float32Array(table.keys * table.width);
      return set[index];
    });
  }
}

const tableValues = (keys: readonly (Uint32Array | null)[], { tables }: PulledTables): TableValues[] =>
  tables.map((values, table) => ({ keys: keys[table] ?? null, values }));
