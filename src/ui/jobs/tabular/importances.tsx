// Which columns the model needs: how much worse it gets when a column's values are dealt out to other rows.
import { z } from 'zod';
import { Explain } from '../../common/explain.tsx';
import { Panel } from '../../common/panel.tsx';
import { formatCount, formatPercent } from '../../format.ts';
import { useLook } from '../use-look.ts';
import './tabular.css';

/** Rows of the list: a phone has room for them. */
const SHOWN = 10;

const REQUEST = { ask: 'importances' } as const;

const answerSchema = z.object({
  rows: z.number(),
  score: z.number(),
  columns: z.array(z.object({ name: z.string(), drop: z.number(), deviation: z.number() })),
});

export function Importances() {
  const { answer, error } = useLook(REQUEST, answerSchema);
  return (
    <Panel
      title="Which columns matter"
      explain={
        <Explain question="How is that measured?">
          <p>
            Each column's values are dealt out to other rows of the test data, three times; the bar is how much of its
            score the model loses by that, on average. A column that it doesn't use loses nothing. Of two columns that
            say the same, both may look unimportant.
          </p>
        </Explain>
      }
    >
      {answer === null ? (
        <p className="muted small">{error ?? 'Asking the live parameters…'}</p>
      ) : (
        <>
          <ImportanceBars columns={answer.columns} />
          <p className="muted small">
            Score {formatPercent(answer.score)} on {formatCount(answer.rows)} test rows
            {answer.columns.length > SHOWN && `; ${SHOWN} of ${answer.columns.length} columns`}
          </p>
        </>
      )}
    </Panel>
  );
}

function ImportanceBars({ columns }: { readonly columns: z.infer<typeof answerSchema>['columns'] }) {
  const largest = Math.max(...columns.map(({ drop }) => drop), 1e-6);
  return (
    <ol className="importances" aria-label="Loss of score without each column">
      {columns.slice(0, SHOWN).map(({ name, drop, deviation }) => (
        <li key={name}>
          <span className="importance-name">{name}</span>
          <span className="importance-track" aria-hidden="true">
            <i style={{ transform: `scaleX(${Math.max(0, drop) / largest})` }} />
          </span>
          <span className="importance-number" title={`± ${formatPercent(deviation)}`}>
            {formatPercent(drop)}
          </span>
        </li>
      ))}
    </ol>
  );
}
