// Where a reason is shown: wherever nothing moves for one, and nowhere without.
import { expect, test } from 'vitest';
import type { RunPhase } from '../../store/view.ts';
import { LIVE_RUN } from '../fixtures/states.ts';
import { troubleOf } from './run-trouble.tsx';

const PHASES: readonly RunPhase[] = [
  ...(['idle', 'preparing', 'running', 'paused', 'finishing', 'finished', 'stopped', 'failed'] as const),
];

test('a reason is shown of a run that waits, stands, has stopped or failed', () => {
  const shown = PHASES.filter((phase) => troubleOf({ ...LIVE_RUN, phase, message: 'Why.' })?.text === 'Why.');
  expect(shown).toEqual(['running', 'paused', 'stopped', 'failed']);
});

test('without a reason nothing is', () => {
  for (const phase of PHASES) expect(troubleOf({ ...LIVE_RUN, phase, message: null })).toBeNull();
});
