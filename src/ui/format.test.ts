// Facts about numbers as people read them.
import { expect, test } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatLoss,
  formatMilliseconds,
  formatPercent,
  formatRate,
  formatShort,
  plural,
} from './format.ts';

test('bytes change unit before they would print as 1000', () => {
  expect([0, 999, 999.6, 1_234, 999_949, 999_950, 5_400_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '999.9 kB',
    '1.0 MB',
    '5.4 GB',
  ]);
});

test('a loss shows what changes, and says when it is no number', () => {
  expect([0.12345, 12.345, 1234.5, 3e8, Number.NaN, Number.POSITIVE_INFINITY].map(formatLoss)).toEqual([
    '0.1235',
    '12.35',
    '1235',
    '3.0e+8',
    'NaN',
    '∞',
  ]);
  expect(formatLoss(null)).toBe('–');
});

test('percentages keep one decimal', () => {
  expect(formatPercent(0.9481)).toBe('94.8 %');
  expect(formatPercent(1)).toBe('100.0 %');
  expect(formatPercent(null)).toBe('–');
});

test('durations read as a clock', () => {
  expect([0, 65, 3_700].map(formatDuration)).toEqual(['0:00', '1:05', '1:01:40']);
});

test('counts shorten from ten thousand on', () => {
  expect([0, 9_999, 10_000, 99_960, 999_960, 1_250_000].map(formatShort)).toEqual([
    '0',
    '9,999',
    '10.0k',
    '100.0k',
    '1.0M',
    '1.3M',
  ]);
});

test('round trips, rates and plurals', () => {
  expect([0.34, 12.6].map(formatMilliseconds)).toEqual(['0.3 ms', '13 ms']);
  expect([0.001, 0.1 + 0.2, 0.00001, 1].map(formatRate)).toEqual(['0.001', '0.3', '1e−5', '1']);
  expect([plural(1, 'tab'), plural(0, 'tab'), plural(12, 'tab')]).toEqual(['1 tab', '0 tabs', '12 tabs']);
});

test('an age is told in the largest unit that it fills', () => {
  const minute = 60_000;
  expect([0, 59_999, minute, 59 * minute, 60 * minute, 47 * 60 * minute, 48 * 60 * minute].map(formatAge)).toEqual([
    'just now',
    'just now',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    '47 hours ago',
    '2 days ago',
  ]);
});
