// Of a table that is read as documents: whether its lines are text, or the fields of one column are what is counted.
import { useCommands, useView } from '../../store/use-view.ts';

/** Stands for no column: names may be anything else, with something in them. */
const LINES = '';

export function WordsOf() {
  const columns = useView((state) => state.dataset?.columns);
  const isBusy = useView((state) => state.progress !== null);
  const commands = useCommands();
  if (columns === undefined) return null;
  return (
    <label className="field">
      Words to count
      <select
        className="input"
        value={columns.chosen ?? LINES}
        disabled={isBusy}
        onChange={({ target: { value } }) => commands.correctData({ column: value === LINES ? null : value })}
      >
        <option value={LINES}>all words of every line</option>
        {columns.names
          .filter((name) => name !== '')
          .map((name) => (
            <option key={name} value={name}>
              the column {name}, each field as one
            </option>
          ))}
      </select>
    </label>
  );
}
