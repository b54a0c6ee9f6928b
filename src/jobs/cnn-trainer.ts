// Trains the network of cnn-model.ts on images: softmax cross-entropy, on jax-js.
import type { Block, DenseBlock } from '../data/dataset.ts';
import { type CnnShape, cnnScores, cnnTables } from './cnn-model.ts';
import { UnsuitableBlock } from './errors.ts';
import { floats, gradientTables, type Jax, type JaxArray, loadJax, upload, uploadTables } from './jax.ts';
import type { Evaluation, Gradient, Prediction, TableValues, Trainer } from './job.ts';
import { kernelRows } from './mlp-trainer.ts';
import { indexOfMax, logSumExp } from './softmax.ts';

/** Images computed at once in an evaluation: bounds the patches held (128 of 28×28 are 7 MiB in the first convolution). */
const EVALUATION_ROWS = 128;

/**
 * A trainer for images of one shape. Every call reads parameters and batch before it returns its promise, keeps neither,
 * and answers with arrays that are the caller's to transfer.
 */
export async function createCnnTrainer(shape: CnnShape): Promise<Trainer> {
  return new CnnTrainer(await loadJax(), shape);
}

class CnnTrainer implements Trainer {
  readonly device: string;
  private readonly tables: readonly (readonly number[])[];
  private readonly features: number;
  private readonly kernels: ReturnType<typeof compile>;

  constructor(
    private readonly jax: Jax,
    private readonly shape: CnnShape,
  ) {
    this.device = jax.defaultDevice();
    this.tables = cnnTables(shape).map((table) => table.shape);
    this.features = shape.height * shape.width * shape.channels;
    this.kernels = compile(jax, shape);
  }

  keysOf(): null[] {
    return this.tables.map(() => null);
  }

  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const block = this.images(batch);
    const rows = kernelRows(block.count);
    const tensors = uploadTables(this.jax, this.tables, parameters);
    const [mean, gradients] = this.kernels.step(tensors, this.inputs(block, rows), this.targets(block, rows));
    const [lossMean = Number.NaN] = await floats(mean);
    return { lossSum: lossMean * block.count, tables: await gradientTables(gradients) };
  }

  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const block = this.images(batch);
    const { classes } = this.shape;
    const all = await this.scores(parameters, block);
    let lossSum = 0;
    let score = 0;
    for (let row = 0; row < block.count; row++) {
      const scores = all.subarray(row * classes, (row + 1) * classes);
      const label = block.y[row] as number;
      lossSum += logSumExp(scores) - (scores[label] as number);
      if (indexOfMax(scores) === label) score++;
    }
    return { samples: block.count, lossSum, score };
  }

  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const scores = (await this.scores(parameters, this.images(sample))).subarray(0, this.shape.classes);
    const total = logSumExp(scores);
    return { probabilities: scores.map((score) => Math.exp(score - total)) };
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  /** Scores [count, classes] of all images, EVALUATION_ROWS at a time. */
  private async scores(parameters: readonly TableValues[], block: DenseBlock): Promise<Float32Array> {
    const { classes } = this.shape;
    const tensors = uploadTables(this.jax, this.tables, parameters);
    const parts: JaxArray[] = [];
    for (let start = 0; start < block.count; start += EVALUATION_ROWS) {
      const part = rowsOf(block, start, Math.min(start + EVALUATION_ROWS, block.count));
      const owned = tensors.map((tensor) => tensor.ref);
      parts.push(this.kernels.forward(owned, this.inputs(part, kernelRows(part.count))));
    }
    for (const tensor of tensors) tensor.dispose();
    const all = new Float32Array(block.count * classes);
    for (const [index, part] of parts.entries()) {
      const at = index * EVALUATION_ROWS * classes;
      all.set((await floats(part)).subarray(0, all.length - at), at);
    }
    return all;
  }

  /** Images [rows, features] in [0, 1]; padding is zero. */
  private inputs({ x, count }: DenseBlock, rows: number): JaxArray {
    if (x instanceof Float32Array && rows === count) return upload(this.jax, x, [rows, this.features]);
    const padded = new Float32Array(rows * this.features);
    if (x instanceof Float32Array) padded.set(x);
    else for (let i = 0; i < x.length; i++) padded[i] = (x[i] as number) / 255;
    return upload(this.jax, padded, [rows, this.features]);
  }

  /** Labels as rows of 1/count at the label: what the log-probabilities are weighed with. Padding weighs nothing. */
  private targets({ y, count }: DenseBlock, rows: number): JaxArray {
    const { classes } = this.shape;
    const targets = new Float32Array(rows * classes);
    for (let row = 0; row < count; row++) targets[row * classes + (y[row] as number)] = 1 / count;
    return upload(this.jax, targets, [rows, classes]);
  }

  private images(block: Block): DenseBlock {
    if (block.kind === 'dense' && block.features === this.features) return block;
    const found = block.kind === 'dense' ? `${block.features} values each` : 'sparse keys';
    throw new UnsuitableBlock(`This model learns from images of ${this.features} values, not from ones with ${found}.`);
  }
}

function compile(jax: Jax, shape: CnnShape) {
  const { nn, jit, valueAndGrad } = jax;
  const scores = cnnScores(jax, shape);
  const loss = (tensors: JaxArray[], x: JaxArray, targets: JaxArray): JaxArray =>
    nn.logSoftmax(scores(tensors, x)).mul(targets).sum().neg();
  const step = (tensors: JaxArray[], x: JaxArray, targets: JaxArray) => valueAndGrad(loss)(tensors, x, targets);
  return { step: jit(step), forward: jit(scores) };
}

function rowsOf({ features, x, y }: DenseBlock, start: number, end: number): DenseBlock {
  const rows = x.subarray(start * features, end * features);
  return { kind: 'dense', count: end - start, features, x: rows, y: y.subarray(start, end) };
}
