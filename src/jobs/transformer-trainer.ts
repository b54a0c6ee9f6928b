// Trains the transformer of transformer-model.ts on windows of text: cross-entropy of the next character, on jax-js.
import type { Block, DenseBlock } from '../data/dataset.ts';
import { kernelRows } from './dense-batches.ts';
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
import type { Evaluation, Gradient, Prediction, ReadRows, TableValues, Trainer } from './job.ts';
import { indexOfMax, logSumExp, probabilitiesOf } from './softmax.ts';
import { generateText } from './text-look.ts';
import { cutWindows, shiftsOf, type Windows, weightedRows } from './text-windows.ts';
import { causalMask, type TransformerShape, transformerScores, transformerTables } from './transformer-model.ts';

/** Windows computed at once in an evaluation: bounds the activations held (16 × 64 places × 512 floats are 2 MiB a layer). */
const EVALUATION_WINDOWS = 16;

/** What counts as right in a text. */
export interface TextTask {
  /** The vocabulary's characters, in the order of their numbers. */
  readonly characters: readonly string[];
  /** What stands between a question and its answer on a line: then the score is answers right. Null: characters right. */
  readonly answersAfter: string | null;
}

/**
 * A trainer for one vocabulary. A sample is a window: its loss is the mean over its places, its score the fraction of its
 * characters, or answers, told right. Every call reads parameters, and a gradient its batch, before it returns its promise.
 */
export async function createTransformerTrainer(shape: TransformerShape, task: TextTask): Promise<Trainer> {
  return new TransformerTrainer(await loadJax(), shape, task);
}

class TransformerTrainer implements Trainer {
  readonly device: string;
  readonly rowsAtOnce = EVALUATION_WINDOWS;
  private readonly tables: readonly (readonly number[])[];
  private readonly mask: Float32Array;
  private readonly kernels: ReturnType<typeof compile>;

  constructor(
    private readonly jax: Jax,
    private readonly shape: TransformerShape,
    private readonly task: TextTask,
  ) {
    this.device = jax.defaultDevice();
    this.tables = transformerTables(shape).map((table) => table.shape);
    this.mask = causalMask(shape.context);
    this.kernels = compile(jax, shape);
  }

  keysOf(): null[] {
    return this.tables.map(() => null);
  }

  async gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    const { context } = this.shape;
    const block = this.text(batch);
    const windows = cutWindows(block, context, shiftsOf(block, context));
    const rows = kernelRows(windows.count);
    const tensors = uploadTables(this.jax, this.tables, parameters);
    const targets = this.matrix(windows.targets, rows, 1 / (windows.count * context));
    const [mean, gradients] = this.kernels.step(tensors, this.matrix(windows.inputs, rows, 1), this.future(), targets);
    const [lossMean = Number.NaN] = await floats(mean);
    return { lossSum: lossMean * windows.count, tables: await gradientTables(gradients) };
  }

  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const { context, vocabulary } = this.shape;
    const windows = cutWindows(this.text(batch), context, () => 0);
    const all = await this.scores(parameters, windows.inputs, windows.count);
    const best = new Uint8Array(windows.targets.length);
    let lossSum = 0;
    for (let at = 0; at < best.length; at++) {
      const scores = all.subarray(at * vocabulary, (at + 1) * vocabulary);
      lossSum += (logSumExp(scores) - (scores[windows.targets[at] as number] as number)) / context;
      best[at] = indexOfMax(scores);
    }
    return { samples: windows.count, lossSum, score: this.score(windows, best) };
  }

  /** Probabilities of what follows the first window of `sample`. */
  async predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    const { context, vocabulary } = this.shape;
    const { inputs } = cutWindows(this.text(sample), context, () => 0);
    const scores = (await this.scores(parameters, inputs.subarray(0, context), 1)).slice(-vocabulary);
    return { probabilities: probabilitiesOf(scores) };
  }

  /** Text that goes on from a prompt, character by character. @see generateText */
  async look(request: unknown, read: ReadRows): Promise<unknown> {
    const parameters = await read(this.keysOf());
    const { context, vocabulary } = this.shape;
    return generateText(request, this.task.characters, context, async (window, length) => {
      const scores = await this.scores(parameters, window, 1);
      return scores.subarray((length - 1) * vocabulary, length * vocabulary);
    });
  }

  dispose(): void {
    this.kernels.step.dispose();
    this.kernels.forward.dispose();
  }

  /** Scores [count × context, vocabulary]. */
  private scores(parameters: readonly TableValues[], inputs: Uint8Array, count: number): Promise<Float32Array> {
    const { context, vocabulary } = this.shape;
    const tensors = uploadTables(this.jax, this.tables, parameters);
    const size = { count, atOnce: EVALUATION_WINDOWS, width: context * vocabulary };
    return computeInParts(tensors, size, (owned, start, end) => {
      const characters = this.matrix(inputs.subarray(start * context, end * context), kernelRows(end - start), 1);
      return this.kernels.forward(owned, characters, this.future());
    });
  }

  /** Sum over windows of the fraction told right. */
  private score(windows: Windows, best: Uint8Array): number {
    const { context } = this.shape;
    const mark = this.task.answersAfter;
    if (mark === null) {
      return best.reduce((sum, character, at) => sum + Number(character === windows.targets[at]), 0) / context;
    }
    const [start, end] = [this.task.characters.indexOf(mark), this.task.characters.indexOf('\n')];
    let score = 0;
    for (let row = 0; row < windows.count; row++) {
      const window = (all: Uint8Array) => all.subarray(row * context, (row + 1) * context);
      score += fractionAnswered(window(windows.targets), window(best), start, end);
    }
    return score;
  }

  private matrix(characters: Uint8Array, windows: number, weight: number): JaxArray {
    const { context, vocabulary } = this.shape;
    const rows = windows * context;
    return upload(this.jax, weightedRows(characters, rows, vocabulary, weight), [rows, vocabulary]);
  }

  private future(): JaxArray {
    return upload(this.jax, this.mask, [this.shape.context, this.shape.context]);
  }

  private text(block: Block): DenseBlock {
    const { context } = this.shape;
    if (block.kind === 'dense' && block.features > context) return block;
    const found = block.kind === 'dense' ? `${block.features} characters` : 'sparse keys';
    throw new UnsuitableBlock(
      `This model learns from text in rows of more than ${context} characters, not of ${found}.`,
    );
  }
}

/**
 * Answers told right as a whole, of those that are complete in the window. An answer stands between `start` and `end`; as every
 * character is told from the right ones before it, all of them right is what writing it greedily would give.
 */
export function fractionAnswered(targets: Uint8Array, best: Uint8Array, start: number, end: number): number {
  let [answers, right] = [0, 0];
  let isInside = false;
  let isRight = true;
  for (let at = 0; at < targets.length; at++) {
    if (isInside && targets[at] !== best[at]) isRight = false;
    if (isInside && targets[at] === end) {
      answers++;
      if (isRight) right++;
      isInside = false;
    }
    if (targets[at] === start) [isInside, isRight] = [true, true];
  }
  return answers === 0 ? 0 : right / answers;
}

function compile(jax: Jax, shape: TransformerShape) {
  const { nn, jit, valueAndGrad } = jax;
  const scores = transformerScores(jax, shape);
  const loss = (tensors: JaxArray[], characters: JaxArray, mask: JaxArray, targets: JaxArray): JaxArray =>
    nn
      .logSoftmax(scores(tensors, characters, mask))
      .mul(targets)
      .sum()
      .neg();
  const step = (tensors: JaxArray[], characters: JaxArray, mask: JaxArray, targets: JaxArray) =>
    valueAndGrad(loss)(tensors, characters, mask, targets);
  return { step: jit(step), forward: jit(scores) };
}
