// The phases of a run in words, and which of them are its end.
import type { RunPhase } from '../../store/view.ts';

export const PHASE_WORDS: Readonly<Record<RunPhase, string>> = {
  idle: 'Ready',
  preparing: 'Preparing',
  running: 'Training',
  paused: 'Paused',
  finishing: 'Finishing',
  finished: 'Finished',
  stopped: 'Stopped',
  failed: 'Failed',
};

export const isRunOver = (phase: RunPhase): boolean =>
  phase === 'finished' || phase === 'stopped' || phase === 'failed';
