// A multi-layer perceptron on jax-js: ReLU layers, softmax cross-entropy or squared error. The library is loaded when a trainer is made, so
// that pages and shard workers, which only need the job's description, never fetch it.
import type { Array as JaxArray } from '@jax-js/jax';
import type { Block, DenseBlock } from '../data/dataset.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Evaluation, Gradient, Prediction, TableValues, Trainer } from './job.ts';

type Jax = typeof import('@jax-js/jax');

/** Samples computed at once in an evaluation: bounds the activations held (512 × 256 floats is 512 KiB a layer). */
const EVALUATION_ROWS = 512;

/**
 * Rows of the kernel that computes `count` samples: the next multiple of an eighth of the power of two below it, so at
 * most 12.5 % are padding. jax-js compiles per shape (about 60 ms) and never forgets one; shares that differ by one sample
 * (42 and 43) use the same kernel, and there are 8 for each doubling. It depends on `count` alone, so results do too.
 */
export function kernelRows(count: number): number {
  const grain = 2 ** Math.max(0, Math.floor(Math.log2(count)) - 3);
  return Math.ceil(count / grain) * grain;
}

/**
 * What the last layer is for. Classes: softmax, the score counts those told right. A number: squared error against the last
 * value of each sample, which is no input; the score is Σ 1 − e², of a target of variance 1 the share explained (R²).
 */
export type MlpOutput = 'classes' | 'number';

/**
 * Makes a trainer for layers of `sizes` [inputs, hidden …, classes], or 1 at the end for a number. Its tables alternate weights [inputs, outputs],
 * row-major, and biases [outputs]. Every call reads parameters and batch before it returns its promise, keeps neither, and
 * answers with arrays that are the caller's to transfer.
 */
export async function createMlpTrainer(sizes: readonly number[], output: MlpOutput = 'classes'): Promise<Trainer> {
  return new MlpTrainer(await import('@jax-js/jax'), sizes, output);
}

class MlpTrainer implements Trainer {
  readonly device: string;
  private readonly jax: Jax;
  private readonly sizes: readonly number[];
  private readonly output: MlpOutput;
  private readonly kernels: ReturnType<typeof compile>;

  constructor(jax: Jax, sizes: readonly number[], output: MlpOutput) {
    this.jax = jax;
    this.sizes = sizes;
    this.output = output;
    this.device = jax.defaultDevice();
    this.kernels = compile(jax, output);
  }

  keysOf(): null[] {
    return Array.from({ length: 2 * (this.sizes.length - 1) }, () => null);
  }

  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const block = this.dense(batch);
    const rows = kernelRows(block.count);
    const [mean, gradients] = this.kernels.step(
      this.tensors(parameters),
      this.inputs(block, rows),
      this.targets(block, rows),
    );
    const [lossMean = Number.NaN] = await mean.data();
    const tables: TableValues[] = [];
    for (const gradient of gradients) tables.push({ keys: null, values: await floats(gradient) });
    return { lossSum: lossMean * block.count, tables };
  }

  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const block = this.dense(batch);
    const { y, count } = block;
    const classes = this.sizes.at(-1) ?? 0;
    const logits = await this.logits(parameters, block);
    if (this.output === 'number') return evaluateNumbers(logits, block);
    let lossSum = 0;
    let correct = 0;
    for (let row = 0; row < count; row++) {
      const scores = logits.subarray(row * classes, (row + 1) * classes);
      const label = y[row] as number;
      lossSum += logSumExp(scores) - (scores[label] as number);
      if (indexOfMax(scores) === label) correct++;
    }
    return { samples: count, lossSum, score: correct };
  }

  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const scores = (await this.logits(parameters, this.dense(sample))).subarray(0, this.sizes.at(-1));
    // A number is answered as it is, in the place of probabilities.
    if (this.output === 'number') return { probabilities: scores.slice() };
    const total = logSumExp(scores);
    return { probabilities: scores.map((score) => Math.exp(score - total)) };
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  /** Scores [count, classes] of all samples, EVALUATION_ROWS at a time. */
  private async logits(parameters: readonly TableValues[], block: DenseBlock): Promise<Float32Array> {
    const classes = this.sizes.at(-1) ?? 0;
    const scores = new Float32Array(block.count * classes);
    const tensors = this.tensors(parameters);
    const chunks: [start: number, end: number, output: JaxArray][] = [];
    for (let start = 0; start < block.count; start += EVALUATION_ROWS) {
      const end = Math.min(start + EVALUATION_ROWS, block.count);
      const x = this.inputs(rowsOf(block, start, end), kernelRows(end - start));
      chunks.push([
        start,
        end,
        this.kernels.forward(
          tensors.map((tensor) => tensor.ref),
          x,
        ),
      ]);
    }
    for (const tensor of tensors) tensor.dispose();
    for (const [start, end, output] of chunks) {
      scores.set((await floats(output)).subarray(0, (end - start) * classes), start * classes);
    }
    return scores;
  }

  /** The parameters on the device, each as jax-js wants it. */
  private tensors(parameters: readonly TableValues[]): JaxArray[] {
    return parameters.map(({ values }, table) => {
      const outputs = this.sizes[(table >> 1) + 1] ?? 0;
      const shape = table % 2 === 0 ? [this.sizes[table >> 1] ?? 0, outputs] : [outputs];
      return this.upload(values, shape);
    });
  }

  /** Samples [rows, inputs], u8 values in [0, 1]; padding is zero. */
  private inputs({ x, count, features }: DenseBlock, rows: number): JaxArray {
    const [inputs = 0] = this.sizes;
    if (inputs < features) return this.upload(withoutLast(x, count, features, rows), [rows, inputs]);
    if (x instanceof Float32Array && rows === count) return this.upload(x, [rows, features]);
    const padded = new Float32Array(rows * features);
    if (x instanceof Float32Array) padded.set(x);
    else for (let i = 0; i < x.length; i++) padded[i] = (x[i] as number) / 255;
    return this.upload(padded, [rows, features]);
  }

  /**
   * Labels as rows of 1/count at the label: what the log-probabilities are weighed with. Numbers as they are, and 1/count
   * for each. Padding weighs nothing.
   */
  private targets({ x, y, count, features }: DenseBlock, rows: number): JaxArray[] {
    if (this.output === 'number') {
      const numbers = Float32Array.from({ length: rows }, (_, row) => x[(row + 1) * features - 1] ?? 0);
      const weights = new Float32Array(rows).fill(1 / count, 0, count);
      return [this.upload(numbers, [rows, 1]), this.upload(weights, [rows, 1])];
    }
    const classes = this.sizes.at(-1) ?? 0;
    const targets = new Float32Array(rows * classes);
    for (let row = 0; row < count; row++) targets[row * classes + (y[row] as number)] = 1 / count;
    return [this.upload(targets, [rows, classes])];
  }

  /** Copies at once: the caller may transfer or reuse its array. */
  private upload(values: Float32Array, shape: number[]): JaxArray {
    return this.jax.numpy.array(values as Float32Array<ArrayBuffer>, { shape });
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

async function floats(array: JaxArray): Promise<Float32Array> {
  const data = await array.data();
  if (data instanceof Float32Array) return data;
  throw new TypeError(`jax-js answered with ${data.constructor.name} where floats were asked for.`);
}

function rowsOf(block: DenseBlock, start: number, end: number): DenseBlock {
  const { kind, features, x, y } = block;
  return {
    kind,
    count: end - start,
    features,
    x: x.subarray(start * features, end * features),
    y: y.subarray(start, end),
  };
}

function indexOfMax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

/** log Σ exp(score), without overflow. */
function logSumExp(scores: Float32Array): number {
  const top = scores[indexOfMax(scores)] as number;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - top);
  return top + Math.log(sum);
}
