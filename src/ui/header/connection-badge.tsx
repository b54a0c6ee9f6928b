// How this tab stands with the room, in a dot and a word.
import { useView } from '../../store/use-view.ts';
import type { ConnectionView } from '../../store/view.ts';
import { plural } from '../format.ts';

function inWords(connection: ConnectionView, tabs: number): string {
  switch (connection.phase) {
    case 'joining':
      return 'Joining…';
    case 'joined':
      return `Connected · ${plural(tabs, 'tab')}`;
    case 'reconnecting':
      return 'Reconnecting…';
    case 'leaving':
      return 'Leaving…';
    case 'offline':
    case 'failed':
    case 'left':
    case 'killed':
      return 'Not connected';
    default:
      return connection satisfies never;
  }
}

export function ConnectionBadge() {
  const phase = useView((state) => state.connection.phase);
  const words = useView((state) => inWords(state.connection, state.nodes.length));
  return (
    <p className="connection" data-phase={phase} role="status" aria-label="Connection">
      {words}
    </p>
  );
}
