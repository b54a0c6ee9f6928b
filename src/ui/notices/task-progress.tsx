// Progress of what takes over a second: loading data, joining, downloading. Over the page: it moves nothing.
import { useCommands, useView } from '../../store/use-view.ts';
import { formatPercent } from '../format.ts';

export function TaskProgress() {
  const progress = useView((state) => state.progress);
  const commands = useCommands();
  if (progress === null) return null;
  const { label, fraction, canCancel = false } = progress;
  return (
    <div className="task">
      <p>
        <span>{label}</span>
        <span className="muted">{fraction === null ? '' : formatPercent(fraction, 0)}</span>
      </p>
      <div
        className="progress"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(fraction === null ? {} : { 'aria-valuenow': Math.round(fraction * 100) })}
        data-unknown={fraction === null}
      >
        <i style={fraction === null ? undefined : { transform: `scaleX(${fraction})` }} />
      </div>
      {canCancel && (
        <button type="button" className="button button-quiet" onClick={() => commands.cancelLoading()}>
          Cancel
        </button>
      )}
    </div>
  );
}
