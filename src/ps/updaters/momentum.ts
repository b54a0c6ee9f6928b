// Momentum, classical and Nesterov's: slot 0 is the velocity.
import { slotAt } from './slots.ts';
import type { UpdateContext, Updater } from './updater.ts';

/**
 * v ← β·v + g; w ← w − η·v, or with Nesterov's look-ahead w ← w − η·(g + β·v). Sutskever et al. 2013, "On the
 * importance of initialization and momentum in deep learning", section 2, in the form that PyTorch uses (η outside the
 * velocity, so that changing it live takes effect at once). `weight` scales η, not the velocity.
 */
export function momentum({ beta, nesterov }: { beta: number; nesterov: boolean }): Updater {
  /** Share of the gradient and of the new velocity in a step. */
  const [direct, carried] = nesterov ? [1, beta] : [0, 1];
  return {
    aggregate: 'mean',
    slots: 1,
    scalars: [],
    advance() {},
    apply(values, slots, at, gradient, from, count, { learningRate, weight }: UpdateContext) {
      const velocity = slotAt(slots, 0);
      const rate = learningRate * weight;
      for (let i = 0; i < count; i++) {
        const g = gradient[from + i] as number;
        const v = beta * (velocity[at + i] as number) + g;
        velocity[at + i] = v;
        values[at + i] = (values[at + i] as number) - rate * (direct * g + carried * v);
      }
    },
  };
}
