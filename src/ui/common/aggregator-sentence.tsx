// What a rule for one gradient of many does, in a sentence, and where it comes from.
import type { AggregatorView } from '../../store/view.ts';
import { explainAggregator } from './aggregator-words.ts';

export function AggregatorSentence({ value }: { readonly value: AggregatorView }) {
  const { sentence, paper } = explainAggregator(value);
  return (
    <p className="replicas-words">
      {sentence} {paper !== null && <cite>{paper}</cite>}
    </p>
  );
}
