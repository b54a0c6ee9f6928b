// How far workers may drift apart: the kind, the delay, and what that means.
import { useRef } from 'react';
import { type ConsistencyView, FIRST_DYNAMIC_DELAY } from '../../store/view.ts';
import { Choice } from '../common/choice.tsx';
import { explainConsistency } from './consistency-words.ts';
import './steering.css';

type Kind = ConsistencyView['kind'];

const KINDS: readonly { value: Kind; label: string }[] = [
  { value: 'bsp', label: 'BSP' },
  { value: 'ssp', label: 'Bounded delay' },
  { value: 'dynamic', label: 'Dynamic' },
  { value: 'async', label: 'Async' },
];

const MAX_DELAY = 16;
const FIRST_DELAY = 4;

function ofKind(kind: Kind, delay: number): ConsistencyView {
  if (kind === 'ssp') return { kind, delay };
  return kind === 'dynamic' ? { kind, delay: FIRST_DYNAMIC_DELAY } : { kind };
}

const boundText = (value: ConsistencyView): string | number =>
  value.kind === 'bsp' ? '0' : value.kind === 'async' ? '∞' : value.delay;

interface ConsistencyChoiceProps {
  readonly value: ConsistencyView;
  onChange(value: ConsistencyView): void;
}

export function ConsistencyChoice({ value, onChange }: ConsistencyChoiceProps) {
  const delay = useRef(FIRST_DELAY);
  if (value.kind === 'ssp') delay.current = value.delay;
  const choose = (kind: Kind) => onChange(ofKind(kind, delay.current));
  return (
    <div className="consistency">
      <Choice legend="Consistency" options={KINDS} value={value.kind} onChange={choose} />
      <label className="delay" data-off={value.kind !== 'ssp'}>
        <span>
          Delay <span className="math">τ</span>
        </span>
        <input
          type="range"
          aria-label="Delay τ"
          min={1}
          max={MAX_DELAY}
          step={1}
          disabled={value.kind !== 'ssp'}
          value={'delay' in value ? value.delay : delay.current}
          aria-valuetext={`${'delay' in value ? value.delay : delay.current} clocks`}
          onChange={(event) => onChange({ kind: 'ssp', delay: Number(event.target.value) })}
        />
        <b>{boundText(value)}</b>
      </label>
      <p className="consistency-words">{explainConsistency(value)}</p>
    </div>
  );
}
