// The full-page states in which nothing more happens without the user: failed, or left.
import { useView } from '../store/use-view.ts';
import { BrandMark } from './common/brand.tsx';
import './end-state.css';

/** Opens the page without a room in its address: the runtime then makes a new one. */
function openNewRoom(): void {
  history.replaceState(null, '', location.pathname + location.search);
  location.reload();
}

export function Failed() {
  const reason = useView(({ connection }) => (connection.phase === 'failed' ? connection.reason : ''));
  const advice = useView(({ connection }) => (connection.phase === 'failed' ? connection.advice : ''));
  return (
    <main className="end-state">
      <div className="panel" role="alert">
        <BrandMark size={40} />
        <h1>{reason}</h1>
        <p>{advice}</p>
        <Buttons />
      </div>
    </main>
  );
}

export function Left() {
  return (
    <main className="end-state">
      <div className="panel" role="status">
        <BrandMark size={40} />
        <h1>You left the room</h1>
        <p>The others go on without this tab. You can come back at any time.</p>
        <Buttons retry="Join again" />
      </div>
    </main>
  );
}

function Buttons({ retry = 'Try again' }: { readonly retry?: string }) {
  return (
    <div className="end-buttons">
      <button type="button" className="button button-primary" onClick={() => location.reload()}>
        {retry}
      </button>
      <button type="button" className="button" onClick={openNewRoom}>
        Open a new room
      </button>
    </div>
  );
}
