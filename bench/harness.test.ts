import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { atLeast, atMost, compare, median, rowOf } from './harness.ts';
import { figure, isMet, resultSchema, toMarkdown } from './result.ts';

const RESULTS = new URL('./results/', import.meta.url);

describe('compare', () => {
  it('takes both sides in turn, the other one first in every second round, and forgets the warm-up', async () => {
    const order: string[] = [];
    let figure = 0;
    const side = (name: string) => () => {
      order.push(name);
      return ++figure;
    };
    const rows = await compare([{ what: 'a', unit: 'ms', ours: side('o'), reference: side('r') }], {
      warmUp: 1,
      rounds: 2,
    });
    expect(order.join('')).toBe('roorro');
    // Rounds: (3, 4) and (6, 5).
    expect(rows[0]).toMatchObject({
      ours: 4.5,
      reference: 4.5,
      ratio: { median: (3 / 4 + 6 / 5) / 2, min: 0.75, max: 1.2 },
    });
  });

  it('goes round all comparisons before it repeats one', async () => {
    const order: string[] = [];
    const comparison = (what: string) => ({
      ...{ what, unit: 'ms', reference: () => 1 },
      ours: () => order.push(what),
    });
    await compare([comparison('a'), comparison('b')], { warmUp: 0, rounds: 2 });
    expect(order).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('rowOf', () => {
  it('divides within a round, then takes the median: noise that hits both sides of a round cancels', () => {
    const { ours, reference, ratio } = rowOf({ what: 'a', unit: 'ms', ours: [2, 20, 4], reference: [1, 10, 4] });
    expect({ ours, reference, ratio }).toEqual({ ours: 4, reference: 4, ratio: { median: 2, min: 1, max: 2 } });
  });

  it('refuses what has no ratio', () => {
    expect(() => rowOf({ what: 'a', unit: 'ms', ours: [1], reference: [0] })).toThrow('have no ratios');
    expect(() => rowOf({ what: 'a', unit: 'ms', ours: [1, 2], reference: [1] })).toThrow('2 figures of ours and 1');
    expect(() => rowOf({ what: 'a', unit: 'ms', ours: [], reference: [] })).toThrow('0 figures');
    expect(() => rowOf({ what: 'a', unit: 'ms', ours: [Number.NaN], reference: [1] })).toThrow('have no ratios');
  });

  it('knows whether a target of the ratio, or of our own figure, is met', () => {
    const figures = { what: 'a', unit: 'ms', ours: [9], reference: [10] };
    expect(isMet(rowOf({ ...figures, target: atLeast(0.9) }))).toBe(true);
    expect(isMet(rowOf({ ...figures, target: atLeast(0.91) }))).toBe(false);
    expect(isMet(rowOf({ ...figures, target: atMost(8, 'ours') }))).toBe(false);
    expect(isMet(rowOf(figures))).toBeNull();
  });
});

it('the median of an even number of values is the mean of the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});

it('a table has one line per row, and a target that is missed says so', () => {
  const row = rowOf({ what: 'a|b', unit: 'MB/s', ours: [400, 380], reference: [500, 500], target: atLeast(0.9) });
  const rows = [row, rowOf({ what: 'c', unit: 'ms', ours: [1234.5], reference: [0.0001] })];
  const about = {
    name: 'x',
    date: '2026-11-21T00:00:00.000Z',
    machine: 'm',
    command: 'npm run bench -- x',
    isQuick: true,
  };
  const lines = toMarkdown({ ...about, rows }).split('\n');
  expect(lines[0]).toBe('## x (a quick run)');
  expect(lines).toContain('| a\\|b | 390 MB/s | 500 MB/s | 0.78 (0.76–0.8) | ratio ≥ 0.9: falls short |  |');
  expect(lines).toContain('| c | 1,235 ms | 1.0e-4 ms | 12,345,000 |  |  |');
});

describe('bench/results', () => {
  const files = readdirSync(RESULTS).filter((file) => file.endsWith('.json'));

  it.each(files)('%s has the schema, and its table is the one beside it', (file) => {
    const result = resultSchema.parse(JSON.parse(readFileSync(new URL(file, RESULTS), 'utf8')));
    expect(`${result.name}.json`).toBe(file);
    expect(readFileSync(new URL(`${result.name}.md`, RESULTS), 'utf8')).toBe(toMarkdown(result));
  });
});

it('figures have three digits, and near 1 those that tell a ratio from 1', () => {
  expect([12_345.6, 123.4, 0.123456, 0.00001234, 0].map(figure)).toEqual(['12,346', '123', '0.123', '1.2e-5', '0']);
  expect([1, 1.00101, 0.99712, 0.9899, 1.0123].map(figure)).toEqual(['1', '1.00101', '0.99712', '0.99', '1.01']);
});
