// How far the run is: clocks finished, of those asked for.
import { useView } from '../../store/use-view.ts';
import type { RunView } from '../../store/view.ts';
import { formatCount, formatDuration } from '../format.ts';
import { isRunOver } from './run-phase.ts';

/** Before this share of the run is done, the time left is a guess not worth showing. */
const TRUSTED_SHARE = 0.02;

function timeLeft(done: number, seconds: number): string {
  if (done >= 1 || done < TRUSTED_SHARE || seconds < 2) return '';
  return ` · about ${formatDuration((seconds / done) * (1 - done))} left`;
}

const doneOf = (run: RunView | null): number => (run && run.steps > 0 ? Math.min(1, run.clock / run.steps) : 0);

/** "0:42 · about 0:37 left", "76,800 samples in 2:23". */
export function timeInWords(run: RunView): string {
  const time = formatDuration(run.seconds);
  if (isRunOver(run.phase)) return `${formatCount(run.samples)} samples in ${time}`;
  return run.phase === 'running' ? `${time}${timeLeft(doneOf(run), run.seconds)}` : time;
}

export function RunProgress() {
  const done = useView((state) => doneOf(state.run));
  const phase = useView((state) => state.run?.phase ?? 'idle');
  return (
    <div
      className="progress run-progress"
      role="progressbar"
      aria-label="Progress of the run"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(done * 100)}
      data-phase={phase}
    >
      <i style={{ transform: `scaleX(${done})` }} />
    </div>
  );
}
