import { expect, test } from 'vitest';
import { AGGREGATORS, aggregatorName, aggregatorOf, explainAggregator, isRobust } from './aggregator-words.ts';

test('rules that compare workers say that they need BSP, and where they come from', () => {
  for (const { value } of AGGREGATORS) {
    const { sentence, paper } = explainAggregator(aggregatorOf(value));
    expect(sentence.includes('BSP')).toBe(isRobust(aggregatorOf(value)));
    expect(paper !== null).toBe(isRobust(aggregatorOf(value)));
  }
});

test('the sentence has the share that is dropped', () => {
  expect(explainAggregator({ kind: 'trimmed-mean', share: 0.3 }).sentence).toContain('30 %');
  expect(aggregatorName({ kind: 'trimmed-mean', share: 0.3 })).toBe('trimmed mean');
});
