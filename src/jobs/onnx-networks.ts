// The dense jobs' networks as ONNX graphs. Inputs are as the data have them: rows of values, pictures in [0, 1] as
// [samples, height, width, channels]; outputs are probabilities, or a number in its own unit.
import { encodeOnnx, type OnnxModel, type OnnxNode, type OnnxTensor } from '../data/onnx.ts';
import { type CnnShape, cnnTables } from './cnn-model.ts';
import type { JobExport } from './job.ts';

const BATCH = 'samples';
const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** What is said of a model beside its graph. */
export interface OnnxWords {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The last layer gives probabilities, or a standardised number, of which this is the unit. */
export type OnnxOutput =
  | { readonly kind: 'classes' }
  | { readonly kind: 'number'; readonly mean: number; readonly scale: number };

/** Values that a job's tables hold, by name. */
const parameter = (name: string, shape: readonly number[], values: Float32Array | undefined): OnnxTensor => ({
  name,
  shape,
  values: values ?? new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

/** @param sizes [inputs, hidden …, outputs]; tables alternate weights [inputs, outputs] and biases */
export function mlpOnnx(
  sizes: readonly number[],
  tables: readonly Float32Array[],
  output: OnnxOutput,
  { name, metadata }: OnnxWords,
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const parameters: OnnxTensor[] = [];
  const layers = sizes.length - 1;
  let last = 'input';
  for (let layer = 1; layer <= layers; layer++) {
    const [inputs = 0, outputs = 0] = sizes.slice(layer - 1, layer + 1);
    parameters.push(parameter(`w${layer}`, [inputs, outputs], tables[2 * layer - 2]));
    parameters.push(parameter(`b${layer}`, [outputs], tables[2 * layer - 1]));
    nodes.push({ operator: 'Gemm', inputs: [last, `w${layer}`, `b${layer}`], output: `scores${layer}` });
    if (layer < layers) nodes.push({ operator: 'Relu', inputs: [`scores${layer}`], output: `hidden${layer}` });
    last = layer < layers ? `hidden${layer}` : `scores${layer}`;
  }
  const end = outputOf(output, last);
  return encodeOnnx({
    name,
    input: { name: 'input', shape: [BATCH, sizes[0] ?? 0] },
    output: { name: end.name, shape: [BATCH, sizes.at(-1) ?? 0] },
    nodes: [...nodes, ...end.nodes],
    parameters: [...parameters, ...end.parameters],
    metadata,
  });
}

/** Softmax, or back from mean 0 and deviation 1 to the unit that the target has. */
function outputOf(
  output: OnnxOutput,
  from: string,
): { name: string; nodes: readonly OnnxNode[]; parameters: readonly OnnxTensor[] } {
  if (output.kind === 'classes') {
    const softmax = { operator: 'Softmax', inputs: [from], output: 'probabilities', attributes: { axis: 1 } };
    return { name: 'probabilities', nodes: [softmax], parameters: [] };
  }
  return {
    name: 'prediction',
    nodes: [
      { operator: 'Mul', inputs: [from, 'scale'], output: 'scaled' },
      { operator: 'Add', inputs: ['scaled', 'mean'], output: 'prediction' },
    ],
    parameters: [
      parameter('scale', [1], Float32Array.of(output.scale)),
      parameter('mean', [1], Float32Array.of(output.mean)),
    ],
  };
}

/** @param tables in the order of `cnnTables` */
export function cnnOnnx(shape: CnnShape, tables: readonly Float32Array[], { name, metadata }: OnnxWords): Uint8Array {
  const { height, width, channels, classes, filters, hidden } = shape;
  const [w1, b1, w2, b2, w3, b3, w4, b4] = tables;
  const [, , , , dense] = cnnTables(shape);
  const flat = dense?.shape[0] ?? 0;
  const model: OnnxModel = {
    name,
    input: { name: 'input', shape: [BATCH, height, width, channels] },
    output: { name: 'probabilities', shape: [BATCH, classes] },
    nodes: [
      { operator: 'Transpose', inputs: ['input'], output: 'picture', attributes: { perm: CHANNELS_FIRST } },
      ...convolution(1, 'picture'),
      ...convolution(2, 'pooled1'),
      { operator: 'Transpose', inputs: ['pooled2'], output: 'features', attributes: { perm: CHANNELS_LAST } },
      { operator: 'Reshape', inputs: ['features', 'flat'], output: 'row' },
      { operator: 'Gemm', inputs: ['row', 'dense.weights', 'dense.biases'], output: 'dense' },
      { operator: 'Relu', inputs: ['dense'], output: 'hidden' },
      { operator: 'Gemm', inputs: ['hidden', 'classes.weights', 'classes.biases'], output: 'scores' },
      { operator: 'Softmax', inputs: ['scores'], output: 'probabilities', attributes: { axis: 1 } },
    ],
    parameters: [
      kernel('conv1.weights', w1, 5, channels, filters[0]),
      parameter('conv1.biases', [filters[0]], b1),
      kernel('conv2.weights', w2, 3, filters[0], filters[1]),
      parameter('conv2.biases', [filters[1]], b2),
      { name: 'flat', shape: [2], values: BigInt64Array.of(-1n, BigInt(flat)) },
      parameter('dense.weights', [flat, hidden], w3),
      parameter('dense.biases', [hidden], b3),
      parameter('classes.weights', [hidden, classes], w4),
      parameter('classes.biases', [classes], b4),
    ],
    metadata,
  };
  return encodeOnnx(model);
}

/** As cnn-model.ts: no padding, ReLU, and the maximum of 2×2 with an odd rest left out. */
function convolution(layer: number, from: string): OnnxNode[] {
  const [weights, biases] = [`conv${layer}.weights`, `conv${layer}.biases`];
  return [
    { operator: 'Conv', inputs: [from, weights, biases], output: `conv${layer}` },
    { operator: 'Relu', inputs: [`conv${layer}`], output: `relu${layer}` },
    {
      operator: 'MaxPool',
      inputs: [`relu${layer}`],
      output: `pooled${layer}`,
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
  ];
}

/** From rows [y, x, channel in] × channels out, as im2col has them, to [channels out, channels in, y, x]. */
function kernel(
  name: string,
  table: Float32Array | undefined,
  side: number,
  inputs: number,
  outputs: number,
): OnnxTensor {
  const values = new Float32Array(side * side * inputs * outputs);
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let place = 0; place < side * side; place++) {
        values[at++] = table?.[(place * inputs + input) * outputs + output] ?? 0;
      }
    }
  }
  return { name, shape: [outputs, inputs, side, side], values };
}

/** The ONNX download of a job. */
export const onnxExport = <Options>(make: JobExport<Options>['make']): JobExport<Options> => ({
  name: 'ONNX',
  extension: 'onnx',
  make,
});
