// The page's voice for screen readers: the state of the run when it changes, its numbers once in a while.
import { useEffect, useState } from 'react';
import { useView, useViewStore } from '../../store/use-view.ts';
import type { RunView } from '../../store/view.ts';
import { formatCount, formatLoss, formatScore } from '../format.ts';

const PERIOD_MS = 30_000;

const inSentence = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function inWords(run: RunView | null): string {
  if (run === null) return '';
  const { loss, score } = run.measures;
  const scored = score === null ? '' : `, ${inSentence(score.name)} ${formatScore(run.accuracy, score.format)}`;
  const numbers = `clock ${formatCount(run.clock)} of ${formatCount(run.steps)}, ${inSentence(loss.name)} ${formatLoss(run.loss)}${scored}`;
  return `Training ${run.phase}: ${numbers}. ${run.message ?? ''}`;
}

export function Announcer() {
  const store = useViewStore();
  const phase = useView((state) => state.run?.phase);
  const [words, setWords] = useState('');
  useEffect(() => {
    const speak = () => setWords(inWords(store.getState().run));
    if (phase === undefined) return;
    speak();
    if (phase !== 'running') return;
    const timer = setInterval(speak, PERIOD_MS);
    return () => clearInterval(timer);
  }, [store, phase]);
  return (
    <p className="sr-only" aria-live="polite">
      {words}
    </p>
  );
}
