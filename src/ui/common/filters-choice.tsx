// What pushes and pulls go through: the choice, and what it means.
import type { FiltersView } from '../../store/view.ts';
import { Choice } from './choice.tsx';
import { explainFilters, FILTER_PRESETS, type FilterPreset, filtersOf, presetOf } from './filters-words.ts';
import './filters-choice.css';

interface FiltersChoiceProps {
  readonly value: FiltersView;
  /** What the automatic mode says; null where it says nothing. */
  readonly choice: string | null;
  onChange(value: FiltersView): void;
}

export function FiltersChoice({ value, choice, onChange }: FiltersChoiceProps) {
  return (
    <div className="filters">
      <Choice<FilterPreset | 'other'>
        legend="Filters"
        options={FILTER_PRESETS}
        value={presetOf(value) ?? 'other'}
        onChange={(chosen) => chosen !== 'other' && onChange(filtersOf(chosen))}
      />
      <p className="filters-words">{explainFilters(value, choice)}</p>
    </div>
  );
}
