// Logistic regression over sparse keys: one table of weights, no bias. A batch pulls and pushes only its own keys.
import { z } from 'zod';
import type { Block, DatasetMeta, SparseBlock } from '../data/dataset.ts';
import { clickLogGenerator } from '../data/generators/click-log.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Evaluation, Gradient, Job, Prediction, TableValues, Trainer } from './job.ts';
import { KeyIndex, uniqueKeys } from './key-index.ts';

const options = z.strictObject({
  /** Weight of Σ|w| in the objective, in liblinear's units: the loss is summed over the training samples, not averaged. */
  l1: z.number().min(0).max(1e9).default(1),
  /** Weight of Σw²/2, in the same units. */
  l2: z.number().min(0).max(1e9).default(0),
});

/** Penalties of the objective Σᵢ log(1 + exp(−yᵢ·w·xᵢ)) + l1·‖w‖₁ + (l2/2)·‖w‖², y in ±1: liblinear's with C = 1/l1. */
export type SparseLogisticOptions = z.infer<typeof options>;

/** Positions in `values` of each of the batch's stored entries. */
function positionsOf(batch: SparseBlock, { keys }: TableValues): Uint32Array {
  if (keys === null) return batch.indices;
  const index = KeyIndex.of(keys);
  const positions = new Uint32Array(batch.indices.length);
  for (let i = 0; i < positions.length; i++) {
    const position = index.position(batch.indices[i] as number);
    if (position < 0) throw new UnsuitableBlock(`Key ${batch.indices[i]} of the batch is not among the parameters.`);
    positions[i] = position;
  }
  return positions;
}

/** w·x of each sample. */
function margins(batch: SparseBlock, weights: Float32Array, positions: Uint32Array): Float64Array {
  const result = new Float64Array(batch.count);
  for (let row = 0; row < batch.count; row++) {
    const end = batch.indptr[row + 1] as number;
    let margin = 0;
    for (let i = batch.indptr[row] as number; i < end; i++) {
      margin += (weights[positions[i] as number] as number) * (batch.values[i] as number);
    }
    result[row] = margin;
  }
  return result;
}

/** log(1 + exp(−m)) without overflow, m being the margin in favour of the true label. */
const logLoss = (m: number): number => (m > 0 ? Math.log1p(Math.exp(-m)) : Math.log1p(Math.exp(m)) - m);

/** −d logLoss / dm = 1 − P(true label), without cancellation where that is tiny. */
const shortfall = (m: number): number => 1 / (1 + Math.exp(m));

/** Gradient of the mean log loss with respect to the rows of `parameters`; summed in f64, rounded once. */
function lossGradient(parameters: TableValues, batch: SparseBlock): Gradient {
  const positions = positionsOf(batch, parameters);
  const margin = margins(batch, parameters.values, positions);
  const gradient = new Float64Array(parameters.values.length);
  let lossSum = 0;
  for (let row = 0; row < batch.count; row++) {
    const sign = batch.y[row] === 1 ? 1 : -1;
    const m = sign * (margin[row] as number);
    lossSum += logLoss(m);
    const factor = (-sign * shortfall(m)) / batch.count;
    const end = batch.indptr[row + 1] as number;
    for (let i = batch.indptr[row] as number; i < end; i++) {
      const position = positions[i] as number;
      gradient[position] = (gradient[position] as number) + factor * (batch.values[i] as number);
    }
  }
  return { lossSum, tables: [{ keys: parameters.keys, values: Float32Array.from(gradient) }] };
}

function evaluate(parameters: TableValues, batch: SparseBlock): Evaluation {
  const margin = margins(batch, parameters.values, positionsOf(batch, parameters));
  let lossSum = 0;
  let correct = 0;
  for (let row = 0; row < batch.count; row++) {
    const m = batch.y[row] === 1 ? (margin[row] as number) : -(margin[row] as number);
    lossSum += logLoss(m);
    // A tie is label 0, as in liblinear.
    if (m > 0 || (m === 0 && batch.y[row] === 0)) correct++;
  }
  return { samples: batch.count, lossSum, score: correct };
}

function sparse(block: Block): SparseBlock {
  if (block.kind !== 'sparse')
    throw new UnsuitableBlock('sparse-logistic learns from sparse data (libsvm), not images.');
  return block;
}

function weightsOf(parameters: readonly TableValues[]): TableValues {
  const [weights] = parameters;
  if (weights === undefined) throw new UnsuitableBlock('sparse-logistic has one table, and none was given.');
  return weights;
}

const trainer: Trainer = {
  device: 'JavaScript',
  keysOf: (batch) => [uniqueKeys(sparse(batch).indices)],
  async gradient(parameters, batch) {
    return lossGradient(weightsOf(parameters), sparse(batch));
  },
  async evaluate(parameters, batch) {
    return evaluate(weightsOf(parameters), sparse(batch));
  },
  async predict(parameters, sample): Promise<Prediction> {
    const weights = weightsOf(parameters);
    const [margin = 0] = margins(sparse(sample), weights.values, positionsOf(sparse(sample), weights));
    return { probabilities: Float32Array.of(shortfall(margin), shortfall(-margin)) };
  },
  dispose() {},
};

export const sparseLogistic: Job<SparseLogisticOptions> = {
  name: 'sparse-logistic',
  title: 'Click prediction (sparse)',
  summary: 'Logistic regression over many rare features; the server keeps most weights at exactly zero.',
  dataKind: 'sparse',
  options,
  figures({ l1, l2 }, _meta, [weights = new Float32Array()], train) {
    let [absolute, squared, nonZeros] = [0, 0, 0];
    for (const w of weights) {
      absolute += Math.abs(w);
      squared += w * w;
      if (w !== 0) nonZeros++;
    }
    return { objective: train.lossSum + l1 * absolute + (l2 / 2) * squared, nonZeros };
  },
  defaults: ({ l1, l2 }, meta: DatasetMeta) => ({
    batch: 512,
    learningRate: 0.3,
    updater: { kind: 'ftrl', beta: 0.03, l1: l1 / meta.samples.train, l2: l2 / meta.samples.train },
    steps: Math.ceil((10 * meta.samples.train) / 512),
  }),
  tables: (_options, meta) => [
    { name: 'w', keys: meta.features, width: 1, init: { kind: 'zeros' }, shape: [meta.features] },
  ],
  generate: (seed, samples) => clickLogGenerator(seed, samples ?? undefined),
  createTrainer: async () => trainer,
};
