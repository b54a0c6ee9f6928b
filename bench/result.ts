// What a benchmark came to: the schema of bench/results/NAME.json, and the same as a Markdown table.
import { z } from 'zod';

const targetSchema = z.strictObject({
  /** Which figure the target is set for. */
  figure: z.enum(['ratio', 'ours']),
  bound: z.enum(['≥', '≤']),
  value: z.number(),
});

const rowSchema = z.strictObject({
  what: z.string().min(1),
  /** Medians of the two sides, in `unit`. */
  ours: z.number(),
  reference: z.number(),
  unit: z.string().min(1),
  /** Of ours ÷ reference, each taken within one round. */
  ratio: z
    .strictObject({ median: z.number(), min: z.number(), max: z.number() })
    .refine(({ median, min, max }) => min <= median && median <= max, 'min ≤ median ≤ max does not hold'),
  /** What was asked for. Rows with a target stand in README's table. */
  target: targetSchema.optional(),
  /** What one must know to read the row: what the reference is, what was emulated. */
  note: z.string().optional(),
});

export const resultSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** ISO 8601, UTC. */
  date: z.iso.datetime(),
  machine: z.string().min(1),
  /** Repeats it. */
  command: z.string().min(1),
  /** Fewer and shorter rounds than the real one: a look, not a figure to quote. */
  isQuick: z.boolean(),
  rows: z.array(rowSchema).min(1),
});

export type Target = z.infer<typeof targetSchema>;
export type Row = z.infer<typeof rowSchema>;
export type BenchResult = z.infer<typeof resultSchema>;

/** Null where nothing was asked for. */
export function isMet({ ours, ratio, target }: Row): boolean | null {
  if (target === undefined) return null;
  const value = target.figure === 'ratio' ? ratio.median : ours;
  return target.bound === '≥' ? value >= target.value : value <= target.value;
}

/** Nearer to 1 than this, how far it is from there is what a ratio tells. */
const NEAR_ONE = 0.01;

/** Three significant digits; thousands in full, what is tiny as a power, and near 1 those of the difference. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const beyond = value - 1;
  if (Math.abs(beyond) < NEAR_ONE) return String(Number((1 + Number(beyond.toPrecision(3))).toFixed(5)));
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

export const ratioText = ({ median, min, max }: Row['ratio']): string =>
  min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`;

export function targetText(row: Row): string {
  if (row.target === undefined) return '';
  const { figure: of, bound, value } = row.target;
  return `${of === 'ratio' ? 'ratio ' : ''}${bound} ${figure(value)}: ${isMet(row) ? 'met' : 'falls short'}`;
}

/** A heading, where and when, and one line per row. */
export function toMarkdown({ name, date, machine, command, isQuick, rows }: BenchResult): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = rows.map((row) => {
    const cells = [row.what, `${figure(row.ours)} ${row.unit}`, `${figure(row.reference)} ${row.unit}`];
    return `| ${[...cells, ratioText(row.ratio), targetText(row), row.note ?? ''].map(cell).join(' | ')} |`;
  });
  const title = `## ${name}${isQuick ? ' (a quick run)' : ''}`;
  const head = '| what | ours | reference | ours ÷ reference | target | note |\n|---|---|---|---|---|---|';
  return `${title}\n\n${date.slice(0, 10)}, ${machine}, \`${command}\`\n\n${head}\n${lines.join('\n')}\n`;
}
