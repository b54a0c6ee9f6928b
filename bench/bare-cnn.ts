// The gradient of digits-cnn as one would write it by hand on jax-js: im2col of k×k slices, one product, and no framework.
import { type Array as JaxArray, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { cnnTables } from '../src/jobs/cnn-model.ts';
import { Random } from '../src/random.ts';

const SHAPE = { height: 28, width: 28, channels: 1, classes: 10, filters: [16, 32], hidden: 128 } as const;
const PIXELS = 784;
const CLASSES = 10;

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
  const [batch = 0] = x.shape;
  const first = nn.relu(pool(convolve(x.reshape([batch, 28, 28, 1]), w1, b1, 5)));
  const second = nn.relu(pool(convolve(first, w2, b2, 3))).reshape([batch, 800]);
  const hidden = nn.relu(np.dot(second, w3 as JaxArray).add(b3 as JaxArray));
  const scores = np.dot(hidden, w4 as JaxArray).add(b4 as JaxArray);
  return nn.logSoftmax(scores).mul(targets).sum().neg();
}

/** Parameters in, forward, backward, gradients out, on a batch of noise. @returns the loss of a step */
export function bareCnnStep(batch: number): () => Promise<number> {
  const random = new Random(1);
  const tables = cnnTables(SHAPE);
  const parameters = tables.map(({ keys, width }) =>
    Float32Array.from({ length: keys * width }, () => random.unit() * 0.1 - 0.05),
  );
  const images = Float32Array.from({ length: batch * PIXELS }, () => random.unit());
  const targets = new Float32Array(batch * CLASSES);
  for (let row = 0; row < batch; row++) targets[row * CLASSES + random.below(CLASSES)] = 1 / batch;
  const gradient = jit((tensors: JaxArray[], x: JaxArray, y: JaxArray) => valueAndGrad(loss)(tensors, x, y));
  return async () => {
    const tensors = parameters.map((values, at) => np.array(values, { shape: [...(tables[at]?.shape ?? [])] }));
    const x = np.array(images, { shape: [batch, PIXELS] });
    const [value, gradients] = gradient(tensors, x, np.array(targets, { shape: [batch, CLASSES] }));
    const [mean = Number.NaN] = await value.data();
    for (const each of gradients) await each.data();
    return mean;
  };
}
