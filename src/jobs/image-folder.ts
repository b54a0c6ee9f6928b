// Pictures in folders, one folder for each class: the convolutional network of digits-cnn, made to their size, colours and
// classes, and trained on mirrored and shifted copies.
import { z } from 'zod';
import type { Block, DatasetMeta, DenseBlock } from '../data/dataset.ts';
import { shapesGenerator } from '../data/generators/shapes.ts';
import { type CnnShape, cnnTables } from './cnn-model.ts';
import { createCnnTrainer } from './cnn-trainer.ts';
import { preloadJax } from './compute-device.ts';
import { UnsuitableBlock } from './errors.ts';
import { type Augmentation, augment } from './image-folder/augment.ts';
import type { Evaluation, Gradient, Job, Prediction, TableValues, Trainer } from './job.ts';
import { cnnOnnx, onnxExport } from './onnx-networks.ts';

/** Bounds what a room's settings can make a tab allocate, and the time that one step may take. */
const MAX_FILTERS = 128;
const MAX_HIDDEN = 2_048;
/** Pixels: more than this of a small picture is another picture. */
const MAX_CROP = 16;

const options = z.strictObject({
  /** Channels of the 5×5 and of the 3×3 convolution. */
  filters: z
    .tuple([z.number().int().min(1).max(MAX_FILTERS), z.number().int().min(1).max(MAX_FILTERS)])
    .default([16, 32]),
  /** Units of the dense layer. */
  hidden: z.number().int().min(1).max(MAX_HIDDEN).default(128),
  /** Learn from mirrored pictures too; off where left and right differ, as in writing. */
  flip: z.boolean().default(true),
  /** Pixels by which pictures are shifted while learning. */
  crop: z.number().int().min(0).max(MAX_CROP).default(2),
});

export type ImageFolderOptions = z.infer<typeof options>;

export function imageShape({ filters, hidden }: ImageFolderOptions, meta: DatasetMeta): CnnShape {
  if (meta.kind !== 'images') {
    throw new UnsuitableBlock('image-folder learns from pictures: PNG or JPEG in a folder for each class.');
  }
  const [height = 0, width = 0, channels = 1] = meta.shape;
  return { height, width, channels, classes: meta.classes, filters, hidden };
}

/** The network's trainer, which sees each training picture a little changed. */
class ImageTrainer implements Trainer {
  readonly device: string;
  readonly rowsAtOnce: number;

  constructor(
    private readonly network: Trainer,
    private readonly shape: readonly number[],
    private readonly augmentation: Augmentation,
  ) {
    this.device = network.device;
    this.rowsAtOnce = network.rowsAtOnce ?? Number.POSITIVE_INFINITY;
  }

  keysOf(batch: Block): readonly (Uint32Array | null)[] {
    return this.network.keysOf(batch);
  }

  gradient(parameters: readonly TableValues[], batch: Block): Promise<Gradient> {
    return this.network.gradient(parameters, augment(dense(batch), this.shape, this.augmentation));
  }

  evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    return this.network.evaluate(parameters, batch);
  }

  predict(parameters: readonly TableValues[], sample: Block): Promise<Prediction> {
    return this.network.predict(parameters, sample);
  }

  dispose(): void {
    this.network.dispose();
  }
}

function dense(block: Block): DenseBlock {
  if (block.kind === 'dense') return block;
  throw new UnsuitableBlock('Pictures are dense rows of values.');
}

/** Times through the training pictures: small sets are overfitted by then, large ones have the limit of steps. */
const EPOCHS = 20;
const BATCH = 64;

export const imageFolder: Job<ImageFolderOptions> = {
  name: 'image-folder',
  title: 'Your own pictures',
  summary: 'A convolutional network learns to tell apart the pictures in your folders, one folder for each class.',
  dataKind: 'images',
  options,
  defaults: (_options, meta) => ({
    batch: BATCH,
    learningRate: 1e-3,
    updater: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    steps: Math.min(1_500, Math.max(200, Math.ceil((EPOCHS * meta.samples.train) / BATCH))),
  }),
  tables: (options, meta) => cnnTables(imageShape(options, meta)),
  generate: (seed, samples) => shapesGenerator(seed, samples ?? undefined),
  preload: preloadJax,
  async createTrainer(options, meta) {
    const shape = imageShape(options, meta);
    const { height, width, channels } = shape;
    return new ImageTrainer(await createCnnTrainer(shape), [height, width, channels], options);
  },
  exports: [
    onnxExport((options, meta, tables) => {
      const labels = meta.kind === 'images' ? meta.labels : [];
      const metadata = { labels: JSON.stringify(labels), input: 'pixels from 0 to 1, red, green, blue or grey' };
      return cnnOnnx(imageShape(options, meta), tables, { name: 'image-folder', metadata });
    }),
  ],
};
