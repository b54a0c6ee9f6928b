// What was trained in this room when it was last open, and the way back to it.
import { useCommands, useView } from '../../store/use-view.ts';
import type { KeptCheckpointView, ViewState } from '../../store/view.ts';
import { CheckpointGlyph, PlayGlyph } from '../common/glyphs.tsx';
import { formatAge, formatBytes, formatCount, plural } from '../format.ts';

/** Only while nothing was trained since: then there is a run to look at instead. */
const offerOf = ({ run, checkpoint }: ViewState): KeptCheckpointView | null => (run === null ? checkpoint : null);

export function CheckpointOffer() {
  const offer = useView(offerOf);
  const tabs = useView((state) => state.nodes.length);
  const isReady = useView(({ connection, progress }) => connection.phase === 'joined' && progress === null);
  const commands = useCommands();
  if (offer === null) return null;
  const { step, steps, title, data, workers, savedAt, bytes } = offer;
  const isOver = step >= steps;
  return (
    <section className="offer panel" aria-labelledby="offer-heading">
      <h2 id="offer-heading">
        <CheckpointGlyph size={16} />
        {isOver
          ? `Training had finished all ${formatCount(steps)} steps when this room was last open.`
          : `Training was at step ${formatCount(step)} of ${formatCount(steps)} when this room was last open.`}
      </h2>
      <p className="muted small">
        {title}, {data}, {plural(workers, 'worker')}. Kept in this browser {formatAge(Date.now() - savedAt)},{' '}
        {formatBytes(bytes)}.{workers > tabs && ' Open the other tabs first, or let them join later.'}
      </p>
      <div className="offer-buttons">
        <button
          type="button"
          className="button button-primary"
          disabled={!isReady}
          onClick={() => commands.resumeCheckpoint()}
        >
          <PlayGlyph /> {isOver ? 'Open it again' : `Resume from step ${formatCount(step)}`}
        </button>
        <button
          type="button"
          className="button button-quiet"
          aria-label="Download checkpoint"
          onClick={() => commands.downloadCheckpoint()}
        >
          Download
        </button>
        <span className="muted small">or start anew below</span>
      </div>
    </section>
  );
}
