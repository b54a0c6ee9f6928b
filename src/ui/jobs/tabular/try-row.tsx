// One row of the table, filled in by hand or taken from the test data, and what the live parameters say of it.
import { useEffect, useState } from 'react';
import { z } from 'zod';
import { useCommands } from '../../../store/use-view.ts';
import { Panel } from '../../common/panel.tsx';
import { ClassBars } from '../class-bars.tsx';
import { type Look, useLook } from '../use-look.ts';
import './tabular.css';

/** Classes shown; more don't fit. */
const SHOWN_CLASSES = 5;

const formSchema = z.object({
  target: z.string(),
  columns: z.array(z.object({ name: z.string(), values: z.array(z.string()).nullable() })),
});
const exampleSchema = z.object({ fields: z.array(z.string()), target: z.string() });
const predictionSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('classes'),
    classes: z.array(z.object({ label: z.string(), probability: z.number() })),
  }),
  z.object({ kind: z.literal('number'), value: z.number() }),
]);

type Form = z.infer<typeof formSchema>;
type Prediction = z.infer<typeof predictionSchema>;

interface Row {
  readonly fields: readonly string[];
  /** What the target really is; null once a field was changed. */
  readonly target: string | null;
}

const COLUMNS = { ask: 'columns' } as const;

export function TryRow() {
  const { answer: form, error } = useLook(COLUMNS, formSchema);
  const [row, setRow] = useState<Row | null>(null);
  const takeExample = useExample(setRow);
  const look = useLook(row === null ? null : { ask: 'predict', fields: row.fields }, predictionSchema);
  return (
    <Panel
      title="Try the model"
      aside={
        <button type="button" className="button button-quiet" onClick={() => takeExample()}>
          Another row
        </button>
      }
    >
      {form === null || row === null ? (
        <p className="muted small">{error ?? 'Asking the live parameters…'}</p>
      ) : (
        <>
          <Fields form={form} row={row} onRow={setRow} />
          <Verdict look={look} target={form.target} truth={row.target} />
        </>
      )}
    </Panel>
  );
}

/** Takes a row of the test data at once, and others on request. */
function useExample(onRow: (row: Row) => void): () => void {
  const commands = useCommands();
  const [number, setNumber] = useState(0);
  useEffect(() => {
    let isOpen = true;
    commands
      .look({ ask: 'example', row: number })
      .then((answer) => {
        if (isOpen) onRow(exampleSchema.parse(answer));
      })
      // The panel says why: it asks the same tab for the columns.
      .catch(() => undefined);
    return () => {
      isOpen = false;
    };
  }, [commands, number, onRow]);
  return () => setNumber(number + 1);
}

interface FieldsProps {
  readonly form: Form;
  readonly row: Row;
  onRow(row: Row): void;
}

function Fields({ form, row, onRow }: FieldsProps) {
  return (
    <div className="row-fields">
      {form.columns.map(({ name, values }, index) => {
        const value = row.fields[index] ?? '';
        const change = (text: string) => onRow({ fields: row.fields.with(index, text), target: null });
        return values === null ? (
          <NumberField key={name} name={name} value={value} onChange={change} />
        ) : (
          <CategoryField key={name} name={name} value={value} values={values} onChange={change} />
        );
      })}
    </div>
  );
}

interface FieldProps {
  readonly name: string;
  /** Empty where it is missing. */
  readonly value: string;
  onChange(text: string): void;
}

function NumberField({ name, value, onChange }: FieldProps) {
  return (
    <label className="field">
      {name}
      <input
        className="input"
        inputMode="decimal"
        value={value}
        aria-invalid={value.trim() !== '' && !Number.isFinite(Number(value))}
        placeholder="missing"
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function CategoryField({ name, value, values, onChange }: FieldProps & { readonly values: readonly string[] }) {
  return (
    <label className="field">
      {name}
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">missing</option>
        {!values.includes(value) && value !== '' && <option value={value}>{value}</option>}
        {values.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  );
}

interface VerdictProps {
  readonly look: Look<Prediction>;
  readonly target: string;
  readonly truth: string | null;
}

function Verdict({ look, target, truth }: VerdictProps) {
  const { answer, error } = look;
  if (answer === null) return <p className="row-verdict muted">{error ?? '…'}</p>;
  const [best] = answer.kind === 'classes' ? answer.classes : [];
  return (
    <>
      <p className="row-verdict">
        {target}:{' '}
        <output aria-label={`Prediction of ${target}`} aria-live="off">
          {answer.kind === 'number' ? Number(answer.value.toPrecision(4)) : best?.label}
        </output>{' '}
        {truth !== null && <span className="muted">in the data: {truth}</span>}
      </p>
      {answer.kind === 'classes' && <ClassBars classes={answer.classes} most={SHOWN_CLASSES} />}
    </>
  );
}
