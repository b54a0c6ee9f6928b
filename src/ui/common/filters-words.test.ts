import { expect, test } from 'vitest';
import { explainFilters, FILTER_PRESETS, filtersName, filtersOf, presetOf } from './filters-words.ts';

test.each(FILTER_PRESETS)('$label is what it says', ({ value }) => {
  expect(presetOf(filtersOf(value))).toBe(value);
});

test('presets in the words of the command line', () => {
  expect(filtersOf('f16')).toEqual({ kind: 'fixed', push: 'f16', pull: 'f16' });
  expect(filtersOf('int8')).toEqual({ kind: 'fixed', push: 'int8', pull: 'delta+int8' });
});

test('other filters are shown as they were asked for', () => {
  const filters = { kind: 'fixed', push: 'topk:0.01+int8', pull: 'f16' } as const;
  expect(presetOf(filters)).toBeNull();
  expect(filtersName(filters)).toBe('topk:0.01+int8 / f16');
  expect(explainFilters(filters, null)).toBe('Pushes: topk:0.01+int8. Pulls: f16.');
});

test('the automatic mode says what it chose', () => {
  expect(explainFilters({ kind: 'auto' }, '16-bit values after every step: …')).toBe(
    '16-bit values after every step: …',
  );
  expect(explainFilters({ kind: 'auto' }, null)).toMatch(/^Measures what moving parameters costs/);
});
