// README's table of measured figures, made from bench/results: every row that a target was set for.
import { readdirSync, readFileSync } from 'node:fs';
import { type BenchResult, figure, ratioText, resultSchema, targetText } from '../bench/result.ts';

const BEGIN = '<!-- bench:begin, made by `npm run bench -- --readme` -->';
const END = '<!-- bench:end -->';

/** A README in which the table has no place. */
export class NoMarkers extends Error {
  override name = 'NoMarkers';
}

/** Every result in a folder, by name. @throws ZodError for a file that is none */
export function readResults(folder: string): BenchResult[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => resultSchema.parse(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))));
}

/** One line per row with a target; where, when and with what below. */
export function figuresTable(results: readonly BenchResult[]): string {
  const lines = results.flatMap(({ command, isQuick, rows }) =>
    rows
      .filter(({ target }) => target !== undefined)
      .map((row) => {
        const cells = [row.what, `${figure(row.ours)} ${row.unit}`, `${figure(row.reference)} ${row.unit}`];
        const run = `\`${command}\`${isQuick ? ' (quick)' : ''}`;
        return `| ${[...cells, ratioText(row.ratio), targetText(row), run].join(' | ').replaceAll('\n', ' ')} |`;
      }),
  );
  const machines = [...new Set(results.map(({ date, machine }) => `${date.slice(0, 10)}, ${machine}`))];
  const head = '| what | ours | reference | ours ÷ reference | target | command |\n|---|---|---|---|---|---|';
  const about = 'Both sides ran in turn in one run; the ratio is the median over its rounds (least–most).';
  return `${head}\n${lines.join('\n')}\n\n${about} All rows, also without a target, are in bench/results. ${machines.join('; ')}.`;
}

/** The README with the table between its markers. @throws NoMarkers */
export function withFigures(readme: string, results: readonly BenchResult[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new NoMarkers(`README needs the lines "${BEGIN}" and "${END}", in this order.`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${figuresTable(results)}\n\n${readme.slice(end)}`;
}
