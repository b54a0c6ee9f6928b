// Why nothing moves, and what to do about it: where the run is failed, or has stopped, stands or waits for a reason.
import { useViewFields } from '../../store/use-view.ts';
import type { RunView } from '../../store/view.ts';
import { WarningGlyph } from '../common/glyphs.tsx';

export interface Trouble {
  readonly level: 'bad' | 'warning';
  readonly title: string;
  readonly text: string;
}

export function troubleOf(run: RunView | null): Trouble | null {
  if (run === null || run.message === null) return null;
  const { phase, message: text } = run;
  switch (phase) {
    case 'failed':
      return { level: 'bad', title: 'This run cannot go on', text };
    case 'paused':
      return { level: 'warning', title: 'Training is paused', text };
    case 'running':
      return { level: 'warning', title: 'Training waits', text };
    case 'stopped':
      return { level: 'warning', title: 'Training has stopped', text };
    case 'idle':
    case 'preparing':
    case 'finishing':
    case 'finished':
      return null;
    default:
      return phase satisfies never;
  }
}

export function RunTrouble() {
  const trouble = useViewFields((state) => troubleOf(state.run));
  if (trouble === null) return null;
  const { level, title, text } = trouble;
  return (
    <div className="run-trouble" data-level={level}>
      <WarningGlyph size={20} />
      <div>
        <b>{title}</b>
        <p>{text}</p>
      </div>
    </div>
  );
}
