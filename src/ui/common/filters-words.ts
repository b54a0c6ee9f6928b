// Filters as people choose them: a few good ones by name; anything else is shown as it was asked for.
import type { FiltersView } from '../../store/view.ts';

export type FilterPreset = 'off' | 'f16' | 'int8' | 'auto';

const FIXED: Readonly<Record<'f16' | 'int8', FiltersView>> = {
  f16: { kind: 'fixed', push: 'f16', pull: 'f16' },
  int8: { kind: 'fixed', push: 'int8', pull: 'delta+int8' },
};

export const FILTER_PRESETS: readonly { value: FilterPreset; label: string }[] = [
  { value: 'off', label: 'Off' },
  { value: 'f16', label: '16 bit' },
  { value: 'int8', label: '8 bit' },
  { value: 'auto', label: 'Automatic' },
];

export const filtersOf = (preset: FilterPreset): FiltersView =>
  preset === 'off' || preset === 'auto' ? { kind: preset } : FIXED[preset];

/** The preset that these filters are; null for others. */
export function presetOf(filters: FiltersView): FilterPreset | null {
  if (filters.kind !== 'fixed') return filters.kind;
  const found = (['f16', 'int8'] as const).find((name) => {
    const preset = FIXED[name];
    return preset.kind === 'fixed' && preset.push === filters.push && preset.pull === filters.pull;
  });
  return found ?? null;
}

/** "8 bit", or the stages themselves. */
export function filtersName(filters: FiltersView): string {
  const preset = presetOf(filters);
  if (preset === 'off') return 'no filters';
  if (preset !== null) return `${FILTER_PRESETS.find(({ value }) => value === preset)?.label.toLowerCase()} filters`;
  return filters.kind === 'fixed' ? `${filters.push} / ${filters.pull}` : 'filters';
}

/** What the filters do, in a sentence; `choice` is what the automatic mode says. */
export function explainFilters(filters: FiltersView, choice: string | null): string {
  switch (presetOf(filters)) {
    case 'off':
      return 'Gradients and parameters travel as they are: 32 bits a value, the same result bit by bit.';
    case 'f16':
      return 'Half the traffic: 16 bits a value, each rounded to the nearest.';
    case 'int8':
      return 'A quarter of the traffic: 8 bits a value, rounded so that the mean stays right. Pulls carry what changed.';
    case 'auto':
      return choice === null
        ? 'Measures what moving parameters costs; rounds them, or moves them less often, only where that is faster.'
        : choice;
    default:
      return filters.kind === 'fixed' ? `Pushes: ${filters.push}. Pulls: ${filters.pull}.` : '';
  }
}
