// For the tests of updaters: one value, or a few, taken through a list of gradients.
import type { Updater } from './updater.ts';

export interface TrialSettings {
  readonly start?: readonly number[];
  readonly learningRate?: number;
  readonly weight?: number;
}

/** What a segment holds for an updater. */
export interface Trial {
  readonly values: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly scalars: Float64Array;
  /** Applies one gradient to all values. */
  step(gradient: readonly number[], learningRate?: number, weight?: number): void;
}

/** Values that start as `start`, with fresh state. */
export function trial(updater: Updater, { start = [0], learningRate = 0.1, weight = 1 }: TrialSettings = {}): Trial {
  const values = Float32Array.from(start);
  const slots = Array.from({ length: updater.slots }, () => new Float32Array(start.length));
  const scalars = Float64Array.from(updater.scalars);
  return {
    values,
    slots,
    scalars,
    step(gradient, rate = learningRate, share = weight) {
      const context = { learningRate: rate, weight: share, scalars };
      updater.advance(context);
      updater.apply(values, slots, 0, Float32Array.from(gradient), 0, gradient.length, context);
    },
  };
}

/** Everything that replicas must agree on. */
export const stateOf = ({ values, slots, scalars }: Trial) => ({ values, slots, scalars });
