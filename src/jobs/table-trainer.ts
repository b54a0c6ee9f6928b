// A network on a table: trained as any network; asked about columns, rows and what-ifs by its panel.
import { z } from 'zod';
import type { Block, DatasetMeta, DenseBlock } from '../data/dataset.ts';
import { rowRange } from '../data/rows.ts';
import { decodeRow, encodeSample, inputOffsets } from '../data/table-encode.ts';
import { Random } from '../random.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Evaluation, Gradient, Prediction, ReadBlock, ReadRows, TableValues, Trainer } from './job.ts';

type TableMeta = Extract<DatasetMeta, { kind: 'tabular' }>;

/** Test rows that importances are measured on: their standard error is then about a percent. */
const IMPORTANCE_ROWS = 2_048;
/** Times each column is shuffled. */
const SHUFFLES = 3;
/** Fields of a form. */
const MAX_FIELDS = 10_000;

const requestSchema = z.discriminatedUnion('ask', [
  /** What a form for one sample must have. */
  z.strictObject({ ask: z.literal('columns') }),
  /** A row of the test data, as a form filled in. */
  z.strictObject({ ask: z.literal('example'), row: z.int().min(0) }),
  /** What the model says of a form. */
  z.strictObject({ ask: z.literal('predict'), fields: z.array(z.string().max(1_000)).max(MAX_FIELDS) }),
  z.strictObject({ ask: z.literal('importances') }),
]);

/** Columns as a form has them. */
export interface TableForm {
  readonly target: string;
  readonly columns: readonly {
    readonly name: string;
    /** What may be chosen; null for a number. */
    readonly values: readonly string[] | null;
  }[];
}

export interface TableExample {
  readonly fields: readonly string[];
  readonly target: string;
}

/** Classes with their probabilities, the likeliest first; or one number in the target's own unit. */
export type TablePrediction =
  | { readonly kind: 'classes'; readonly classes: readonly { readonly label: string; readonly probability: number }[] }
  | { readonly kind: 'number'; readonly value: number };

/** How much worse the score on test data gets when a column is shuffled: mean and standard deviation over the shuffles. */
export interface Importance {
  readonly name: string;
  readonly drop: number;
  readonly deviation: number;
}

export interface Importances {
  readonly rows: number;
  /** The score that it drops from: accuracy, or the share of variance explained. */
  readonly score: number;
  /** The most important first. */
  readonly columns: readonly Importance[];
}

export class TableTrainer implements Trainer {
  readonly device: string;

  constructor(
    private readonly network: Trainer,
    private readonly meta: TableMeta,
  ) {
    this.device = network.device;
  }

  keysOf(batch: Block): readonly (Uint32Array | null)[] {
    return this.network.keysOf(batch);
  }

  gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    return this.network.gradient(parameters, batch);
  }

  evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    return this.network.evaluate(parameters, batch);
  }

  predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    return this.network.predict(parameters, sample);
  }

  /** Answers the panel's questions. @throws ZodError for what is none */
  async look(
    request: unknown,
    read: ReadRows,
    block: ReadBlock,
  ): Promise<TableForm | TableExample | TablePrediction | Importances> {
    const question = requestSchema.parse(request);
    switch (question.ask) {
      case 'columns':
        return formOf(this.meta);
      case 'example':
        return this.example(question.row, block);
      case 'predict':
        return this.predictFields(question.fields, read);
      case 'importances':
        return this.importances(read, block);
      default:
        return question satisfies never;
    }
  }

  dispose(): void {
    this.network.dispose();
  }

  private async example(row: number, block: ReadBlock): Promise<TableExample> {
    const first = dense(await block('test', 0));
    return decodeRow(this.meta, first, row % first.count);
  }

  private async predictFields(fields: readonly string[], read: ReadRows): Promise<TablePrediction> {
    const { columns, target, features } = this.meta;
    const x = encodeSample(columns, fields, features);
    const sample: DenseBlock = { kind: 'dense', count: 1, features, x, y: new Uint32Array(1) };
    const { probabilities } = await this.network.predict(await read(this.keysOf(sample)), sample);
    if (target.kind === 'number')
      return { kind: 'number', value: target.mean + target.scale * (probabilities[0] ?? 0) };
    const classes = Array.from(probabilities, (probability, label) => ({
      label: target.labels[label] ?? '',
      probability,
    }));
    return { kind: 'classes', classes: classes.toSorted((a, b) => b.probability - a.probability) };
  }

  /**
   * Permutation importance (Breiman 2001, "Random forests", section 10): a column that the model needs makes it worse when
   * its values are dealt out to other rows. Fixed seed, so that only the parameters move the bars.
   */
  private async importances(read: ReadRows, block: ReadBlock): Promise<Importances> {
    const sample = await this.testRows(block);
    const parameters = await read(this.keysOf(sample));
    const scoreOf = async (rows: DenseBlock) => (await this.network.evaluate(parameters, rows)).score / rows.count;
    const score = await scoreOf(sample);
    const offsets = inputOffsets(this.meta.columns);
    const columns: Importance[] = [];
    for (const [index, { name }] of this.meta.columns.entries()) {
      const drops: number[] = [];
      for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
        const random = new Random(index * SHUFFLES + shuffle);
        const shuffled = shuffleColumn(sample, offsets[index] ?? 0, offsets[index + 1] ?? 0, random);
        drops.push(score - (await scoreOf(shuffled)));
      }
      columns.push({ name, ...momentsOf(drops) });
    }
    return { rows: sample.count, score, columns: columns.toSorted((a, b) => b.drop - a.drop) };
  }

  /** The first rows of the test split, IMPORTANCE_ROWS at most. */
  private async testRows(block: ReadBlock): Promise<DenseBlock> {
    const { features, samples } = this.meta;
    const wanted = Math.min(IMPORTANCE_ROWS, samples.test);
    const x = new Float32Array(wanted * features);
    const y = new Uint32Array(wanted);
    let count = 0;
    for (let index = 0; count < wanted; index++) {
      const next = dense(await block('test', index));
      const part = dense(rowRange(next, 0, Math.min(next.count, wanted - count)));
      x.set(part.x, count * features);
      y.set(part.y, count);
      count += part.count;
    }
    return { kind: 'dense', count, features, x, y };
  }
}

function formOf({ columns, target }: TableMeta): TableForm {
  return {
    target: target.name,
    columns: columns.map((column) => ({
      name: column.name,
      values: column.kind === 'category' ? column.values : null,
    })),
  };
}

/** A copy in which the values [start, end) of each row are another row's. */
export function shuffleColumn(block: DenseBlock, start: number, end: number, random: Random): DenseBlock {
  const order = Uint32Array.from({ length: block.count }, (_, row) => row);
  random.shuffle(order);
  const { features } = block;
  const shuffled = block.x.slice();
  for (let row = 0; row < block.count; row++) {
    const from = (order[row] as number) * features;
    shuffled.set(block.x.subarray(from + start, from + end), row * features + start);
  }
  return { ...block, x: shuffled };
}

function momentsOf(values: readonly number[]): { drop: number; deviation: number } {
  const drop = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - drop) ** 2, 0) / values.length;
  return { drop, deviation: Math.sqrt(variance) };
}

function dense(block: Block): DenseBlock {
  if (block.kind === 'dense') return block;
  throw new UnsuitableBlock('Tables are dense rows of values.');
}
