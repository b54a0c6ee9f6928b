// The model of matrix factorisation: one line of arithmetic that kernel and try-it panel share.

/** What a model says of one user and one item, less the mean: both biases and the product of their factors. */
export function predictRating(
  users: Float32Array,
  user: number,
  items: Float32Array,
  item: number,
  width: number,
): number {
  let sum = (users[user] as number) + (items[item] as number);
  for (let at = 1; at < width; at++) sum += (users[user + at] as number) * (items[item + at] as number);
  return sum;
}
