import { expect, test } from 'vitest';
import type { AdviceView } from '../../store/view.ts';
import { adviceSentence, figuresSentence } from './ratio-words.ts';

const advice = (change: Partial<AdviceView> = {}): AdviceView => ({
  tabs: 3,
  current: { workers: 3, servers: 1 },
  best: { workers: 3, servers: 3 },
  figures: { clockMs: 20, computeMs: 4.2, leastMs: 4, bytes: 1_900_000, serveMs: 3, roundTripMs: 1 },
  points: [
    { workers: 3, servers: 1, predicted: 900, measured: 1000 },
    { workers: 3, servers: 3, predicted: 1250, measured: null },
  ],
  ...change,
});

test('says what is expected of the best, beside what is measured now', () => {
  expect(adviceSentence(advice())).toBe('With 3 workers, 3 servers, 1,250 samples/s is predicted, 25 % more.');
});

test('says so where nothing is better', () => {
  expect(adviceSentence(advice({ best: { workers: 3, servers: 1 } }))).toMatch(/^No other division/);
});

test('says what the prediction is made of', () => {
  expect(figuresSentence(advice())).toBe(
    'Measured: a clock takes 20 ms. A worker computes 4.2 ms of it and moves 1.9 MB; serving takes 3.0 ms.',
  );
});
