// Where the gradients of a clock come together: at the servers, or round a ring of workers.
import type { ReduceView } from '../../store/view.ts';
import { Choice } from '../common/choice.tsx';
import { ReduceSentence } from '../common/reduce-sentence.tsx';
import { REDUCES } from '../common/reduce-words.ts';

interface ReduceChoiceProps {
  readonly value: ReduceView;
  onChange(value: ReduceView): void;
}

export function ReduceChoice({ value, onChange }: ReduceChoiceProps) {
  return (
    <div className="replicas">
      <Choice legend="All-reduce" options={REDUCES} value={value} onChange={onChange} />
      <ReduceSentence value={value} />
    </div>
  );
}
