// Parameters that were dropped: what the next run begins with instead of chance.
import { useCommands, useView } from '../../store/use-view.ts';
import type { ViewState } from '../../store/view.ts';
import { formatCount } from '../format.ts';
import { PanelOf } from '../jobs/panels.tsx';

const startOf = ({ startFrom, job }: ViewState) => (startFrom?.job === job ? startFrom : null);

export function StartFrom() {
  const start = useView(startOf);
  const trying = useView((state) => state.trying?.job ?? null);
  const commands = useCommands();
  if (start === null) return null;
  return (
    <>
      <p className="start-from small" role="status" aria-label="Begins with">
        Begins with the {formatCount(start.parameters)} parameters of <b>{start.file}</b>.{' '}
        {trying === null && (
          <button type="button" className="button" onClick={() => commands.tryParameters()}>
            Try the model without training
          </button>
        )}{' '}
        <button type="button" className="button button-quiet" onClick={() => commands.dropStartParameters()}>
          Begin anew instead
        </button>
      </p>
      {trying !== null && <PanelOf job={trying} />}
    </>
  );
}
