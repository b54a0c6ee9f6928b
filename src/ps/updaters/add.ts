// Addition: w ← w + g. For counts and sketches; whole numbers below 2²⁴ stay exact in f32.
import type { Updater } from './updater.ts';

/** Sums what is pushed. No learning rate, no weight: a push counts once, whatever the consistency. */
export function add(): Updater {
  return { aggregate: 'sum', slots: 0, scalars: [], advance() {}, apply };
}

function apply(
  values: Float32Array,
  _slots: readonly Float32Array[],
  at: number,
  gradient: Float32Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) values[at + i] = (values[at + i] ?? 0) + (gradient[from + i] ?? 0);
}
