// The kernel of matrix factorisation: gradient and error of biased products of factors, over the rows that a batch uses.
import type { Block, DatasetMeta, SparseBlock } from '../data/dataset.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Evaluation, Gradient, ReadBlock, ReadRows, TableValues, Trainer } from './job.ts';
import { KeyIndex, uniqueKeys } from './key-index.ts';
import { predictRating } from './predict-rating.ts';
import { type Recommendations, recommend } from './recommend.ts';

export type RatingsMeta = Extract<DatasetMeta, { kind: 'ratings' }>;

/** What the kernel must know of a model. */
export interface RatingsModel {
  readonly rank: number;
  readonly l2: number;
}

/** One table's rows as the kernel sees them: column 0 is the bias, the others are factors. */
interface Rows {
  readonly values: Float32Array;
  /** Position in `values` of the row that each rating uses. */
  readonly offsets: Uint32Array;
}

function sparse(block: Block): SparseBlock {
  if (block.kind === 'sparse' && block.indices.length === 2 * block.count) return block;
  throw new UnsuitableBlock('matrix-factorization learns from ratings: rows of one user and one item.');
}

/** Users (column 0) or items (column 1) of a batch, one a rating, counted from `first`. */
function column(batch: SparseBlock, which: 0 | 1, first: number): Uint32Array {
  return Uint32Array.from({ length: batch.count }, (_, row) => (batch.indices[2 * row + which] as number) - first);
}

function rowsOf(table: TableValues | undefined, keys: Uint32Array, width: number): Rows {
  if (table === undefined) throw new UnsuitableBlock('matrix-factorization has two tables, and one is missing.');
  const index = table.keys === null ? null : KeyIndex.of(table.keys);
  const offsets = keys.map((key) => {
    const row = index === null ? key : index.position(key);
    if (row < 0) throw new UnsuitableBlock(`Key ${key} of the batch is not among the parameters.`);
    return row * width;
  });
  return { values: table.values, offsets };
}

export class RatingsTrainer implements Trainer {
  readonly device = 'JavaScript';
  private readonly width: number;

  constructor(
    private readonly options: RatingsModel,
    private readonly meta: RatingsMeta,
  ) {
    this.width = options.rank + 1;
  }

  keysOf(batch: Block): readonly Uint32Array[] {
    const ratings = sparse(batch);
    return [uniqueKeys(column(ratings, 0, 0)), uniqueKeys(column(ratings, 1, this.meta.users))];
  }

  /**
   * Of the mean over the batch of e² + l2·(‖p‖² + ‖q‖² + b² + c²), where e = mean + b + c + p·q − rating, and p, b are
   * the user's factors and bias, q, c the item's. `lossSum` is Σ e² alone, so that it compares with other models'.
   * Summed in f64, rounded once.
   */
  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const ratings = sparse(batch);
    const [users, items] = this.rows(parameters, ratings);
    const forUsers = new Float64Array(users.values.length);
    const forItems = new Float64Array(items.values.length);
    const scale = 2 / ratings.count;
    let lossSum = 0;
    for (let row = 0; row < ratings.count; row++) {
      const error = this.errorAt(ratings, users, items, row);
      lossSum += error * error;
      this.addGradient(users, items, row, error * scale, this.options.l2 * scale, forUsers, forItems);
    }
    const table = (index: number, sums: Float64Array): TableValues => {
      return { keys: parameters[index]?.keys ?? null, values: Float32Array.from(sums) };
    };
    return { lossSum, tables: [table(0, forUsers), table(1, forItems)] };
  }

  /** The score is Σ e²: its mean's square root is the RMSE. */
  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const ratings = sparse(batch);
    const [users, items] = this.rows(parameters, ratings);
    let lossSum = 0;
    for (let row = 0; row < ratings.count; row++) lossSum += this.errorAt(ratings, users, items, row) ** 2;
    return { samples: ratings.count, lossSum, score: lossSum };
  }

  async predict(): Promise<never> {
    throw new UnsuitableBlock('matrix-factorization has no classes to tell apart: ask it for recommendations.');
  }

  /** Recommendations for one user: see recommend.ts. */
  look(request: unknown, read: ReadRows, block: ReadBlock): Promise<Recommendations> {
    return recommend(request, this.meta, this.width, read, block);
  }

  dispose(): void {}

  private rows(parameters: readonly TableValues[], ratings: SparseBlock): [users: Rows, items: Rows] {
    return [
      rowsOf(parameters[0], column(ratings, 0, 0), this.width),
      rowsOf(parameters[1], column(ratings, 1, this.meta.users), this.width),
    ];
  }

  private errorAt(ratings: SparseBlock, users: Rows, items: Rows, row: number): number {
    const [user, item] = [users.offsets[row] as number, items.offsets[row] as number];
    const rating = ratings.values[2 * row] as number;
    return this.meta.mean + predictRating(users.values, user, items.values, item, this.width) - rating;
  }

  private addGradient(
    users: Rows,
    items: Rows,
    row: number,
    error: number,
    decay: number,
    forUsers: Float64Array,
    forItems: Float64Array,
  ): void {
    const [user, item] = [users.offsets[row] as number, items.offsets[row] as number];
    const { values: p } = users;
    const { values: q } = items;
    forUsers[user] = (forUsers[user] as number) + error + decay * (p[user] as number);
    forItems[item] = (forItems[item] as number) + error + decay * (q[item] as number);
    for (let at = 1; at < this.width; at++) {
      const [pAt, qAt] = [p[user + at] as number, q[item + at] as number];
      forUsers[user + at] = (forUsers[user + at] as number) + error * qAt + decay * pAt;
      forItems[item + at] = (forItems[item + at] as number) + error * pAt + decay * qAt;
    }
  }
}
