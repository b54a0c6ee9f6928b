// Classes with their probabilities as bars, the likeliest first.
import { formatPercent } from '../format.ts';
import './tabular/tabular.css';

export interface ClassProbability {
  readonly label: string;
  readonly probability: number;
}

/** @param most of them that are shown: more don't fit */
export function ClassBars({ classes, most }: { readonly classes: readonly ClassProbability[]; readonly most: number }) {
  return (
    <ol className="importances" aria-label="Probabilities">
      {classes.slice(0, most).map(({ label, probability }) => (
        <li key={label}>
          <span className="importance-name">{label}</span>
          <span className="importance-track" aria-hidden="true">
            <i style={{ transform: `scaleX(${probability})` }} />
          </span>
          <span className="importance-number">{formatPercent(probability, 0)}</span>
        </li>
      ))}
    </ol>
  );
}
