// Several batches between two pushes: a worker takes steps alone, and pushes the way, or the gradients that it met on it.
import type { Gradient, TableValues, Trainer } from '../jobs/job.ts';
import type { RunPlan } from '../protocol/control.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import type { Updater, UpdaterSpec } from '../ps/updaters/updater.ts';
import type { PickedBatch } from './batches.ts';
import { gatherRows, scatterRows } from './gather-rows.ts';
import { Turns } from './turns.ts';

/** What several batches came to: `tables` is pushed like a gradient. */
export interface LocalResult extends Gradient {
  readonly samples: number;
  /** From where the worker was to where its steps took it, turned round; empty where it took none. */
  readonly ways: readonly TableValues[];
}

/** Optimiser state of one table, kept from one push to the next. */
interface InnerTable {
  readonly slots: readonly Float32Array[];
  readonly scalars: Float64Array;
}

/** What a round works on of one table: `inner` has the state of its rows only. */
interface RoundTable {
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
  readonly inner: InnerTable;
  readonly width: number;
  /** The mean of the gradients so far, where that is pushed. */
  readonly mean: Float32Array | null;
}

/**
 * What a worker moves its own parameters by. Of FTRL it knows neither sums nor centres; without penalties FTRL-Proximal is
 * gradient descent at Adagrad's rates (McMahan et al. 2013), and those wait for the servers.
 */
const innerSpec = (updater: UpdaterSpec): UpdaterSpec =>
  updater.kind === 'ftrl' ? { kind: 'adagrad', epsilon: updater.beta } : updater;

/** Keys that any of the batches touches; null for all. */
export function unionOfKeys(
  lists: readonly (readonly (Uint32Array | null)[])[],
  tables: number,
): (Uint32Array | null)[] {
  return Array.from({ length: tables }, (_, table) => {
    const own = lists.map((keys) => keys[table] ?? null);
    const [first = null] = own;
    if (own.length === 1 || own.some((keys) => keys === null)) return own.includes(null) ? null : first;
    const all = Uint32Array.from(own.flatMap((keys) => [...(keys ?? [])])).sort();
    return all.filter((key, at) => at === 0 || key !== all[at - 1]);
  });
}

export class LocalSteps {
  private readonly updater: Updater;
  private readonly inner: readonly InnerTable[];

  /** @param isDrift whether the way of the steps is pushed, or the mean of the gradients met on it */
  constructor(
    private readonly plan: RunPlan,
    private readonly trainer: Trainer,
    private readonly isDrift: boolean,
    private readonly turns = new Turns(() => performance.now()),
  ) {
    this.updater = createUpdater(innerSpec(plan.updater));
    this.inner = plan.tables.map(({ keys, width }) => ({
      // Zeroed memory that nobody touches takes none: of a sparse table a worker meets its own keys only.
      slots: Array.from({ length: this.updater.slots }, () => new Float32Array(keys * width)),
      scalars: Float64Array.from(this.updater.scalars),
    }));
  }

  /**
   * Takes a step for each batch, on this worker's own parameters. Pushed is the way from where they were to where they are,
   * turned round: the server takes the workers' mean for the gradient of an outer updater (Douillard et al. 2023, "DiLoCo",
   * algorithm 1). Or, where the server's updater has state that only it has, the mean of the gradients on the way, by samples:
   * it goes about as far along them as the steps did. Of counts, their sum.
   * @param parameters rows of the union of the batches' keys; not changed
   * @param learningRate of the inner updater
   */
  async run(
    parameters: readonly TableValues[],
    batches: readonly PickedBatch[],
    learningRate: number,
  ): Promise<LocalResult> {
    const samples = batches.reduce((sum, { block }) => sum + block.count, 0);
    const round = parameters.map((table, at) => this.open(table, at));
    let lossSum = 0;
    for (const { block, picks } of batches) {
      const keys = this.trainer.keysOf(block, picks);
      const rows = round.map((table, at) => pickRows(table, keys[at] ?? null));
      const gradient = await this.trainer.gradient(rows, block, picks);
      lossSum += gradient.lossSum;
      gradient.tables.forEach((part, at) => {
        const table = round[at];
        const share = this.updater.aggregate === 'sum' ? 1 : block.count / samples;
        if (table !== undefined) this.step(table, part, learningRate, share);
      });
      await this.turns.give();
    }
    const ways = round.map((table, at) => this.close(table, parameters[at] ?? table, at));
    const tables = round.map(({ keys, mean }, at) =>
      mean === null ? (ways[at] as TableValues) : { keys, values: mean },
    );
    return { lossSum, samples, tables, ways };
  }

  private open({ keys, values }: TableValues, at: number): RoundTable {
    const width = this.plan.tables[at]?.width ?? 1;
    const { slots, scalars } = this.inner[at] ?? { slots: [], scalars: new Float64Array() };
    const own = keys === null ? slots : slots.map((slot) => gatherRows(slot, keys, width));
    const mean = this.isDrift ? null : new Float32Array(values.length);
    return { keys, values: values.slice(), inner: { slots: own, scalars }, width, mean };
  }

  /** Moves the rows that a batch touches, and adds its gradient to the mean. */
  private step({ keys, values, inner, width, mean }: RoundTable, part: TableValues, rate: number, share: number): void {
    const { slots, scalars } = inner;
    const context = { learningRate: rate, weight: 1, scalars };
    this.updater.advance(context);
    eachRun(keys, part, width, (to, from, count) => {
      if (mean !== null) addScaled(mean, to, part.values, from, count, share);
      this.updater.apply(values, slots, to, part.values, from, count, context);
    });
  }

  /** Keeps the state of the rows. @returns their way, turned round, in place of where they are */
  private close({ keys, values, inner, width }: RoundTable, start: TableValues, at: number): TableValues {
    if (keys !== null) {
      const { slots = [] } = this.inner[at] ?? {};
      slots.forEach((slot, index) => {
        scatterRows(slot, keys, width, inner.slots[index] ?? slot);
      });
    }
    for (let i = 0; i < values.length; i++) values[i] = (start.values[i] as number) - (values[i] as number);
    return { keys, values };
  }
}

/** Rows of some of a table's keys, both lists ascending. */
function pickRows({ keys, values, width }: RoundTable, some: Uint32Array | null): TableValues {
  if (some === null || keys === null) return { keys, values };
  const rows = new Float32Array(some.length * width);
  eachMatch(keys, some, (from, to) => {
    for (let column = 0; column < width; column++) rows[to * width + column] = values[from * width + column] as number;
  });
  return { keys: some, values: rows };
}

/** Calls back with each run of values that lie together in a table's rows and in `part`, which are some of them. */
function eachRun(
  keys: Uint32Array | null,
  part: TableValues,
  width: number,
  found: (inAll: number, inPart: number, count: number) => void,
): void {
  if (keys === null || part.keys === null) found(0, 0, part.values.length);
  else eachMatch(keys, part.keys, (inAll, inPart) => found(inAll * width, inPart * width, width));
}

function addScaled(sum: Float32Array, at: number, values: Float32Array, from: number, count: number, scale: number) {
  for (let i = 0; i < count; i++) sum[at + i] = (sum[at + i] as number) + (values[from + i] as number) * scale;
}

/** Calls back with the places of every key of `some` in `all` and in `some`. Both ascend; `some` is part of `all`. */
function eachMatch(all: Uint32Array, some: Uint32Array, found: (inAll: number, inSome: number) => void): void {
  let at = 0;
  for (let i = 0; i < some.length; i++) {
    while (at < all.length && (all[at] as number) < (some[i] as number)) at++;
    found(at, i);
  }
}
