// Scores of classes, in plain arrays: the largest, and their normaliser.

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
