// A curve for people who can't see it: a sentence and a small table, refreshed at reading pace, not at training pace.
import { useViewStore } from '../../store/use-view.ts';
import { useEvery } from '../common/use-every.ts';
import { formatCount } from '../format.ts';
import type { Curve } from './curve-plot.ts';

const REFRESH_MS = 5_000;
const ROWS = 8;

interface Row {
  readonly step: number;
  readonly value: number;
}

/** `ROWS` points spread evenly over the curve, first and last included. */
function sampleRows({ step, value }: Curve): Row[] {
  const count = Math.min(ROWS, value.length);
  return Array.from({ length: count }, (_, row) => {
    const index = count === 1 ? 0 : Math.round((row * (value.length - 1)) / (count - 1));
    return { step: step[index] ?? 0, value: value[index] ?? Number.NaN };
  });
}

function inWords(name: string, rows: readonly Row[], format: (value: number) => string): string {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return `${name}: no points yet.`;
  return `${name}: from ${format(first.value)} at step ${formatCount(first.step)} to ${format(last.value)} at step ${formatCount(last.step)}.`;
}

interface CurveTableProps {
  readonly id: string;
  readonly name: string;
  readonly curve: 'loss' | 'accuracy';
  readonly format: (value: number) => string;
}

export function CurveTable({ id, name, curve, format }: CurveTableProps) {
  const store = useViewStore();
  useEvery(REFRESH_MS);
  const rows = sampleRows(store.getState().series[curve]);
  return (
    <div className="sr-only">
      <p id={id}>{inWords(name, rows, format)}</p>
      <table>
        <caption>{name} by step</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">{name}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.step}>
              <td>{formatCount(row.step)}</td>
              <td>{format(row.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
