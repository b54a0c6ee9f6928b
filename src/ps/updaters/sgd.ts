// Stochastic gradient descent: w ← w − η·g. The only updater without state.
import type { UpdateContext, Updater } from './updater.ts';

/** Plain SGD. `weight` scales the learning rate, so one clock's pushes together make one full step. */
export function sgd(): Updater {
  return { aggregate: 'mean', slots: 0, scalars: [], advance() {}, apply };
}

function apply(
  values: Float32Array,
  _slots: readonly Float32Array[],
  at: number,
  gradient: Float32Array,
  from: number,
  count: number,
  context: UpdateContext,
): void {
  const rate = context.learningRate * context.weight;
  for (let i = 0; i < count; i++) {
    values[at + i] = (values[at + i] as number) - rate * (gradient[from + i] as number);
  }
}
