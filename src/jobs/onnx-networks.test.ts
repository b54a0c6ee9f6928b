// Every exported network, run by onnxruntime-web on the inputs that the job's own trainer predicts from.
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { expect, test, vi } from 'vitest';
import type { DatasetMeta, DenseBlock } from '../data/dataset.ts';
import { Random } from '../random.ts';
import { digitsCnn } from './digits-cnn.ts';
import { digitsMlp } from './digits-mlp.ts';
import { imageFolder } from './image-folder.ts';
import type { Job } from './job.ts';
import { tabular } from './tabular.ts';

// One thread; and jax-js must not take the workers for a browser's that this runtime makes of Node's.
env.wasm.numThreads = 1;

/** Samples compared, and the largest difference between two implementations of the same network. */
const SAMPLES = 5;
const TOLERANCE = 1e-4;

/** The model's answers for a batch, by onnxruntime; `shape` is that of one sample. */
async function runOnnx(model: Uint8Array, batch: DenseBlock, shape: readonly number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { executionProviders: ['wasm'] });
  const inputs = shape.reduce((product, size) => product * size, 1);
  const rows = Array.from({ length: batch.count }, (_, row) => [...sampleOf(batch, row).x.subarray(0, inputs)]);
  const input = new Tensor('float32', Float32Array.from(rows.flat()), [batch.count, ...shape]);
  const outputs = await session.run({ input });
  const [name = ''] = session.outputNames;
  await session.release();
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError('The model answers with floats.');
  return data;
}

/** One sample as floats in [0, 1], as a batch has them. */
function sampleOf({ x, y, features }: DenseBlock, row: number): DenseBlock {
  const values = Float32Array.from(x.subarray(row * features, (row + 1) * features));
  if (x instanceof Uint8Array) for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) / 255;
  return { kind: 'dense', count: 1, features, x: values, y: y.subarray(row, row + 1) };
}

/** Largest difference of the job's own predictions and of those of its ONNX file, with random parameters. */
async function compare<Options>(
  job: Job<Options>,
  given: unknown,
  meta: DatasetMeta,
  block: DenseBlock,
  shape: readonly number[],
  unit: (value: number) => number = (value) => value,
): Promise<number> {
  const options = job.options.parse(given);
  const random = new Random(11);
  const tables = job
    .tables(options, meta)
    .map(({ keys, width, init }) =>
      Float32Array.from(
        { length: keys * width },
        () => (init.kind === 'uniform' ? init.scale : 0.3) * (2 * random.unit() - 1),
      ),
    );
  const model = job.exports?.find(({ extension }) => extension === 'onnx')?.make(options, meta, tables);
  if (model === undefined) throw new RangeError(`${job.name} has no ONNX export.`);
  const found = await runOnnx(model, block, shape);
  vi.stubGlobal('Worker', undefined);
  const trainer = await job.createTrainer(options, meta);
  const parameters = tables.map((values) => ({ keys: null, values }));
  let worst = 0;
  let at = 0;
  for (let row = 0; row < block.count; row++) {
    const { probabilities } = await trainer.predict(parameters, sampleOf(block, row));
    for (const value of probabilities) worst = Math.max(worst, Math.abs(unit(value) - (found[at++] ?? Number.NaN)));
  }
  expect(at).toBe(found.length);
  trainer.dispose();
  return worst;
}

function blockOf(job: Job, samples = SAMPLES): { meta: DatasetMeta; block: DenseBlock } {
  const { meta, block } = job.generate(5, { train: 20, test: samples });
  const found = block('test', 0);
  if (found.kind !== 'dense') throw new TypeError('Dense jobs have dense blocks.');
  return { meta, block: found };
}

test('digits-mlp, with two hidden layers and without any', async () => {
  const { meta, block } = blockOf(digitsMlp);
  for (const hidden of [[32, 16], []]) {
    expect(await compare(digitsMlp, { hidden }, meta, block, [784])).toBeLessThan(TOLERANCE);
  }
});

test('digits-cnn', async () => {
  const { meta, block } = blockOf(digitsCnn);
  expect(await compare(digitsCnn, { filters: [4, 6], hidden: 10 }, meta, block, [28, 28, 1])).toBeLessThan(TOLERANCE);
});

test('image-folder, in colour, where height and width differ and pooling leaves a column out', async () => {
  const shape = [14, 17, 3];
  const meta: DatasetMeta = {
    ...{ kind: 'images', name: 'noise', samples: { train: 1, test: SAMPLES }, features: 714, shape },
    ...{ classes: 3, labels: ['a', 'b', 'c'], counts: [1, 0, 0] },
  };
  const random = new Random(4);
  const x = Uint8Array.from({ length: SAMPLES * 714 }, () => random.below(256));
  const block: DenseBlock = { kind: 'dense', count: SAMPLES, features: 714, x, y: new Uint32Array(SAMPLES) };
  expect(await compare(imageFolder, { filters: [4, 6], hidden: 10 }, meta, block, shape)).toBeLessThan(TOLERANCE);
});

test('tabular, for classes, and for a number in its own unit', async () => {
  const { meta, block } = blockOf(tabular);
  if (meta.kind !== 'tabular') throw new TypeError('Tables are tabular.');
  expect(await compare(tabular, {}, meta, block, [meta.features])).toBeLessThan(TOLERANCE);
  const number: DatasetMeta = { ...meta, classes: 1, target: { name: 'price', kind: 'number', mean: 3, scale: 2 } };
  const unit = (value: number) => 3 + 2 * value;
  expect(await compare(tabular, {}, number, block, [meta.features - 1], unit)).toBeLessThan(TOLERANCE);
});
