// Whether idle tabs make the gradients of those far behind, and what that costs.
import { Choice } from '../common/choice.tsx';

const OPTIONS: readonly { value: 'off' | 'on'; label: string }[] = [
  { value: 'off', label: 'Off' },
  { value: 'on', label: 'On' },
];

interface BackupsChoiceProps {
  readonly value: boolean;
  onChange(value: boolean): void;
}

export function BackupsChoice({ value, onChange }: BackupsChoiceProps) {
  return (
    <div className="replicas">
      <Choice
        legend="Backup tasks"
        options={OPTIONS}
        value={value ? 'on' : 'off'}
        onChange={(chosen) => onChange(chosen === 'on')}
      />
      <p className="replicas-words">
        {value ? (
          <>
            The gradient of a tab that is less than half as fast as most is also made by one that would only wait; the
            first to arrive counts. Needs BSP. <cite>Dean and Ghemawat 2004</cite>
          </>
        ) : (
          'In BSP every tab waits for the slowest one.'
        )}
      </p>
    </div>
  );
}
