// Whether gradients that come late count less.

interface StalenessChoiceProps {
  readonly isOn: boolean;
  /** In BSP none comes late. */
  readonly isDisabled: boolean;
  onChange(isOn: boolean): void;
}

export function StalenessChoice({ isOn, isDisabled, onChange }: StalenessChoiceProps) {
  return (
    <label className="check" title="The learning rate of a gradient is divided by the clocks that it comes late">
      <input
        type="checkbox"
        checked={isOn && !isDisabled}
        disabled={isDisabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>Late gradients count less</span>
      <span className="muted small">{isDisabled ? 'in BSP none is late' : 'rate ÷ staleness'}</span>
    </label>
  );
}
