// The updaters' names for people.

export const UPDATERS: readonly { value: string; label: string }[] = [
  { value: 'sgd', label: 'SGD' },
  { value: 'momentum', label: 'Momentum' },
  { value: 'adagrad', label: 'Adagrad' },
  { value: 'adam', label: 'Adam' },
  { value: 'ftrl', label: 'FTRL-Proximal' },
];

/** Counts and sketches add up what is pushed: there is neither a rate nor another updater to choose. */
export const isAdding = (updater: string): boolean => updater === 'add';

export const updaterLabel = (updater: string): string =>
  isAdding(updater) ? 'Addition' : (UPDATERS.find(({ value }) => value === updater)?.label ?? updater);
