// How one gradient is made of all tabs' gradients: for rooms in which not everybody is trusted.
import type { AggregatorView } from '../../store/view.ts';
import { AggregatorSentence } from '../common/aggregator-sentence.tsx';
import { AGGREGATORS, aggregatorOf } from '../common/aggregator-words.ts';
import { Choice } from '../common/choice.tsx';

interface AggregatorChoiceProps {
  readonly value: AggregatorView;
  onChange(value: AggregatorView): void;
}

export function AggregatorChoice({ value, onChange }: AggregatorChoiceProps) {
  return (
    <div className="replicas">
      <Choice
        legend="Aggregator"
        options={AGGREGATORS}
        value={value.kind}
        onChange={(kind) => onChange(aggregatorOf(kind))}
      />
      <AggregatorSentence value={value} />
    </div>
  );
}
