// FTRL-Proximal with L1 and L2: sparse models from noisy gradients, with zeros that are exactly zero.
// Slots: 0 is z (gradients and proximal centres, summed), 1 is n (squared gradients, summed), 2 is the strength d of the
// quadratic that pulls towards the centres. The scalar is t, the updates of this segment so far, weighted.
import { scalarAt, slotAt } from './slots.ts';
import type { UpdateContext, Updater } from './updater.ts';

/** Minimises z·w + penalty·|w| + strength·w²/2 over w: soft thresholding. */
function minimum(z: number, penalty: number, strength: number): number {
  if (z > penalty) return (penalty - z) / strength;
  if (z < -penalty) return (-penalty - z) / strength;
  return 0;
}

/**
 * McMahan et al. 2013, "Ad click prediction: a view from the trenches", algorithm 1, with both penalties charged at every
 * update as in McMahan 2011, "Follow-the-regularized-leader and mirror descent", section 1: after t updates
 *
 *     w = −(z − sign(z)·t·l1) / (d + t·l2), and 0 where |z| ≤ t·l1;   d = (β + √n)/α
 *
 * so that `l1` and `l2` mean what they mean in the batch objective, per sample. α is the learning rate. It differs from the
 * paper's listing in two ways. d is stored instead of derived from n, so that α may change while training runs: the change
 * in d is centred on the present w, which then moves no further than the gradient asks. A value never touched (d = 0) stays
 * what it started as, and its first update is centred there; tables that start at zero follow the paper.
 *
 * `weight` scales the gradient, and t advances by it. t grows for keys that a push does not touch, too, so `refresh`
 * brings values up to date before they are read. `apply` starts from the slots, never from values that a read may or may
 * not have refreshed, so replicas agree whoever was read.
 */
export function ftrl({ beta, l1, l2 }: { beta: number; l1: number; l2: number }): Updater {
  return {
    aggregate: 'mean',
    slots: 3,
    scalars: [0],
    advance({ scalars, weight }: UpdateContext) {
      scalars[0] = scalarAt(scalars, 0) + weight;
    },
    apply(values, slots, at, gradient, from, count, { learningRate, weight, scalars }: UpdateContext) {
      const [z, n, d] = [slotAt(slots, 0), slotAt(slots, 1), slotAt(slots, 2)];
      const t = scalarAt(scalars, 0);
      const before = t - weight;
      for (let i = at; i < at + count; i++) {
        const g = weight * (gradient[from + i - at] as number);
        const strength = d[i] as number;
        const w = strength === 0 ? (values[i] as number) : minimum(z[i] as number, before * l1, strength + before * l2);
        n[i] = (n[i] as number) + g * g;
        d[i] = (beta + Math.sqrt(n[i] as number)) / learningRate;
        const grown = d[i] as number;
        // Only where β = 0: no gradient yet, so no scale for a step.
        if (grown === 0) continue;
        z[i] = (z[i] as number) + g - (grown - strength) * w;
        values[i] = minimum(z[i] as number, t * l1, grown + t * l2);
      }
    },
    refresh(values, slots, at, count, scalars) {
      const [z, d] = [slotAt(slots, 0), slotAt(slots, 2)];
      const t = scalarAt(scalars, 0);
      for (let i = at; i < at + count; i++) {
        const strength = d[i] as number;
        if (strength > 0) values[i] = minimum(z[i] as number, t * l1, strength + t * l2);
      }
    },
  };
}
