// Trains the network of cnn-model.ts on images: softmax cross-entropy, on jax-js.
import type { Block, DenseBlock } from '../data/dataset.ts';
import { type CnnShape, cnnScores, cnnTables } from './cnn-model.ts';
import { kernelRows, labelRows, paddedInputs, rowsOf } from './dense-batches.ts';
import { UnsuitableBlock } from './errors.ts';
import {
  computeInParts,
  floats,
  gradientTables,
  type Jax,
  type JaxArray,
  loadJax,
  upload,
  uploadTables,
} from './jax.ts';
import type { Evaluation, Gradient, Prediction, TableValues, Trainer } from './job.ts';
import { probabilitiesOf, scoreLabels } from './softmax.ts';

/** Images computed at once in an evaluation: bounds the patches held (128 of 28×28 are 7 MiB in the first convolution). */
const EVALUATION_ROWS = 128;

/**
 * A trainer for images of one shape. Every call reads parameters, and a gradient its batch, before it returns its promise, keeps neither,
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
    const scores = await this.scores(parameters, block);
    const { lossSum, correct } = scoreLabels(scores, block.y, this.shape.classes);
    return { samples: block.count, lossSum, score: correct };
  }

  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const scores = (await this.scores(parameters, this.images(sample))).subarray(0, this.shape.classes);
    return { probabilities: probabilitiesOf(scores) };
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  /** Scores [count, classes] of all images. */
  private scores(parameters: readonly TableValues[], block: DenseBlock): Promise<Float32Array> {
    const tensors = uploadTables(this.jax, this.tables, parameters);
    const size = { count: block.count, atOnce: EVALUATION_ROWS, width: this.shape.classes };
    return computeInParts(tensors, size, (owned, start, end) =>
      this.kernels.forward(owned, this.inputs(rowsOf(block, start, end), kernelRows(end - start))),
    );
  }

  private inputs(block: DenseBlock, rows: number): JaxArray {
    return upload(this.jax, paddedInputs(block, rows), [rows, this.features]);
  }

  private targets(block: DenseBlock, rows: number): JaxArray {
    const { classes } = this.shape;
    return upload(this.jax, labelRows(block, rows, classes), [rows, classes]);
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
