// A multi-layer perceptron on jax-js: ReLU layers, softmax cross-entropy or squared error.
import type { DenseBlock } from '../data/dataset.ts';
import { DenseTrainer } from './dense-trainer.ts';
import { type Jax, type JaxArray, loadJax } from './jax.ts';
import type { Evaluation, Trainer } from './job.ts';

/** Samples computed at once in an evaluation: bounds the activations held (512 × 256 floats is 512 KiB a layer). */
const EVALUATION_ROWS = 512;

/**
 * What the last layer is for. Classes: softmax, the score counts those told right. A number: squared error against the last
 * value of each sample, which is no input; the score is Σ 1 − e², of a target of variance 1 the share explained (R²).
 */
export type MlpOutput = 'classes' | 'number';

/**
 * Makes a trainer for layers of `sizes` [inputs, hidden …, classes], or 1 at the end for a number. Its tables alternate
 * weights [inputs, outputs], row-major, and biases [outputs].
 */
export async function createMlpTrainer(sizes: readonly number[], output: MlpOutput = 'classes'): Promise<Trainer> {
  const jax = await loadJax();
  const network = {
    shapes: sizes.slice(1).flatMap((outputs, layer) => [[sizes[layer] ?? 0, outputs], [outputs]]),
    inputs: sizes[0] ?? 0,
    outputs: sizes.at(-1) ?? 0,
    rowsAtOnce: EVALUATION_ROWS,
    scores: layers(jax),
  };
  return output === 'classes' ? new DenseTrainer(jax, network) : new NumberTrainer(jax, network);
}

/** jax-js functions consume their arguments: each array below is used exactly once. */
const layers =
  ({ numpy, nn }: Jax) =>
  (tensors: JaxArray[], x: JaxArray): JaxArray => {
    let activations = x;
    for (let table = 0; table < tensors.length; table += 2) {
      const [weights, biases] = tensors.slice(table, table + 2) as [JaxArray, JaxArray];
      activations = numpy.dot(table === 0 ? activations : nn.relu(activations), weights).add(biases);
    }
    return activations;
  };

/** The last value of each sample is what is to be told. */
class NumberTrainer extends DenseTrainer {
  protected override get features(): number {
    return this.network.inputs + 1;
  }

  /** The target's own column taken away, and rows of zeros put below. */
  protected override inputs({ x, count, features }: DenseBlock, rows: number): Float32Array {
    const inputs = new Float32Array(rows * (features - 1));
    for (let row = 0; row < count; row++) {
      inputs.set(x.subarray(row * features, (row + 1) * features - 1), row * (features - 1));
    }
    return inputs;
  }

  /** The numbers, and 1/count for each. */
  protected override targets({ x, count, features }: DenseBlock, rows: number): Float32Array[] {
    const numbers = Float32Array.from({ length: rows }, (_, row) => x[(row + 1) * features - 1] ?? 0);
    return [numbers, new Float32Array(rows).fill(1 / count, 0, count)];
  }

  protected override loss(scores: JaxArray, [y, weights]: JaxArray[]): JaxArray {
    const errors = scores.sub(y as JaxArray);
    return errors.ref
      .mul(errors)
      .mul(weights as JaxArray)
      .sum();
  }

  protected override judge(predicted: Float32Array, { x, count, features }: DenseBlock): Evaluation {
    let lossSum = 0;
    for (let row = 0; row < count; row++) {
      const error = (predicted[row] as number) - (x[(row + 1) * features - 1] as number);
      lossSum += error * error;
    }
    return { samples: count, lossSum, score: count - lossSum };
  }

  /** A number is answered as it is, in the place of probabilities. */
  protected override answer(scores: Float32Array): Float32Array {
    return scores.slice();
  }
}
