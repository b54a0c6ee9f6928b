// What trainers of dense networks on jax-js share: batches of dense samples in, softmax cross-entropy, scores of many samples in parts.
import type { Block, DenseBlock } from '../data/dataset.ts';
import { kernelRows, labelRows, paddedInputs, rowsOf } from './dense-batches.ts';
import { UnsuitableBlock } from './errors.ts';
import { computeInParts, floats, gradientTables, type Jax, type JaxArray, upload, uploadTables } from './jax.ts';
import type { Evaluation, Gradient, Prediction, TableValues, Trainer } from './job.ts';
import { probabilitiesOf, scoreLabels } from './softmax.ts';

export interface DenseNetwork {
  /** Of its tables. */
  readonly shapes: readonly (readonly number[])[];
  readonly inputs: number;
  /** Classes, or 1 for a number. */
  readonly outputs: number;
  /** Samples computed at once in an evaluation: bounds the activations held. */
  readonly rowsAtOnce: number;
  /** [rows, outputs] of x [rows, inputs]. Consumes what it is given, as all jax-js functions do. */
  scores(tensors: JaxArray[], x: JaxArray): JaxArray;
}

/**
 * Tells classes apart. Every call reads parameters, and a gradient its batch, before it returns its promise, keeps neither, and
 * answers with arrays that are the caller's to transfer.
 */
export class DenseTrainer implements Trainer {
  readonly device: string;
  readonly rowsAtOnce: number;
  private readonly kernels;

  constructor(
    private readonly jax: Jax,
    protected readonly network: DenseNetwork,
  ) {
    this.device = jax.defaultDevice();
    this.rowsAtOnce = network.rowsAtOnce;
    const { jit, valueAndGrad } = jax;
    const loss = (tensors: JaxArray[], x: JaxArray, y: JaxArray[]) => this.loss(network.scores(tensors, x), y);
    const step = (tensors: JaxArray[], x: JaxArray, y: JaxArray[]) => valueAndGrad(loss)(tensors, x, y);
    this.kernels = { step: jit(step), forward: jit(network.scores) };
  }

  keysOf(): null[] {
    return this.network.shapes.map(() => null);
  }

  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const block = this.dense(batch);
    const rows = kernelRows(block.count);
    const tensors = uploadTables(this.jax, this.network.shapes, parameters);
    const targets = this.targets(block, rows).map((values) => this.upload(values, rows));
    const [mean, gradients] = this.kernels.step(tensors, this.upload(this.inputs(block, rows), rows), targets);
    const [lossMean = Number.NaN] = await floats(mean);
    return { lossSum: lossMean * block.count, tables: await gradientTables(gradients) };
  }

  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const block = this.dense(batch);
    return this.judge(await this.scores(parameters, block), block);
  }

  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const scores = await this.scores(parameters, this.dense(sample));
    return { probabilities: this.answer(scores.subarray(0, this.network.outputs)) };
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  /** Values of a sample, its target among them where that is a number. */
  protected get features(): number {
    return this.network.inputs;
  }

  /** Samples [rows, inputs]; padding is zero. */
  protected inputs(block: DenseBlock, rows: number): Float32Array {
    return paddedInputs(block, rows);
  }

  /** What the loss is computed with, rows by anything; padding weighs nothing. */
  protected targets(block: DenseBlock, rows: number): Float32Array[] {
    return [labelRows(block, rows, this.network.outputs)];
  }

  /** The batch's mean. */
  protected loss(scores: JaxArray, [targets]: JaxArray[]): JaxArray {
    return this.jax.nn
      .logSoftmax(scores)
      .mul(targets as JaxArray)
      .sum()
      .neg();
  }

  protected judge(scores: Float32Array, { count, y }: DenseBlock): Evaluation {
    const { lossSum, correct } = scoreLabels(scores, y, this.network.outputs);
    return { samples: count, lossSum, score: correct };
  }

  protected answer(scores: Float32Array): Float32Array {
    return probabilitiesOf(scores);
  }

  /** Scores [count, outputs] of all samples. */
  private scores(parameters: readonly TableValues[], block: DenseBlock): Promise<Float32Array> {
    const { shapes, outputs, rowsAtOnce } = this.network;
    const size = { count: block.count, atOnce: rowsAtOnce, width: outputs };
    return computeInParts(uploadTables(this.jax, shapes, parameters), size, (owned, start, end) => {
      const rows = kernelRows(end - start);
      return this.kernels.forward(owned, this.upload(this.inputs(rowsOf(block, start, end), rows), rows));
    });
  }

  private upload(values: Float32Array, rows: number): JaxArray {
    return upload(this.jax, values, [rows, values.length / rows]);
  }

  private dense(block: Block): DenseBlock {
    const { features } = this;
    if (block.kind === 'dense' && block.features === features) return block;
    const found = block.kind === 'dense' ? `${block.features} values each` : 'sparse keys';
    throw new UnsuitableBlock(`This model learns from samples of ${features} values, not from ones with ${found}.`);
  }
}
