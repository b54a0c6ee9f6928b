import { expect, test } from 'vitest';
import { wordsOf } from '../../data/documents.ts';
import { barsGenerator } from '../../data/generators/bars.ts';
import { StartCounts } from './start-counts.ts';

const { meta, block, blockSamples } = barsGenerator(3, { train: 150, test: 10 });
if (meta.kind !== 'documents') throw new Error('bars are documents');
const TOPICS = 7;

test('what everybody knows of the start is what the tokens of all documents, looked at one by one, add up to', () => {
  const start = new StartCounts(meta, TOPICS, (word) => word !== 4);
  const counted = new Int32Array(meta.words * TOPICS);
  blockSamples.train.forEach((_, index) => {
    const rows = block('train', index);
    if (rows.kind !== 'sparse') throw new Error('sparse');
    for (let row = 0; row < rows.count; row++) {
      for (const { word, times, before } of wordsOf(rows, row, meta.words)) {
        if (word === 4) continue;
        for (let i = 0; i < times; i++) {
          const at = word * TOPICS + start.topicOf(word, before + i);
          counted[at] = (counted[at] ?? 0) + 1;
        }
      }
    }
  });
  const known = new Int32Array(meta.words * TOPICS);
  for (let word = 0; word < meta.words; word++) start.addTo(known, word * TOPICS, word);
  expect(known).toEqual(counted);
  expect(start.tokens).toBe(counted.reduce((sum, count) => sum + count, 0));
  expect(start.totals().reduce((sum, count) => sum + count, 0)).toBe(start.tokens);
});

test('a word starts spread over all topics', () => {
  const start = new StartCounts(meta, TOPICS, () => true);
  const row = new Int32Array(TOPICS);
  start.addTo(row, 0, 0);
  expect(Math.max(...row) - Math.min(...row)).toBeLessThanOrEqual(1);
});
