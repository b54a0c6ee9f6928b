// Scores of classes, in plain arrays: the largest, their normaliser, and what they say of labelled samples.

/** Place of the largest score; the first of equals. */
export function indexOfMax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

/** log Σ exp(score), without overflow. */
export function logSumExp(scores: Float32Array): number {
  const top = scores[indexOfMax(scores)] as number;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - top);
  return top + Math.log(sum);
}

/** Softmax of one sample's scores. */
export function probabilitiesOf(scores: Float32Array): Float32Array {
  const total = logSumExp(scores);
  return scores.map((score) => Math.exp(score - total));
}

/** Of scores [labels.length, classes]: the sum of the cross-entropies, and how many labels have the largest score. */
export function scoreLabels(scores: Float32Array, labels: Uint32Array | Uint8Array, classes: number) {
  let lossSum = 0;
  let correct = 0;
  for (let row = 0; row < labels.length; row++) {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    const label = labels[row] as number;
    lossSum += logSumExp(own) - (own[label] as number);
    if (indexOfMax(own) === label) correct++;
  }
  return { lossSum, correct };
}
