// Step time of digits-cnn's trainer beside a bare im2col step (k×k slices, no framework around it), alternating in one run:
// npx tsx bench/cnn.ts [steps]. CPU time of the process, so that a busy machine shows less.
import { type Array as JaxArray, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { DenseBlock } from '../src/data/dataset.ts';
import { cnnTables } from '../src/jobs/cnn-model.ts';
import { createCnnTrainer } from '../src/jobs/cnn-trainer.ts';
import { Random } from '../src/random.ts';

const BATCH = 64;
const WARM_UP = 3;
const SHAPE = { height: 28, width: 28, channels: 1, classes: 10, filters: [16, 32], hidden: 128 } as const;

const random = new Random(1);
const block: DenseBlock = {
  kind: 'dense',
  count: BATCH,
  features: 784,
  x: Float32Array.from({ length: BATCH * 784 }, () => random.unit()),
  y: Uint32Array.from({ length: BATCH }, () => random.below(10)),
};
const tables = cnnTables(SHAPE);
const tensors = tables.map(({ keys, width }) =>
  Float32Array.from({ length: keys * width }, () => random.unit() * 0.1 - 0.05),
);

function convolve(images: JaxArray, weights: JaxArray, biases: JaxArray, kernel: number): JaxArray {
  const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
  const [rows, columns] = [height - kernel + 1, width - kernel + 1];
  const slices: JaxArray[] = [];
  for (let i = 0; i < kernel; i++)
    for (let j = 0; j < kernel; j++) slices.push(images.ref.slice([], [i, i + rows], [j, j + columns]));
  images.dispose();
  const patches = np.concatenate(slices, -1).reshape([count * rows * columns, kernel * kernel * channels]);
  return np.dot(patches, weights).add(biases).reshape([count, rows, columns, -1]);
}

function pool(images: JaxArray): JaxArray {
  const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
  return np.max(images.reshape([count, height / 2, 2, width / 2, 2, channels]), [2, 4]);
}

function loss(parameters: JaxArray[], x: JaxArray, targets: JaxArray): JaxArray {
  const [w1, b1, w2, b2, w3, b3, w4, b4] = parameters as [JaxArray, JaxArray, JaxArray, JaxArray, ...JaxArray[]];
  const first = nn.relu(pool(convolve(x.reshape([BATCH, 28, 28, 1]), w1, b1, 5)));
  const second = nn.relu(pool(convolve(first, w2, b2, 3))).reshape([BATCH, 800]);
  const hidden = nn.relu(np.dot(second, w3 as JaxArray).add(b3 as JaxArray));
  const scores = np.dot(hidden, w4 as JaxArray).add(b4 as JaxArray);
  return nn.logSoftmax(scores).mul(targets).sum().neg();
}

const bare = jit((parameters: JaxArray[], x: JaxArray, y: JaxArray) => valueAndGrad(loss)(parameters, x, y));

async function bareStep(): Promise<void> {
  const targets = new Float32Array(BATCH * 10);
  block.y.forEach((label, row) => {
    targets[row * 10 + label] = 1 / BATCH;
  });
  const parameters = tensors.map((values, at) => np.array(values, { shape: [...(tables[at]?.shape ?? [])] }));
  const x = np.array(block.x as Float32Array<ArrayBuffer>, { shape: [BATCH, 784] });
  const [value, gradients] = bare(parameters, x, np.array(targets, { shape: [BATCH, 10] }));
  await value.data();
  for (const gradient of gradients) await gradient.data();
}

async function cpuMs(step: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await step();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const trainer = await createCnnTrainer(SHAPE);
const whole = tensors.map((values) => ({ keys: null, values }));
const times: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
const steps = Number(process.argv[2] ?? 30);
for (let step = 0; step < WARM_UP + steps; step++) {
  const ours = await cpuMs(() => trainer.gradient(whole, block));
  const other = await cpuMs(bareStep);
  if (step < WARM_UP) continue;
  times.ours.push(ours);
  times.bare.push(other);
}
const ratios = times.ours.map((ours, step) => ours / (times.bare[step] ?? Number.NaN)).toSorted((a, b) => a - b);
console.log(
  `digits-cnn ${median(times.ours).toFixed(1)} ms, bare im2col ${median(times.bare).toFixed(1)} ms CPU a step of ${BATCH}`,
);
console.log(`ratio: median ${median(ratios).toFixed(2)}, ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`);
