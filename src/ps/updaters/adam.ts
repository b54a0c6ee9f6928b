// Adam: slots 0 and 1 are the running means of the gradient and of its square; the scalars are β1ᵗ and β2ᵗ.
import { scalarAt, slotAt } from './slots.ts';
import type { UpdateContext, Updater } from './updater.ts';

/**
 * Kingma and Ba 2015, "Adam", algorithm 1: m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g²,
 * w ← w − η·m̂ / (√v̂ + ε) with m̂ = m/(1−β1ᵗ), v̂ = v/(1−β2ᵗ). The powers are running products, because `Math.pow`
 * differs by browser. t counts the segment's applications: under key lists a key touched for the first time late gets the
 * segment's correction, which is smaller than its own would be. `weight` scales η.
 */
export function adam({ beta1, beta2, epsilon }: { beta1: number; beta2: number; epsilon: number }): Updater {
  return {
    aggregate: 'mean',
    slots: 2,
    scalars: [1, 1],
    advance({ scalars }: UpdateContext) {
      scalars[0] = scalarAt(scalars, 0) * beta1;
      scalars[1] = scalarAt(scalars, 1) * beta2;
    },
    apply(values, slots, at, gradient, from, count, { learningRate, weight, scalars }: UpdateContext) {
      const means = slotAt(slots, 0);
      const squares = slotAt(slots, 1);
      const rate = (learningRate * weight) / (1 - scalarAt(scalars, 0));
      const correction = Math.sqrt(1 - scalarAt(scalars, 1));
      for (let i = 0; i < count; i++) {
        const g = gradient[from + i] as number;
        const m = beta1 * (means[at + i] as number) + (1 - beta1) * g;
        const v = beta2 * (squares[at + i] as number) + (1 - beta2) * g * g;
        means[at + i] = m;
        squares[at + i] = v;
        values[at + i] = (values[at + i] as number) - (rate * m) / (Math.sqrt(v) / correction + epsilon);
      }
    },
  };
}
