// The signaling server is away: training goes on, and this says so.
import { useView } from '../../store/use-view.ts';
import { WarningGlyph } from '../common/glyphs.tsx';

export function Reconnecting() {
  const words = useView(({ connection, run }) =>
    connection.phase === 'reconnecting'
      ? `${connection.reason} ${run?.phase === 'running' ? 'Training goes on; new' : 'New'} tabs can join when it is back. ${nextTry(connection.retryInMs)}`
      : null,
  );
  if (words === null) return null;
  return (
    <p className="reconnecting" role="status">
      <WarningGlyph size={16} /> <span>{words}</span>
    </p>
  );
}

const nextTry = (ms: number): string =>
  ms > 0 ? `Next try in ${Math.max(1, Math.round(ms / 1000))} s.` : 'Trying now…';
