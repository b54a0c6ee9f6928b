// The kinds of consistency in plain words.
import type { ConsistencyView } from '../../store/view.ts';

export const consistencyName = (consistency: ConsistencyView): string => {
  switch (consistency.kind) {
    case 'bsp':
      return 'BSP';
    case 'ssp':
      return `bounded delay τ = ${consistency.delay}`;
    case 'dynamic':
      return 'dynamic delay';
    case 'async':
      return 'async';
    default:
      return consistency satisfies never;
  }
};

/** What it means for the workers, in one sentence. */
export function explainConsistency(consistency: ConsistencyView): string {
  switch (consistency.kind) {
    case 'bsp':
      return 'All workers step together: every clock waits for the slowest. Exactly like one big machine, and as slow as the slowest tab.';
    case 'ssp':
      return consistency.delay === 1
        ? 'A worker may run one clock ahead of the slowest: enough to compute while gradients travel.'
        : `A worker may run up to ${consistency.delay} clocks ahead of the slowest: short delays no longer hold anyone up.`;
    case 'dynamic':
      return 'The scheduler picks the smallest delay at which workers wait less than 2 % of their time: small while all are equally fast, larger while one is slow.';
    case 'async':
      return 'Nobody waits for anybody: the fastest, but gradients may be computed on old parameters.';
    default:
      return consistency satisfies never;
  }
}
