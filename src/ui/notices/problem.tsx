// What the user asked for and could not be done, and what to do about it. Over the page: it moves nothing.
import { useCommands, useView } from '../../store/use-view.ts';
import { CloseGlyph, WarningGlyph } from '../common/glyphs.tsx';
import { plural } from '../format.ts';

export function Problem() {
  const commands = useCommands();
  const problem = useView((state) => state.problem);
  return (
    <div className="problem-place" role="alert">
      {problem !== null && (
        <div className="problem">
          <WarningGlyph size={18} />
          <div>
            <b>{problem.text}</b>
            <p>{problem.advice}</p>
            {problem.action !== undefined && (
              <button type="button" className="button" onClick={() => commands.correctData({ skipBadRows: true })}>
                Skip {plural(problem.action.rows, problem.action.isPictures ? 'bad picture' : 'bad row')} and go on
              </button>
            )}
          </div>
          <button
            type="button"
            className="button button-quiet"
            aria-label="Dismiss"
            onClick={() => commands.dismissProblem()}
          >
            <CloseGlyph />
          </button>
        </div>
      )}
    </div>
  );
}
