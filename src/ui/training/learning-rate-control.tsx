// Learning rate, while it runs: a slider over powers of ten, and a field for exact values.
import { NumberInput } from '../common/number-input.tsx';
import { useDraft } from '../common/use-draft.ts';
import { formatRate } from '../format.ts';

const LOWEST = 1e-6;
const HIGHEST = 10;
/** Slider positions per power of ten: fine enough for 1, 2, 5. */
const POSITIONS = 10;

interface LearningRateControlProps {
  readonly value: number;
  onChange(value: number): void;
}

/** A rate with two significant digits: what a slider can mean. */
const rateAt = (position: number): number => Number((10 ** (position / POSITIONS)).toPrecision(2));

export function LearningRateControl({ value, onChange }: LearningRateControlProps) {
  const [shown, change] = useDraft(value, onChange);
  return (
    <div className="rate">
      <label className="rate-slider">
        <span>Learning rate</span>
        <input
          type="range"
          aria-label="Learning rate"
          min={Math.log10(LOWEST) * POSITIONS}
          max={Math.log10(HIGHEST) * POSITIONS}
          step={1}
          value={Math.round(Math.log10(Math.max(LOWEST, shown)) * POSITIONS)}
          aria-valuetext={formatRate(shown)}
          onChange={(event) => change(rateAt(Number(event.target.value)))}
        />
      </label>
      <NumberInput
        label="Learning rate"
        isLabelHidden
        value={shown}
        min={LOWEST / 100}
        max={HIGHEST * 10}
        step="any"
        onChange={change}
      />
    </div>
  );
}
