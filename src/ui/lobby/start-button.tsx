// The one obvious thing to do; when it can't be done yet, it says why.
import { useCommands, useView } from '../../store/use-view.ts';
import type { ViewState } from '../../store/view.ts';
import { PlayGlyph } from '../common/glyphs.tsx';
import { isRunOver } from '../training/run-phase.ts';
import type { StartForm } from './start-form.ts';

function obstacle({ connection, dataset, job, jobs, privacy, run }: ViewState): string | null {
  if (connection.phase !== 'joined' && connection.phase !== 'reconnecting') return 'Opening the room…';
  if (jobs.length === 0) return 'Loading…';
  if (run !== null && run.phase !== 'idle' && !isRunOver(run.phase)) return 'The last run is stopping…';
  if (privacy.isPrivate && dataset?.source !== 'files') return 'Data stay in each tab: drop your own files first.';
  if (privacy.isPrivate && privacy.whyNot !== null) return privacy.whyNot;
  if (dataset === null || dataset.jobs.includes(job)) return null;
  const suited = jobs.filter(({ name }) => dataset.jobs.includes(name)).map(({ title }) => `“${title}”`);
  if (suited.length === 0)
    return `Nothing here learns from “${dataset.name}”: choose other files, or use generated data.`;
  return `“${dataset.name}” is for ${suited.join(' or ')}: choose that, or use generated data.`;
}

export function StartButton({ form }: { readonly form: StartForm }) {
  const commands = useCommands();
  const reason = useView(obstacle);
  return (
    <div className="start">
      <button
        type="button"
        className="button button-primary start-button"
        disabled={reason !== null}
        onClick={() => {
          const request = form.request();
          if (request === null) return;
          commands.start(request);
        }}
      >
        <PlayGlyph size={15} /> Start training
      </button>
      <p className="muted small">{reason ?? 'Nothing is installed, and no server sees your data.'}</p>
    </div>
  );
}
