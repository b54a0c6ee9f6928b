// A number field that lets people type in peace: what isn't a number in range yet stays in the field, unsent.
import { useState } from 'react';

interface NumberInputProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
  readonly isLabelHidden?: boolean;
  onChange(value: number): void;
}

export function NumberInput(props: NumberInputProps) {
  const { label, value, min, max, step, isLabelHidden = false, onChange } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const isWrong = draft !== null && !isInRange(Number(draft), draft);

  function isInRange(number: number, text: string): boolean {
    const isWhole = step !== 1 || Number.isInteger(number);
    return text.trim() !== '' && Number.isFinite(number) && number >= min && number <= max && isWhole;
  }

  return (
    <label className="field">
      <span className={isLabelHidden ? 'sr-only' : undefined}>{label}</span>
      <input
        className="input"
        type="number"
        inputMode={step === 1 ? 'numeric' : 'decimal'}
        min={min}
        max={max}
        step={step}
        aria-invalid={isWrong}
        value={draft ?? String(value)}
        onChange={(event) => {
          const text = event.target.value;
          setDraft(text);
          if (isInRange(Number(text), text)) onChange(Number(text));
        }}
        onBlur={() => setDraft(null)}
      />
    </label>
  );
}
