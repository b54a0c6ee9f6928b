// One bar per class, and the verdict in words.
import { formatPercent } from '../format.ts';
import type { Answer } from './predict-loop.ts';

/** Digits have ten classes; more than this don't fit and the likeliest are shown. */
const MAX_BARS = 10;

interface Bar {
  readonly label: number;
  readonly probability: number;
}

function barsOf(answer: Answer | null): Bar[] {
  if (answer?.kind !== 'probabilities')
    return Array.from({ length: MAX_BARS }, (_, label) => ({ label, probability: 0 }));
  const bars = Array.from(answer.probabilities, (probability, label) => ({ label, probability }));
  if (bars.length <= MAX_BARS) return bars;
  return bars
    .sort((a, b) => b.probability - a.probability)
    .slice(0, MAX_BARS)
    .sort((a, b) => a.label - b.label);
}

interface ProbabilityBarsProps {
  readonly answer: Answer | null;
  /** What the image really is, where that is known. */
  readonly label: string | null;
}

export function ProbabilityBars({ answer, label }: ProbabilityBarsProps) {
  const bars = barsOf(answer);
  const best = bars.reduce<Bar | undefined>(
    (top, bar) => (top && top.probability >= bar.probability ? top : bar),
    undefined,
  );
  const isKnown = answer?.kind === 'probabilities' && best !== undefined;
  return (
    <div className="bars">
      <ol aria-label="Probabilities">
        {bars.map(({ label: name, probability }) => (
          <li key={name} data-best={isKnown && name === best.label}>
            <span className="bar-track" aria-hidden="true">
              <i style={{ transform: `scaleY(${probability})` }} />
            </span>
            <span className="bar-name">{name}</span>
            <span className="sr-only">{formatPercent(probability, 0)}</span>
          </li>
        ))}
      </ol>
      <p className="bars-verdict">
        {answer?.kind === 'error' && <span className="muted">{answer.text}</span>}
        {isKnown && (
          <>
            <output aria-label="Prediction" aria-live="off">
              {best.label}
            </output>{' '}
            <span className="muted">
              {formatPercent(best.probability, 0)} sure{label === null ? '' : `, labelled ${label}`}
            </span>
          </>
        )}
        {answer === null && <span className="muted">The live parameters answer at once.</span>}
      </p>
    </div>
  );
}
