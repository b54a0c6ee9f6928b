// Images by a small convolutional network: every batch touches every key.
import { z } from 'zod';
import type { DatasetMeta } from '../data/dataset.ts';
import { digitsGenerator } from '../data/generators/digits.ts';
import { type CnnShape, cnnTables } from './cnn-model.ts';
import { createCnnTrainer } from './cnn-trainer.ts';
import { preloadJax } from './compute-device.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { cnnOnnx, onnxExport } from './onnx-networks.ts';

/** Bounds what a room's settings can make a tab allocate, and the time that one step may take. */
const MAX_FILTERS = 128;
const MAX_HIDDEN = 2_048;

const options = z.strictObject({
  /** Channels of the 5×5 and of the 3×3 convolution. */
  filters: z
    .tuple([z.number().int().min(1).max(MAX_FILTERS), z.number().int().min(1).max(MAX_FILTERS)])
    .default([16, 32]),
  /** Units of the dense layer. */
  hidden: z.number().int().min(1).max(MAX_HIDDEN).default(128),
});

export type DigitsCnnOptions = z.infer<typeof options>;

function shapeOf({ filters, hidden }: DigitsCnnOptions, meta: DatasetMeta): CnnShape {
  if (meta.kind !== 'dense') throw new UnsuitableBlock('digits-cnn learns from images (idx), not from other data.');
  const [height, width, channels = 1] = meta.shape;
  if (height === undefined || width === undefined || meta.shape.length > 3) {
    throw new UnsuitableBlock(`digits-cnn learns from images, not from samples of shape ${meta.shape.join('×')}.`);
  }
  return { height, width, channels, classes: meta.classes, filters, hidden };
}

export const digitsCnn: Job<DigitsCnnOptions> = {
  name: 'digits-cnn',
  title: 'Handwritten digits (convolutions)',
  summary: 'A convolutional network (5×5×16, 3×3×32, 128) looks for strokes and bends wherever they are drawn.',
  dataKind: 'dense',
  options,
  defaults: () => ({
    batch: 64,
    learningRate: 1e-3,
    updater: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    steps: 600,
  }),
  tables: (options, meta) => cnnTables(shapeOf(options, meta)),
  generate: (seed, samples) => digitsGenerator(seed, samples ?? undefined),
  preload: preloadJax,
  createTrainer: async (options, meta) => createCnnTrainer(shapeOf(options, meta)),
  exports: [
    onnxExport((options, meta, tables) =>
      cnnOnnx(shapeOf(options, meta), tables, { name: 'digits-cnn', metadata: {} }),
    ),
  ],
};
