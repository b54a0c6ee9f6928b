import { expect, test } from 'vitest';
import { stagesOf } from './filter-stage-rows.ts';

const push = { raw: 1_000, wire: 300, kept: 900, coded: 250 };
const pull = { raw: 2_000, wire: 600 };

test('every stage has what is left after it, the first everything', () => {
  expect(stagesOf(push, pull).map(({ pushed, pulled }) => [pushed, pulled])).toEqual([
    [1_000, 2_000],
    [900, 2_000],
    [250, 600],
    [300, 600],
  ]);
});

test('deflating is a stage where a link has deflated anything', () => {
  expect(stagesOf({ ...push, saved: 0 }, { ...pull, saved: 50 }).at(-1)).toEqual({
    name: 'Deflated',
    pushed: 300,
    pulled: 550,
  });
});
