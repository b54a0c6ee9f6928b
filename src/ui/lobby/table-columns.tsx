// What the columns of a user's table were taken for, to be corrected: delimiter, kinds, and which one is to be predicted.
import { useCommands, useView } from '../../store/use-view.ts';
import type { ColumnKindView, DataSettingsView, TableView } from '../../store/view.ts';
import { formatCount, plural } from '../format.ts';
import './table-columns.css';

const KINDS: readonly { readonly value: ColumnKindView; readonly label: string }[] = [
  { value: 'number', label: 'number' },
  { value: 'category', label: 'category' },
  { value: 'ignored', label: 'ignored' },
];

const DELIMITERS: readonly { readonly value: string; readonly label: string }[] = [
  { value: ',', label: 'comma' },
  { value: ';', label: 'semicolon' },
  { value: '\t', label: 'tab' },
  { value: '|', label: 'vertical bar' },
];

export function TableColumns() {
  const table = useView((state) => state.dataset?.table);
  const isBusy = useView((state) => state.progress !== null);
  const commands = useCommands();
  if (table === undefined) return null;
  const correct = (part: Partial<DataSettingsView['table']>) =>
    commands.correctData({ table: { ...choicesOf(table), ...part } });
  const ignored = table.columns.filter(({ kind }) => kind === 'ignored').length;
  return (
    <details className="table-columns">
      <summary>
        {plural(table.columns.length, 'column')}
        <span className="muted small">
          {' '}
          predicting {table.target}
          {ignored > 0 && `, ${formatCount(ignored)} ignored`}; correct it here
        </span>
      </summary>
      <fieldset disabled={isBusy}>
        <legend className="sr-only">Columns</legend>
        <div className="table-columns-top">
          <Select
            label="Predict"
            value={table.target}
            options={table.columns.map(({ name }) => ({ value: name, label: name }))}
            // Kinds are inferred anew: a target's may be another.
            onChange={(target) => correct({ target, kinds: {} })}
          />
          <Select
            label="Between fields"
            value={table.delimiter}
            options={DELIMITERS}
            onChange={(delimiter) => correct({ delimiter, target: null, kinds: {} })}
          />
        </div>
        <ul className="table-columns-list">
          {table.columns.map((column) => (
            <ColumnLine
              key={column.name}
              column={column}
              isTarget={column.name === table.target}
              onKind={(kind) => correct({ kinds: { ...choicesOf(table).kinds, [column.name]: kind } })}
            />
          ))}
        </ul>
      </fieldset>
    </details>
  );
}

const choicesOf = ({ delimiter, target, columns }: TableView): DataSettingsView['table'] => ({
  delimiter,
  target,
  kinds: Object.fromEntries(columns.map(({ name, kind }) => [name, kind])),
});

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  onChange(value: string): void;
}

function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <label className="field">
      {label}
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ColumnLineProps {
  readonly column: TableView['columns'][number];
  readonly isTarget: boolean;
  onKind(kind: ColumnKindView): void;
}

function ColumnLine({ column: { name, kind, missing, distinct }, isTarget, onKind }: ColumnLineProps) {
  const facts = [
    isTarget ? 'predicted' : '',
    distinct === null ? '' : isTarget ? `${formatCount(distinct)} classes` : plural(distinct, 'value'),
    missing === 0 ? '' : `${formatCount(missing)} missing`,
  ].filter((fact) => fact !== '');
  return (
    <li>
      <span className="table-column-name">
        {name === '' ? '(no name)' : name} <span className="muted small">{facts.join(', ')}</span>
      </span>
      <select
        className="input"
        aria-label={`Kind of ${name}`}
        value={kind}
        onChange={(event) => {
          const chosen = KINDS.find(({ value }) => value === event.target.value);
          if (chosen !== undefined) onKind(chosen.value);
        }}
      >
        {KINDS.map(({ value, label }) => (
          <option key={value} value={value} disabled={isTarget && value === 'ignored'}>
            {label}
          </option>
        ))}
      </select>
    </li>
  );
}
