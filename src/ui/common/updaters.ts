// The updaters' names for people.

export const UPDATERS: readonly { value: string; label: string }[] = [
  { value: 'sgd', label: 'SGD' },
  { value: 'momentum', label: 'Momentum' },
  { value: 'adagrad', label: 'Adagrad' },
  { value: 'adam', label: 'Adam' },
  { value: 'ftrl', label: 'FTRL-Proximal' },
];

export const updaterLabel = (updater: string): string =>
  UPDATERS.find(({ value }) => value === updater)?.label ?? updater;
