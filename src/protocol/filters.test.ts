import { describe, expect, test } from 'vitest';
import {
  BadFilter,
  filtersSchema,
  parsePullFilters,
  parsePushFilters,
  parsePushSpec,
  pullFiltersText,
  pushFiltersText,
  specFor,
} from './filters.ts';

test.each([
  'off',
  'f16',
  'int8',
  'topk:0.01+int8',
  'topk:0.001:0.9+f16',
  'kkt+int8',
  'significant:0.1+skip:0.5+onebit',
])('push filter %s is read and written again', (text) => expect(pushFiltersText(parsePushFilters(text))).toBe(text));

test.each(['off', 'f16', 'delta+f16', 'delta+int8', 'f16;b1=off;w1=delta+int8'])('pull filter %s too', (text) =>
  expect(pullFiltersText(parsePullFilters(text))).toBe(text),
);

test('without a codec values stay f32', () => {
  expect(parsePushSpec('topk:0.01')?.codec).toBe('f32');
});

test('a table may have a filter of its own', () => {
  const filters = parsePushFilters('int8;b1=off');
  expect(specFor(filters, 'w1')?.codec).toBe('int8');
  expect(specFor(filters, 'b1')).toBeNull();
});

describe('errors name what is wrong', () => {
  test.each([
    ['gzip', /no filter "gzip".*topk/],
    ['topk', /topk/],
    ['topk:2+int8', /topk:2/],
    ['topk:x', /topk:x/],
    ['int8+topk:0.1', /no filter "int8"/],
    ['f16;=int8', /TABLE=FILTER/],
  ])('%s', (text, message) => {
    expect(() => parsePushFilters(text)).toThrow(BadFilter);
    expect(() => parsePushFilters(text)).toThrow(message);
  });

  test.each(['topk:0.1+int8', 'delta+delta+f16', 'onebit', ''])('of pulls: "%s"', (text) => {
    if (text === '') expect(() => parsePullFilters('delta+x')).toThrow(BadFilter);
    else expect(() => parsePullFilters(text)).toThrow(BadFilter);
  });
});

test('what was parsed passes the schema of messages', () => {
  const filters = { kind: 'fixed', push: parsePushFilters('topk:0.01+int8'), pull: parsePullFilters('delta+f16') };
  expect(filtersSchema.parse(filters)).toEqual(filters);
});
