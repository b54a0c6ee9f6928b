// Parameters that were dropped: what the next run begins with instead of chance.
import { useCommands, useView } from '../../store/use-view.ts';
import type { ViewState } from '../../store/view.ts';
import { formatCount } from '../format.ts';

const startOf = ({ startFrom, job }: ViewState) => (startFrom?.job === job ? startFrom : null);

export function StartFrom() {
  const start = useView(startOf);
  const commands = useCommands();
  if (start === null) return null;
  return (
    <p className="start-from small" role="status" aria-label="Begins with">
      Begins with the {formatCount(start.parameters)} parameters of <b>{start.file}</b>.{' '}
      <button type="button" className="button button-quiet" onClick={() => commands.dropStartParameters()}>
        Begin anew instead
      </button>
    </p>
  );
}
