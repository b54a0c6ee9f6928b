// Tables: classification or regression of one column by the others, with a linear model or a small network.

import { z } from 'zod';
import type { DatasetMeta } from '../data/dataset.ts';
import { customersGenerator } from '../data/generators/customers.ts';
import { CLASSIFIER_MEASURES, type Measures } from '../protocol/measures.ts';
import { preloadJax } from './compute-device.ts';
import { layerTables } from './dense-layers.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { createMlpTrainer } from './mlp-trainer.ts';
import { mlpOnnx, onnxExport } from './onnx-networks.ts';
import { TableTrainer } from './table-trainer.ts';

/** Bounds what a room's settings can make a tab allocate. */
const MAX_HIDDEN = 2_048;
const MAX_LAYERS = 8;

const options = z.strictObject({
  /** Units of each hidden layer, from the input on. None makes it a linear model. */
  hidden: z.array(z.number().int().min(1).max(MAX_HIDDEN)).max(MAX_LAYERS).default([32, 16]),
});

export type TabularOptions = z.infer<typeof options>;

const REGRESSION_MEASURES: Measures = {
  loss: { name: 'Mean squared error' },
  score: { name: 'Test variance explained', format: 'percent', isHigherBetter: true },
};

type TableMeta = Extract<DatasetMeta, { kind: 'tabular' }>;

function tableMeta(meta: DatasetMeta): TableMeta {
  if (meta.kind === 'tabular') return meta;
  throw new UnsuitableBlock('tabular learns from tables: CSV with a header.');
}

/** Units of every layer, inputs and outputs included. */
function layerSizes({ hidden }: TabularOptions, { features, classes, target }: TableMeta): number[] {
  return target.kind === 'classes' ? [features, ...hidden, classes] : [features - 1, ...hidden, 1];
}

export const tabular: Job<TabularOptions> = {
  name: 'tabular',
  title: 'Tables (CSV)',
  summary: 'Predicts one column of a table from the others, and tells which columns matter.',
  dataKind: 'tabular',
  options,
  // One output is a number; classes have two or more.
  measures: (tables) => (tables.at(-1)?.width === 1 ? REGRESSION_MEASURES : CLASSIFIER_MEASURES),
  defaults: (_options, meta) => ({
    batch: 128,
    learningRate: 3e-3,
    updater: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    steps: Math.min(5_000, Math.max(200, Math.ceil((10 * meta.samples.train) / 128))),
  }),
  tables(options, meta) {
    const sizes = layerSizes(options, tableMeta(meta));
    return sizes.slice(1).flatMap((outputs, i) => layerTables(sizes[i] ?? 0, outputs, i + 1));
  },
  generate: (seed, samples) => customersGenerator(seed, samples ?? undefined),
  preload: preloadJax,
  async createTrainer(options, meta) {
    const table = tableMeta(meta);
    return new TableTrainer(await createMlpTrainer(layerSizes(options, table), table.target.kind), table);
  },
  exports: [
    onnxExport((options, meta, tables) => {
      const { columns, target } = tableMeta(meta);
      // Enough to make a row of inputs: means, scales and values of every column, in their order.
      const metadata = { columns: JSON.stringify(columns), target: JSON.stringify(target) };
      return mlpOnnx(layerSizes(options, tableMeta(meta)), tables, target, { name: 'tabular', metadata });
    }),
  ],
};
