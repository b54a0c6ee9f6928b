// For the tests of the transformer: the same model in plain f64 loops, place by place, sharing nothing with it.
import type { TransformerShape } from './transformer-model.ts';

type Values = ArrayLike<number>;
type Vector = readonly number[];

/** Scores of the next character at every place of one window. */
export function referenceTransformer(shape: TransformerShape, tensors: readonly Values[], window: Vector): Vector[] {
  const { layers, width, vocabulary, isTied } = shape;
  const [embedding = [], places = []] = tensors;
  let rows: Vector[] = window.map((character, place) =>
    range(width).map((i) => (embedding[character * width + i] ?? 0) + (places[place * width + i] ?? 0)),
  );
  for (let layer = 0; layer < layers; layer++) {
    const [weights = [], output = [], expand = [], contract = []] = tensors.slice(2 + 4 * layer, 6 + 4 * layer);
    const mixed = attention(shape, rows.map(norm), weights);
    rows = rows.map((row, place) => add(row, times(mixed[place] ?? [], output, width)));
    rows = rows.map((row) => add(row, times(times(norm(row), expand, 4 * width).map(gelu), contract, width)));
  }
  const head = tensors.at(-1) ?? [];
  return rows.map((row) => {
    const normed = norm(row);
    if (!isTied) return times(normed, head, vocabulary);
    return range(vocabulary).map((v) =>
      normed.reduce((sum, value, i) => sum + value * (embedding[v * width + i] ?? 0), 0),
    );
  });
}

/** Mean over windows and places of −log P(target). */
export function referenceLoss(
  shape: TransformerShape,
  tensors: readonly Values[],
  windows: readonly { readonly inputs: Vector; readonly targets: Vector }[],
): number {
  const losses = windows.flatMap(({ inputs, targets }) =>
    referenceTransformer(shape, tensors, inputs).map((scores, place) => {
      const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
      return Math.log(total) - (scores[targets[place] ?? 0] ?? 0);
    }),
  );
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

/** Each head of each place: a mean of the values up to it, weighed by softmax of query · key / √(head width). */
function attention({ heads, width }: TransformerShape, rows: readonly Vector[], weights: Values): Vector[] {
  const size = width / heads;
  const all = rows.map((row) => times(row, weights, 3 * width));
  const part = (place: number, which: number, head: number) =>
    (all[place] ?? []).slice(which * width + head * size, which * width + (head + 1) * size);
  return rows.map((_, place) =>
    range(heads).flatMap((head) => {
      const query = part(place, 0, head);
      const exps = range(place + 1).map((past) => Math.exp(product(query, part(past, 1, head)) / Math.sqrt(size)));
      const total = exps.reduce((a, b) => a + b, 0);
      return range(size).map((i) =>
        exps.reduce((sum, weight, past) => sum + (weight / total) * (part(past, 2, head)[i] ?? 0), 0),
      );
    }),
  );
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const add = (a: Vector, b: Vector) => a.map((value, i) => value + (b[i] ?? 0));
const product = (a: Vector, b: Vector) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const times = (row: Vector, matrix: Values, columns: number): number[] =>
  range(columns).map((k) => row.reduce((sum, value, i) => sum + value * (matrix[i * columns + k] ?? 0), 0));

function norm(row: Vector): number[] {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
}

/** Hendrycks and Gimpel 2016, with the tanh. */
const gelu = (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
