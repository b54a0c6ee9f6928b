// Digits by a dense multi-layer perceptron: every batch touches every key.
import { z } from 'zod';
import type { DatasetMeta } from '../data/dataset.ts';
import { digitsGenerator } from '../data/generators/digits.ts';
import { preloadJax } from './compute-device.ts';
import { layerTables } from './dense-layers.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { createMlpTrainer } from './mlp-trainer.ts';
import { mlpOnnx, onnxExport } from './onnx-networks.ts';

/** Bounds what a room's settings can make a tab allocate: 4,096² floats are 64 MiB. */
const MAX_HIDDEN = 4_096;
/** Two tables a layer, and the protocol allows 64. */
const MAX_LAYERS = 16;

const options = z.strictObject({
  /** Units of each hidden layer, from the input on. None makes it softmax regression. */
  hidden: z.array(z.number().int().min(1).max(MAX_HIDDEN)).max(MAX_LAYERS).default([256, 128]),
});

export type DigitsMlpOptions = z.infer<typeof options>;

/** Units of every layer, inputs and classes included. */
function layerSizes({ hidden }: DigitsMlpOptions, meta: DatasetMeta): number[] {
  if (meta.kind !== 'dense') throw new UnsuitableBlock('digits-mlp learns from images (idx), not from sparse data.');
  return [meta.features, ...hidden, meta.classes];
}

export const digitsMlp: Job<DigitsMlpOptions> = {
  name: 'digits-mlp',
  title: 'Handwritten digits',
  summary: 'A dense network (784-256-128-10 by default) learns to read digits drawn with a pen.',
  dataKind: 'dense',
  options,
  defaults: () => ({
    batch: 128,
    learningRate: 1e-3,
    updater: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    steps: 600,
  }),
  tables(options, meta) {
    const sizes = layerSizes(options, meta);
    return sizes.slice(1).flatMap((outputs, i) => layerTables(sizes[i] ?? 0, outputs, i + 1));
  },
  generate: (seed, samples) => digitsGenerator(seed, samples ?? undefined),
  preload: preloadJax,
  createTrainer: async (options, meta) => createMlpTrainer(layerSizes(options, meta)),
  exports: [
    onnxExport((options, meta, tables) =>
      mlpOnnx(layerSizes(options, meta), tables, { kind: 'classes' }, { name: 'digits-mlp', metadata: {} }),
    ),
  ],
};
