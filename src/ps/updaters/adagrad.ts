// Adagrad: a learning rate per value, falling with the gradients it has seen. Slot 0 is the sum of their squares.
import { slotAt } from './slots.ts';
import type { UpdateContext, Updater } from './updater.ts';

/**
 * h ← h + g²; w ← w − η·g / (√h + ε). Duchi, Hazan, Singer 2011, "Adaptive subgradient methods", figure 1, diagonal
 * case. Untouched keys need nothing, which makes it the plain choice for sparse tables. A share's `weight` scales η; the
 * gradient of several clocks counts as their sum, for h would know nothing of their number, and each of them go as far as all.
 */
export function adagrad({ epsilon }: { epsilon: number }): Updater {
  return {
    aggregate: 'mean',
    slots: 1,
    scalars: [],
    advance() {},
    apply(values, slots, at, gradient, from, count, { learningRate, weight }: UpdateContext) {
      const squares = slotAt(slots, 0);
      const clocks = Math.max(1, weight);
      const rate = learningRate * Math.min(1, weight);
      for (let i = 0; i < count; i++) {
        const g = clocks * (gradient[from + i] as number);
        const h = (squares[at + i] as number) + g * g;
        squares[at + i] = h;
        values[at + i] = (values[at + i] as number) - (rate * g) / (Math.sqrt(h) + epsilon);
      }
    },
  };
}
