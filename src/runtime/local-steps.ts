// Several batches between two pushes: steps taken on this worker alone, or, where those make no sense, one mean gradient.
import type { Gradient, TableValues, Trainer } from '../jobs/job.ts';
import type { RunPlan } from '../protocol/control.ts';
import { createUpdater } from '../ps/updaters/create-updater.ts';
import type { Updater } from '../ps/updaters/updater.ts';
import type { PickedBatch } from './batches.ts';
import { Turns } from './turns.ts';

/** What several batches came to: `tables` is pushed like a gradient. */
export interface LocalResult extends Gradient {
  readonly samples: number;
}

/** Optimiser state of one table, kept from one push to the next. */
interface InnerTable {
  readonly slots: readonly Float32Array[];
  readonly scalars: Float64Array;
}

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

  /** @param isDrift whether the inner updater moves on, or all batches have one mean gradient at the same place */
  constructor(
    private readonly plan: RunPlan,
    private readonly trainer: Trainer,
    private readonly isDrift: boolean,
    private readonly turns = new Turns(() => performance.now()),
  ) {
    this.updater = createUpdater(plan.updater);
    this.inner = plan.tables.map(({ keys, width }) => ({
      slots: Array.from({ length: this.updater.slots }, () => {
        return new Float32Array(isDrift ? keys * width : 0).fill(this.updater.slotStart);
      }),
      scalars: Float64Array.from(this.updater.scalars),
    }));
  }

  /**
   * @param parameters rows of the union of the batches' keys; not changed
   * @param rate of the inner updater
   */
  run(parameters: readonly TableValues[], batches: readonly PickedBatch[], rate: number): Promise<LocalResult> {
    return this.isDrift ? this.drift(parameters, batches, rate) : this.mean(parameters, batches);
  }

  /**
   * The way from the parameters to where the inner updater took them, turned round: the server takes the workers' mean
   * for the gradient of an outer updater (Douillard et al. 2023, "DiLoCo", algorithm 1).
   */
  private async drift(
    parameters: readonly TableValues[],
    batches: readonly PickedBatch[],
    learningRate: number,
  ): Promise<LocalResult> {
    const local = parameters.map(({ keys, values }) => ({ keys, values: values.slice() }));
    let [lossSum, samples] = [0, 0];
    for (const { block, picks } of batches) {
      const gradient = await this.trainer.gradient(local, block, picks);
      lossSum += gradient.lossSum;
      samples += block.count;
      gradient.tables.forEach(({ values: step }, table) => {
        const state = this.inner[table];
        const values = local[table]?.values;
        if (state === undefined || values === undefined) return;
        const context = { learningRate, weight: 1, scalars: state.scalars };
        this.updater.advance(context);
        this.updater.apply(values, state.slots, 0, step, 0, step.length, context);
      });
      await this.turns.give();
    }
    const tables = local.map(({ keys, values }, table) => {
      const start = parameters[table]?.values ?? values;
      for (let i = 0; i < values.length; i++) values[i] = (start[i] as number) - (values[i] as number);
      return { keys, values };
    });
    return { lossSum, samples, tables };
  }

  /** The gradient of all batches together (of counts, their sum), where the server's updater has state that only it has. */
  private async mean(parameters: readonly TableValues[], batches: readonly PickedBatch[]): Promise<LocalResult> {
    const samples = batches.reduce((sum, { block }) => sum + block.count, 0);
    const sums = parameters.map(({ keys, values }) => ({ keys, values: new Float32Array(values.length) }));
    let lossSum = 0;
    for (const { block, picks } of batches) {
      const keys = this.trainer.keysOf(block, picks);
      const rows = parameters.map((table, at) => pickRows(table, keys[at] ?? null, this.widthOf(at)));
      const gradient = await this.trainer.gradient(rows, block, picks);
      lossSum += gradient.lossSum;
      gradient.tables.forEach((part, at) => {
        const sum = sums[at];
        const scale = this.updater.aggregate === 'sum' ? 1 : block.count / samples;
        if (sum !== undefined) addRows(sum, part, scale, this.widthOf(at));
      });
      await this.turns.give();
    }
    return { lossSum, samples, tables: sums };
  }

  private widthOf(table: number): number {
    return this.plan.tables[table]?.width ?? 1;
  }
}

/** Rows of some of a table's keys, both lists ascending. */
function pickRows(table: TableValues, keys: Uint32Array | null, width: number): TableValues {
  if (keys === null || table.keys === null) return table;
  const values = new Float32Array(keys.length * width);
  eachMatch(table.keys, keys, (from, to) => {
    for (let column = 0; column < width; column++) {
      values[to * width + column] = table.values[from * width + column] as number;
    }
  });
  return { keys, values };
}

function addRows(
  sum: { keys: Uint32Array | null; values: Float32Array },
  part: TableValues,
  scale: number,
  width: number,
) {
  const add = (to: number, from: number) => {
    for (let column = 0; column < width; column++) {
      const at = to * width + column;
      sum.values[at] = (sum.values[at] as number) + (part.values[from * width + column] as number) * scale;
    }
  };
  if (sum.keys !== null && part.keys !== null) eachMatch(sum.keys, part.keys, add);
  else for (let row = 0; row < sum.values.length / width; row++) add(row, row);
}

/** Calls back with the places of every key of `some` in `all` and in `some`. Both ascend; `some` is part of `all`. */
function eachMatch(all: Uint32Array, some: Uint32Array, found: (inAll: number, inSome: number) => void): void {
  let at = 0;
  for (let i = 0; i < some.length; i++) {
    while (at < all.length && (all[at] as number) < (some[i] as number)) at++;
    found(at, i);
  }
}
