// The full-page states in which nothing more happens without the user: failed, left, or killed.
import type { ReactNode } from 'react';
import { useView } from '../store/use-view.ts';
import type { ConnectionView } from '../store/view.ts';
import { BrandMark } from './common/brand.tsx';
import './end-state.css';

/** Shown instead of the room; null while this tab is in it, or on its way in. */
export function EndState() {
  const phase = useView((state) => state.connection.phase);
  switch (phase) {
    case 'failed':
      return <Failed />;
    case 'leaving':
      return (
        <Gone title="Leaving the room…">
          What this tab holds is being handed over to the others: a few seconds at most.
        </Gone>
      );
    case 'left':
      return (
        <Gone title="You left the room" isOver>
          The others go on without this tab. You can come back at any time.
        </Gone>
      );
    case 'killed':
      return (
        <Gone title="This tab was killed" isOver>
          It stopped without a word, as in a crash. Look at another tab of the room: it lists what happened there.
        </Gone>
      );
    default:
      return null;
  }
}

const END_PHASES: readonly ConnectionView['phase'][] = ['failed', 'leaving', 'left', 'killed'];

export const isEnd = ({ phase }: ConnectionView): boolean => END_PHASES.includes(phase);

/** Opens the page without a room in its address: the runtime then makes a new one. */
function openNewRoom(): void {
  history.replaceState(null, '', location.pathname + location.search);
  location.reload();
}

function Failed() {
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

interface GoneProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Nothing more happens: the ways back are offered. */
  readonly isOver?: boolean;
}

function Gone({ title, children, isOver = false }: GoneProps) {
  return (
    <main className="end-state">
      <div className="panel" role="status">
        <BrandMark size={40} />
        <h1>{title}</h1>
        <p>{children}</p>
        {isOver && <Buttons retry="Join again" />}
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
