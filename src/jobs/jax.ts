// What trainers on jax-js share. The library is loaded when a trainer is made, so that pages and shard workers, which only
// need the jobs' descriptions, never fetch it. Its functions consume their arguments: `.ref` where one is used again.
import type { Array as JaxArray } from '@jax-js/jax';
import { UnsuitableBlock } from './errors.ts';
import type { TableValues } from './job.ts';
import { keepKernelInstances } from './kernel-instances.ts';

export type Jax = typeof import('@jax-js/jax');
export type { JaxArray };

export function loadJax(): Promise<Jax> {
  keepKernelInstances();
  return import('@jax-js/jax');
}

/**
 * The first program on a page takes twice as long to compile as the next ones, which find the compiler itself compiled.
 * This one computes little, and has all the parts of a gradient, at sizes for which loops are tiled.
 */
export async function warmUpJax(): Promise<void> {
  const { numpy, nn, jit, valueAndGrad } = await loadJax();
  const loss = (weights: JaxArray, x: JaxArray): JaxArray => {
    const hidden = nn.relu(numpy.dot(x, weights.ref));
    return nn.logSoftmax(numpy.dot(hidden, weights)).sum();
  };
  const step = jit((weights: JaxArray, x: JaxArray) => valueAndGrad(loss)(weights, x));
  const [value, gradient] = step(numpy.ones([64, 64]), numpy.ones([40, 64]));
  await floats(value);
  await floats(gradient);
  step.dispose();
}

/** Copies at once: the caller may transfer or reuse its array. */
export const upload = (jax: Jax, values: Float32Array, shape: readonly number[]): JaxArray =>
  jax.numpy.array(values as Float32Array<ArrayBuffer>, { shape: [...shape] });

/** All tables on the device, each in its own shape. Throws `UnsuitableBlock` where they are not those of the model. */
export function uploadTables(jax: Jax, shapes: readonly (readonly number[])[], tables: readonly TableValues[]) {
  if (tables.length !== shapes.length) {
    throw new UnsuitableBlock(`This model has ${shapes.length} tables, not ${tables.length}.`);
  }
  return tables.map(({ values }, table) => upload(jax, values, shapes[table] ?? []));
}

/** Reads an array back, and frees it on the device. */
export async function floats(array: JaxArray): Promise<Float32Array> {
  const data = await array.data();
  if (data instanceof Float32Array) return data;
  throw new TypeError(`jax-js answered with ${data.constructor.name} where floats were asked for.`);
}

/** One array per table, read back in order. */
export async function gradientTables(gradients: readonly JaxArray[]): Promise<TableValues[]> {
  const tables: TableValues[] = [];
  for (const gradient of gradients) tables.push({ keys: null, values: await floats(gradient) });
  return tables;
}

/**
 * Computes `count` rows `atOnce` at a time, and puts the parts together: `width` floats for each row. Each part is read back
 * before the next is begun: jax-js keeps what a part needed until then. Consumes `tensors`; what `forward` answers may be
 * padded at its end.
 */
export async function computeInParts(
  tensors: readonly JaxArray[],
  { count, atOnce, width }: { count: number; atOnce: number; width: number },
  forward: (tensors: JaxArray[], start: number, end: number) => JaxArray,
): Promise<Float32Array> {
  const all = new Float32Array(count * width);
  for (let start = 0; start < count; start += atOnce) {
    const owned = tensors.map((tensor) => tensor.ref);
    const part = await floats(forward(owned, start, Math.min(start + atOnce, count)));
    const at = start * width;
    all.set(part.subarray(0, all.length - at), at);
  }
  for (const tensor of tensors) tensor.dispose();
  return all;
}
