// From an updater's settings, as they travel in a job, to the updater.
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { add } from './add.ts';
import { ftrl } from './ftrl.ts';
import { momentum } from './momentum.ts';
import { type OuterSpec, withOuter } from './outer.ts';
import { sgd } from './sgd.ts';
import type { Updater, UpdaterSpec } from './updater.ts';

/**
 * The updater that `spec` describes. It keeps no state of its own: one serves all segments.
 * @param outer of local steps; absent where there are none that have a way
 */
export function createUpdater(spec: UpdaterSpec, outer?: OuterSpec): Updater {
  const updater = plainUpdater(spec);
  return outer === undefined ? updater : withOuter(updater, outer);
}

function plainUpdater(spec: UpdaterSpec): Updater {
  switch (spec.kind) {
    case 'add':
      return add();
    case 'sgd':
      return sgd();
    case 'momentum':
      return momentum(spec);
    case 'adagrad':
      return adagrad(spec);
    case 'adam':
      return adam(spec);
    case 'ftrl':
      return ftrl(spec);
    default:
      return spec satisfies never;
  }
}
