// For the tests of the CNN: the same model in plain f64 loops over pixels, sharing nothing with it.
import type { CnnShape } from './cnn-model.ts';

type Values = ArrayLike<number>;

/** [height][width][channels]. */
type Picture = number[][][];

/** Mean cross-entropy of images `x` with labels `y`, by tensors in the order of the model's tables; and the scores. */
export function referenceCnn(shape: CnnShape, tensors: readonly Values[], x: readonly Values[], y: readonly number[]) {
  const scores = x.map((image) => scoresOf(shape, tensors, image));
  const losses = scores.map(
    (row, at) => Math.log(row.reduce((sum, s) => sum + Math.exp(s), 0)) - (row[y[at] ?? 0] ?? 0),
  );
  return { loss: losses.reduce((a, b) => a + b, 0) / x.length, scores };
}

function scoresOf(shape: CnnShape, tensors: readonly Values[], image: Values): number[] {
  const { height, width, channels } = shape;
  const [w1 = [], b1 = [], w2 = [], b2 = [], w3 = [], b3 = [], w4 = [], b4 = []] = tensors;
  let picture: Picture = Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) =>
      Array.from({ length: channels }, (_, channel) => image[(row * width + column) * channels + channel] ?? 0),
    ),
  );
  picture = pool(relu(convolve(picture, w1, b1, 5)));
  picture = pool(relu(convolve(picture, w2, b2, 3)));
  const hidden = dense(picture.flat(2), w3, b3).map((value) => Math.max(0, value));
  return dense(hidden, w4, b4);
}

/** weights[((i × kernel + j) × inputs + c) × outputs + o] meets the pixel i below and j right of the output's. */
function convolve(picture: Picture, weights: Values, biases: Values, kernel: number): Picture {
  const inputs = picture[0]?.[0]?.length ?? 0;
  const [height, width] = [picture.length - kernel + 1, (picture[0]?.length ?? 0) - kernel + 1];
  const output = (row: number, column: number, o: number) => {
    let sum = biases[o] ?? 0;
    for (let i = 0; i < kernel; i++) {
      for (let j = 0; j < kernel; j++) {
        for (let c = 0; c < inputs; c++) {
          const weight = weights[((i * kernel + j) * inputs + c) * biases.length + o] ?? 0;
          sum += weight * (picture[row + i]?.[column + j]?.[c] ?? 0);
        }
      }
    }
    return sum;
  };
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) =>
      Array.from({ length: biases.length }, (_, o) => output(row, column, o)),
    ),
  );
}

const relu = (picture: Picture): Picture => picture.map((row) => row.map((p) => p.map((value) => Math.max(0, value))));

/** Maximum of each 2×2; an odd last row or column is left out. */
function pool(picture: Picture): Picture {
  const at = (row: number, column: number, c: number) => picture[row]?.[column]?.[c] ?? 0;
  return Array.from({ length: Math.floor(picture.length / 2) }, (_, row) =>
    Array.from({ length: Math.floor((picture[0]?.length ?? 0) / 2) }, (_, column) =>
      (picture[0]?.[0] ?? []).map((_, c) =>
        Math.max(
          at(2 * row, 2 * column, c),
          at(2 * row + 1, 2 * column, c),
          at(2 * row, 2 * column + 1, c),
          at(2 * row + 1, 2 * column + 1, c),
        ),
      ),
    ),
  );
}

function dense(inputs: readonly number[], weights: Values, biases: Values): number[] {
  return Array.from({ length: biases.length }, (_, o) =>
    inputs.reduce((sum, value, i) => sum + value * (weights[i * biases.length + o] ?? 0), biases[o] ?? 0),
  );
}
