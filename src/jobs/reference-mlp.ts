// For the tests of the MLP: the same model in plain f64 loops, written from the textbook and sharing nothing with it.

/** Mean cross-entropy and its gradient, one array per tensor (weights [inputs, outputs], biases). */
export interface ReferenceResult {
  readonly loss: number;
  readonly gradients: readonly Float64Array[];
  /** Scores [count, classes]. */
  readonly scores: readonly number[][];
}

/** Forward and backward through layers of `sizes`, ReLU between them. `x` is [count, inputs]. */
export function referenceMlp(
  sizes: readonly number[],
  tensors: readonly (Float32Array | Float64Array)[],
  x: readonly (readonly number[])[],
  y: readonly number[],
): ReferenceResult {
  const gradients = tensors.map((tensor) => new Float64Array(tensor.length));
  const scores: number[][] = [];
  let loss = 0;
  x.forEach((sample, row) => {
    const layers = forward(sizes, tensors, sample);
    const score = layers.at(-1) ?? [];
    const exps = score.map((s) => Math.exp(s));
    const total = exps.reduce((a, b) => a + b, 0);
    const label = y[row] ?? 0;
    loss -= Math.log((exps[label] ?? 0) / total) / x.length;
    const delta = exps.map((e, k) => (e / total - (k === label ? 1 : 0)) / x.length);
    backward(sizes, tensors, layers, delta, gradients);
    scores.push(score);
  });
  return { loss, gradients, scores };
}

type Tensors = readonly (Float32Array | Float64Array)[];

/** Activations of every layer, the input's first, the scores last. */
function forward(sizes: readonly number[], tensors: Tensors, sample: readonly number[]): number[][] {
  const layers: number[][] = [[...sample]];
  for (let layer = 1; layer < sizes.length; layer++) {
    const before = layers[layer - 1] ?? [];
    const outputs = sizes[layer] ?? 0;
    const [w, b] = [tensors[2 * layer - 2], tensors[2 * layer - 1]];
    const sums = Array.from({ length: outputs }, (_, k) =>
      before.reduce((sum, value, i) => sum + value * (w?.[i * outputs + k] ?? 0), b?.[k] ?? 0),
    );
    layers.push(layer === sizes.length - 1 ? sums : sums.map((value) => Math.max(0, value)));
  }
  return layers;
}

/** Adds one sample's gradient; `delta` is the loss's with respect to the scores. */
function backward(
  sizes: readonly number[],
  tensors: Tensors,
  layers: readonly number[][],
  delta: number[],
  gradients: readonly Float64Array[],
): void {
  for (let layer = sizes.length - 1; layer > 0; layer--) {
    const before = layers[layer - 1] ?? [];
    const [w, dw, db] = [tensors[2 * layer - 2], gradients[2 * layer - 2], gradients[2 * layer - 1]];
    const next = before.map((value, i) => {
      let sum = 0;
      delta.forEach((d, k) => {
        const at = i * delta.length + k;
        if (dw !== undefined) dw[at] = (dw[at] ?? 0) + value * d;
        sum += (w?.[at] ?? 0) * d;
      });
      return value > 0 ? sum : 0;
    });
    delta.forEach((d, k) => {
      if (db !== undefined) db[k] = (db[k] ?? 0) + d;
    });
    delta = next;
  }
}
