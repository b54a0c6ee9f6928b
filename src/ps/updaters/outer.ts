// The outer optimiser of local steps: what servers do with the way that workers' parameters went between two exchanges.
import { momentum } from './momentum.ts';
import { sgd } from './sgd.ts';
import type { Updater } from './updater.ts';

/** A step of `learningRate` along the workers' mean way, with Nesterov momentum where that isn't 0. */
export interface OuterSpec {
  readonly learningRate: number;
  readonly momentum: number;
}

/** The mean of the workers' parameters: Stich 2019, "Local SGD converges fast and communicates little", algorithm 1. */
export const AVERAGE: OuterSpec = { learningRate: 1, momentum: 0 };

/** Douillard et al. 2023, "DiLoCo", section 3.1. */
export const DILOCO: OuterSpec = { learningRate: 0.7, momentum: 0.9 };

/** An updater that takes drifts, too. The state of the outer one lies behind its own. */
export function withOuter(inner: Updater, spec: OuterSpec): Updater {
  const outer = spec.momentum === 0 ? sgd() : momentum({ beta: spec.momentum, nesterov: true });
  return {
    ...inner,
    slots: inner.slots + outer.slots,
    drift: (values, slots, drift, context) =>
      outer.apply(values, slots.slice(inner.slots), 0, drift, 0, drift.length, context),
  };
}
