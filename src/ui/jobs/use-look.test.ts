import { expect, test } from 'vitest';
import { pauseAfter } from './use-look.ts';

test('answers take a tenth of the trainer’s time at most, and come once a second at most', () => {
  expect(pauseAfter(10)).toBe(1_000);
  expect(pauseAfter(2_000)).toBe(18_000);
});
