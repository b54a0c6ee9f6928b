// The two ways out: politely, and, behind a disclosure, as a crash would, to show what the others do then.
import { useRef } from 'react';
import { useCommands, useView } from '../../store/use-view.ts';
import { ChevronGlyph } from '../common/glyphs.tsx';
import { useCloseOutside } from '../common/use-close-outside.ts';
import { isRunOver } from '../training/run-phase.ts';
import { holdsOnlyCopy } from './only-copy.ts';

export function LeaveButtons() {
  const commands = useCommands();
  const isIn = useView(({ connection }) => connection.phase === 'joined' || connection.phase === 'reconnecting');
  return (
    <div className="leave">
      <button type="button" className="button header-leave" disabled={!isIn} onClick={() => commands.leave()}>
        Leave
      </button>
      {isIn && <FailureDemo />}
    </div>
  );
}

function FailureDemo() {
  const commands = useCommands();
  const details = useRef<HTMLDetailsElement>(null);
  useCloseOutside(details);
  const isRunning = useView(({ run }) => run !== null && !isRunOver(run.phase));
  const isFatal = useView(holdsOnlyCopy);
  return (
    <details className="failure" ref={details}>
      <summary className="button" aria-label="Demonstrate a failure" title="Demonstrate a failure">
        <ChevronGlyph />
      </summary>
      <div className="failure-text">
        <b>Demonstrate a failure</b>
        <p>Stops this tab as a crash would, without a word to the others.</p>
        {isRunning && <p data-fatal={isFatal}>{isFatal ? FATAL : HARMLESS}</p>}
        <button type="button" className="button button-bad" onClick={() => commands.kill()}>
          Kill this tab
        </button>
      </div>
    </details>
  );
}

const FATAL = 'It holds parameters that no other tab has: the run will be lost.';
const HARMLESS = 'The others have copies of all that it holds: training goes on without it.';
