// From an updater's settings, as they travel in a job, to the updater.
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { add } from './add.ts';
import { ftrl } from './ftrl.ts';
import { momentum } from './momentum.ts';
import { sgd } from './sgd.ts';
import type { Updater, UpdaterSpec } from './updater.ts';

/** The updater that `spec` describes. It keeps no state of its own: one serves all segments. */
export function createUpdater(spec: UpdaterSpec): Updater {
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
