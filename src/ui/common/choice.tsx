// A row of radio buttons that looks like one control.
import { useId } from 'react';
import './choice.css';

export interface ChoiceOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

interface ChoiceProps<Value extends string> {
  readonly legend: string;
  /** The legend is for screen readers only where something beside it says the same. */
  readonly isLegendHidden?: boolean;
  readonly options: readonly ChoiceOption<Value>[];
  readonly value: Value;
  readonly isDisabled?: boolean;
  onChange(value: Value): void;
}

export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { legend, isLegendHidden = false, options, value, isDisabled = false, onChange } = props;
  const name = useId();
  return (
    <fieldset className="choice" disabled={isDisabled}>
      <legend className={isLegendHidden ? 'sr-only' : 'choice-legend'}>{legend}</legend>
      <div className="choice-row">
        {options.map((option) => (
          <label key={option.value} className="choice-option">
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
