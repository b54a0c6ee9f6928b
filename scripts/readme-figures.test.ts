import { expect, it } from 'vitest';
import { atLeast, rowOf } from '../bench/harness.ts';
import type { BenchResult } from '../bench/result.ts';
import { NoMarkers, withFigures } from './readme-figures.ts';

const README = 'before\n<!-- bench:begin, made by `npm run bench -- --readme` -->\nold\n<!-- bench:end -->\nafter\n';

const result: BenchResult = {
  ...{
    name: 'x',
    date: '2026-11-21T10:00:00.000Z',
    machine: 'a machine',
    command: 'npm run bench -- x',
    isQuick: false,
  },
  rows: [
    rowOf({ what: 'with a target', unit: 'ms', ours: [4], reference: [5], target: atLeast(0.9) }),
    rowOf({ what: 'without', unit: 'ms', ours: [4], reference: [5] }),
  ],
};

it('replaces what stands between the markers, and nothing else, by the rows that have a target', () => {
  const readme = withFigures(README, [result]);
  expect(readme).toMatch(/^before\n<!-- bench:begin/);
  expect(readme).toMatch(/<!-- bench:end -->\nafter\n$/);
  expect(readme).toContain('| with a target | 4 ms | 5 ms | 0.8 | ratio ≥ 0.9: falls short | `npm run bench -- x` |');
  expect(readme).toContain('2026-11-21, a machine');
  expect(readme).not.toContain('old');
  expect(readme).not.toContain('| without |');
});

it('gives the same README again when nothing was measured anew', () => {
  const once = withFigures(README, [result]);
  expect(withFigures(once, [result])).toBe(once);
});

it('refuses a README without markers', () => {
  expect(() => withFigures('text', [result])).toThrow(NoMarkers);
});
