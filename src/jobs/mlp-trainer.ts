// A multi-layer perceptron on jax-js: ReLU layers, softmax cross-entropy or squared error.
import type { Block, DenseBlock } from '../data/dataset.ts';
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

/** Samples computed at once in an evaluation: bounds the activations held (512 × 256 floats is 512 KiB a layer). */
const EVALUATION_ROWS = 512;

/**
 * What the last layer is for. Classes: softmax, the score counts those told right. A number: squared error against the last
 * value of each sample, which is no input; the score is Σ 1 − e², of a target of variance 1 the share explained (R²).
 */
export type MlpOutput = 'classes' | 'number';

/**
 * Makes a trainer for layers of `sizes` [inputs, hidden …, classes], or 1 at the end for a number. Its tables alternate weights [inputs, outputs],
 * row-major, and biases [outputs]. Every call reads parameters, and a gradient its batch, before it returns its promise, keeps neither, and
 * answers with arrays that are the caller's to transfer.
 */
export async function createMlpTrainer(sizes: readonly number[], output: MlpOutput = 'classes'): Promise<Trainer> {
  return new MlpTrainer(await loadJax(), sizes, output);
}

class MlpTrainer implements Trainer {
  readonly device: string;
  private readonly shapes: readonly (readonly number[])[];
  private readonly kernels: ReturnType<typeof compile>;

  constructor(
    private readonly jax: Jax,
    private readonly sizes: readonly number[],
    private readonly output: MlpOutput,
  ) {
    this.device = jax.defaultDevice();
    this.shapes = sizes.slice(1).flatMap((outputs, layer) => [[sizes[layer] ?? 0, outputs], [outputs]]);
    this.kernels = compile(jax, output);
  }

  keysOf(): null[] {
    return this.shapes.map(() => null);
  }

  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const block = this.dense(batch);
    const rows = kernelRows(block.count);
    const tensors = uploadTables(this.jax, this.shapes, parameters);
    const [mean, gradients] = this.kernels.step(tensors, this.inputs(block, rows), this.targets(block, rows));
    const [lossMean = Number.NaN] = await floats(mean);
    return { lossSum: lossMean * block.count, tables: await gradientTables(gradients) };
  }

  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const block = this.dense(batch);
    const scores = await this.scores(parameters, block);
    if (this.output === 'number') return evaluateNumbers(scores, block);
    const { lossSum, correct } = scoreLabels(scores, block.y, this.classes);
    return { samples: block.count, lossSum, score: correct };
  }

  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const scores = (await this.scores(parameters, this.dense(sample))).subarray(0, this.classes);
    // A number is answered as it is, in the place of probabilities.
    return { probabilities: this.output === 'number' ? scores.slice() : probabilitiesOf(scores) };
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  private get classes(): number {
    return this.sizes.at(-1) ?? 0;
  }

  /** Scores [count, classes] of all samples. */
  private scores(parameters: readonly TableValues[], block: DenseBlock): Promise<Float32Array> {
    const tensors = uploadTables(this.jax, this.shapes, parameters);
    const size = { count: block.count, atOnce: EVALUATION_ROWS, width: this.classes };
    return computeInParts(tensors, size, (owned, start, end) =>
      this.kernels.forward(owned, this.inputs(rowsOf(block, start, end), kernelRows(end - start))),
    );
  }

  /** Samples [rows, inputs]; padding is zero. */
  private inputs(block: DenseBlock, rows: number): JaxArray {
    const [inputs = 0] = this.sizes;
    const { x, count, features } = block;
    const values = inputs < features ? withoutLast(x, count, features, rows) : paddedInputs(block, rows);
    return upload(this.jax, values, [rows, inputs]);
  }

  /** Labels as weighed rows. Numbers as they are, and 1/count for each; padding weighs nothing. */
  private targets(block: DenseBlock, rows: number): JaxArray[] {
    if (this.output === 'classes')
      return [upload(this.jax, labelRows(block, rows, this.classes), [rows, this.classes])];
    const { x, count, features } = block;
    const numbers = Float32Array.from({ length: rows }, (_, row) => x[(row + 1) * features - 1] ?? 0);
    const weights = new Float32Array(rows).fill(1 / count, 0, count);
    return [upload(this.jax, numbers, [rows, 1]), upload(this.jax, weights, [rows, 1])];
  }

  private dense(block: Block): DenseBlock {
    const [inputs = 0] = this.sizes;
    const features = this.output === 'number' ? inputs + 1 : inputs;
    if (block.kind === 'dense' && block.features === features) return block;
    const found = block.kind === 'dense' ? `${block.features} values each` : 'sparse keys';
    throw new UnsuitableBlock(`This model learns from samples of ${features} values, not from ones with ${found}.`);
  }
}

/** jax-js functions consume their arguments: each array below is used exactly once. */
function compile({ numpy, nn, jit, valueAndGrad }: Jax, output: MlpOutput) {
  const logits = (tensors: JaxArray[], x: JaxArray): JaxArray => {
    let activations = x;
    for (let table = 0; table < tensors.length; table += 2) {
      const [weights, biases] = tensors.slice(table, table + 2) as [JaxArray, JaxArray];
      activations = numpy.dot(table === 0 ? activations : nn.relu(activations), weights).add(biases);
    }
    return activations;
  };
  const crossEntropy = (tensors: JaxArray[], x: JaxArray, [y]: JaxArray[]): JaxArray =>
    nn
      .logSoftmax(logits(tensors, x))
      .mul(y as JaxArray)
      .sum()
      .neg();
  const squaredError = (tensors: JaxArray[], x: JaxArray, [y, weights]: JaxArray[]): JaxArray => {
    const errors = logits(tensors, x).sub(y as JaxArray);
    return errors.ref
      .mul(errors)
      .mul(weights as JaxArray)
      .sum();
  };
  const loss = output === 'number' ? squaredError : crossEntropy;
  const step = (tensors: JaxArray[], x: JaxArray, y: JaxArray[]) => valueAndGrad(loss)(tensors, x, y);
  return { step: jit(step), forward: jit(logits) };
}

/** A target's own column taken away, and rows of zeros put below. */
function withoutLast(x: DenseBlock['x'], count: number, features: number, rows: number): Float32Array {
  const inputs = new Float32Array(rows * (features - 1));
  for (let row = 0; row < count; row++) {
    inputs.set(x.subarray(row * features, (row + 1) * features - 1), row * (features - 1));
  }
  return inputs;
}

function evaluateNumbers(predicted: Float32Array, { x, count, features }: DenseBlock): Evaluation {
  let lossSum = 0;
  for (let row = 0; row < count; row++) {
    const error = (predicted[row] as number) - (x[(row + 1) * features - 1] as number);
    lossSum += error * error;
  }
  return { samples: count, lossSum, score: count - lossSum };
}
