// A language model of characters: a small transformer that learns to write on. Every batch touches every key.
import { z } from 'zod';
import type { DatasetMeta } from '../data/dataset.ts';
import { sumsGenerator } from '../data/generators/sums.ts';
import { preloadJax } from './compute-device.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { type TransformerShape, transformerTables } from './transformer-model.ts';
import { createTransformerTrainer } from './transformer-trainer.ts';

/** Four tables a layer and three more, and the protocol allows 64. */
const MAX_LAYERS = 12;
/** Bounds what a room's settings can make a tab allocate: 12·512² floats a layer are 12 MiB. */
const MAX_WIDTH = 512;
const MAX_CONTEXT = 512;

const options = z
  .strictObject({
    layers: z.number().int().min(1).max(MAX_LAYERS).default(4),
    heads: z.number().int().min(1).max(16).default(4),
    /** Floats per character; a multiple of the heads. */
    width: z.number().int().min(4).max(MAX_WIDTH).default(128),
    /** Characters that it looks back over. */
    context: z.number().int().min(2).max(MAX_CONTEXT).default(64),
    /** One matrix both reads characters and tells them. */
    isTied: z.boolean().default(false),
  })
  .refine(({ width, heads }) => width % heads === 0, { message: 'the width must be a multiple of the heads' });

export type CharLmOptions = z.infer<typeof options>;

type TextMeta = Extract<DatasetMeta, { kind: 'text' }>;

function textMeta(meta: DatasetMeta): TextMeta {
  if (meta.kind !== 'text') throw new UnsuitableBlock('char-lm learns from text, not from other data.');
  return meta;
}

function shapeOf(options: CharLmOptions, meta: TextMeta): TransformerShape {
  if (options.context >= meta.features) {
    const most = meta.features - 1;
    throw new UnsuitableBlock(
      `The rows of "${meta.name}" allow a context of ${most} at most, not of ${options.context}.`,
    );
  }
  return { ...options, vocabulary: meta.classes };
}

export const charLm: Job<CharLmOptions> = {
  name: 'char-lm',
  title: 'Text, character by character',
  summary: 'A small transformer learns to add, or to write like the text it is given, and writes while it learns.',
  dataKind: 'text',
  options,
  measures: {
    loss: { name: 'Loss per character' },
    score: { name: 'Test accuracy', format: 'percent', isHigherBetter: true },
  },
  defaults: () => ({
    batch: 12,
    learningRate: 1e-3,
    updater: { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    steps: 2_000,
  }),
  tables: (options, meta) => transformerTables(shapeOf(options, textMeta(meta))),
  generate: (seed, samples) => sumsGenerator(seed, samples ?? undefined),
  preload: preloadJax,
  createTrainer: async (options, meta) => {
    const text = textMeta(meta);
    const { vocabulary, answersAfter } = text;
    return createTransformerTrainer(shapeOf(options, text), { characters: vocabulary, answersAfter });
  },
};
