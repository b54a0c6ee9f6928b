// A character-level transformer on jax-js: its tensors, and its scores for the next character at every place of a window.
import type { TableSpec } from '../ps/table.ts';
import type { Jax, JaxArray } from './jax.ts';

export interface TransformerShape {
  readonly vocabulary: number;
  readonly layers: number;
  readonly heads: number;
  /** Floats per place; a multiple of `heads`. */
  readonly width: number;
  /** Places in a window: how far back it looks. */
  readonly context: number;
  /** The embedding, transposed, is also what scores the next character (Press and Wolf 2017). */
  readonly isTied: boolean;
}

/** Width of the hidden layer of the perceptron over the model's (Vaswani et al. 2017, section 3.3). */
const EXPANSION = 4;
const TABLES_PER_LAYER = 4;
/** Before the layers: characters and places. */
const FIRST_TABLES = 2;
/** Added to a variance before the root: keeps the norm of a constant row finite. */
const NORM_EPSILON = 1e-5;
/** Standard deviation of the embeddings, and of weights with `width` 128 about 1/√width (Radford et al. 2019). */
const EMBEDDING_DEVIATION = 0.02;
/** What a place in the future has added to its score: exp of it is 0. */
const MASKED = -1e9;

/**
 * Embeddings of characters and places, four matrices a layer (queries, keys and values side by side; the attention's
 * output; the perceptron's two), and the head unless it is tied. No gains and no biases: a gain before a matrix is a matrix, and
 * biases gained nothing in small models (nanoGPT leaves them out as well).
 */
export function transformerTables({ vocabulary, layers, width, context, isTied }: TransformerShape): TableSpec[] {
  // A uniform distribution on ±s has the deviation s / √3. What adds to the residual stream is scaled by its depth (GPT-2).
  const plain = Math.sqrt(3 / width);
  const residual = plain / Math.sqrt(2 * layers);
  const embedding = EMBEDDING_DEVIATION * Math.sqrt(3);
  const matrix = (name: string, rows: number, columns: number, scale: number): TableSpec => {
    return { name, keys: rows, width: columns, init: { kind: 'uniform', scale }, shape: [rows, columns] };
  };
  const layer = (index: number) => [
    matrix(`layer${index}.attention`, width, 3 * width, plain),
    matrix(`layer${index}.attended`, width, width, residual),
    matrix(`layer${index}.expand`, width, EXPANSION * width, plain),
    matrix(`layer${index}.contract`, EXPANSION * width, width, residual / Math.sqrt(EXPANSION)),
  ];
  return [
    matrix('characters', vocabulary, width, embedding),
    matrix('places', context, width, embedding),
    ...Array.from({ length: layers }, (_, index) => layer(index + 1)).flat(),
    ...(isTied ? [] : [matrix('head', width, vocabulary, embedding)]),
  ];
}

/** [context, context]: nothing where the column is not after the row, else `MASKED`. */
export function causalMask(context: number): Float32Array {
  return Float32Array.from({ length: context * context }, (_, at) =>
    at % context > Math.floor(at / context) ? MASKED : 0,
  );
}

/**
 * Scores [windows × context, vocabulary] of characters [windows × context, vocabulary] (rows with a 1 at the character),
 * by tensors in the order of `transformerTables` and the causal mask. Pre-norm: Xiong et al. 2020.
 */
export function transformerScores({ numpy, nn }: Jax, shape: TransformerShape) {
  const { layers, heads, width, context, isTied } = shape;
  const headWidth = width / heads;
  const norm = (x: JaxArray) => nn.standardize(x, -1, { epsilon: NORM_EPSILON });

  const attention = (x: JaxArray, weights: JaxArray, output: JaxArray, mask: JaxArray): JaxArray => {
    const windows = (x.shape[0] ?? 0) / context;
    const all = numpy.dot(x, weights).reshape([windows, context, 3, heads, headWidth]).transpose([2, 0, 3, 1, 4]);
    const [queries, keys, values] = [all.ref.slice(0), all.ref.slice(1), all.slice(2)];
    const fits = numpy.matmul(queries, keys.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(headWidth));
    const mixed = numpy.matmul(nn.softmax(fits.add(mask), -1), values);
    return numpy.dot(mixed.transpose([0, 2, 1, 3]).reshape([windows * context, width]), output);
  };

  const perceptron = (x: JaxArray, expand: JaxArray, contract: JaxArray): JaxArray =>
    numpy.dot(nn.gelu(numpy.dot(x, expand)), contract);

  return (tensors: JaxArray[], characters: JaxArray, mask: JaxArray): JaxArray => {
    const [embedding, places] = tensors.slice(0, FIRST_TABLES) as [JaxArray, JaxArray];
    const [places_ = 0] = characters.shape;
    const looked = numpy.dot(characters, isTied ? embedding.ref : embedding);
    let x = looked.reshape([-1, context, width]).add(places).reshape([places_, width]);
    for (let layer = 0; layer < layers; layer++) {
      const first = FIRST_TABLES + TABLES_PER_LAYER * layer;
      const [weights, output, expand, contract] = tensors.slice(first, first + TABLES_PER_LAYER) as JaxArray[] as [
        JaxArray,
        JaxArray,
        JaxArray,
        JaxArray,
      ];
      x = x.ref.add(attention(norm(x), weights, output, layer < layers - 1 ? mask.ref : mask));
      x = x.ref.add(perceptron(norm(x), expand, contract));
    }
    return numpy.dot(norm(x), isTied ? embedding.transpose() : (tensors.at(-1) as JaxArray));
  };
}
