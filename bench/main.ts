// `npm run bench [-- NAME …] [--quick]`: all benchmarks, or those named, each in a process of its own; arguments after `--args` are
// theirs. Writes bench/results/NAME.json and NAME.md. `--list` names them, `--readme` puts what was measured into README.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { findBrowser, NoBrowser } from '../e2e/browsers/find.ts';
import { readResults, withFigures } from '../scripts/readme-figures.ts';
import type { Benchmark } from './harness.ts';
import { resultSchema, toMarkdown } from './result.ts';

const SUITES = fileURLToPath(new URL('suites', import.meta.url));
const README = fileURLToPath(new URL('../README.md', import.meta.url));
const RESULTS = fileURLToPath(new URL('results', import.meta.url));

interface Options {
  readonly quick: boolean;
  readonly list: boolean;
  readonly readme: boolean;
  readonly out: string;
  readonly args: readonly string[];
}

const names = (): string[] =>
  readdirSync(SUITES)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3));

async function load(name: string): Promise<Benchmark> {
  const { benchmark } = (await import(`./suites/${name}.ts`)) as { benchmark: Benchmark };
  return benchmark;
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  const system = `${process.platform} ${process.arch}, Node ${process.version}`;
  return `${cpus().length} cores of ${model}, ${memory} GiB, ${system}${browser()}`;
}

/** Nothing where there is none: half of the benchmarks need no browser. */
function browser(): string {
  try {
    return `, ${spawnSync(findBrowser('chromium'), ['--version'], { encoding: 'utf8' }).stdout.trim()}`;
  } catch (error) {
    if (error instanceof NoBrowser) return '';
    throw error;
  }
}

async function runHere(name: string, { quick, out, args }: Options): Promise<void> {
  const date = new Date().toISOString();
  const rows = await (await load(name)).run({ isQuick: quick, args });
  const command = [
    'npm run bench --',
    name,
    ...(quick ? ['--quick'] : []),
    ...(args.length ? ['--args', ...args] : []),
  ];
  const result = { name, date, machine: machine(), command: command.join(' '), isQuick: quick, rows: [...rows] };
  const markdown = toMarkdown(resultSchema.parse(result));
  mkdirSync(out, { recursive: true });
  writeFileSync(`${out}/${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${out}/${name}.md`, markdown);
  console.log(markdown);
}

/** A process each: what one leaves behind (compiled code, heap, a browser) must not slow the next. */
function runApart(chosen: readonly string[], { quick, out, args }: Options): number {
  const times: { readonly name: string; readonly seconds: number }[] = [];
  const failed = chosen.filter((name) => {
    const own = [fileURLToPath(import.meta.url), name, '--out', out, ...(quick ? ['--quick'] : [])];
    const start = performance.now();
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, ...own, ...(args.length ? ['--args', ...args] : [])],
      { stdio: 'inherit' },
    );
    times.push({ name, seconds: (performance.now() - start) / 1000 });
    return status !== 0;
  });
  const all = times.reduce((sum, { seconds }) => sum + seconds, 0);
  console.error(times.map(({ name, seconds }) => `${name.padEnd(14)} ${seconds.toFixed(0).padStart(4)} s`).join('\n'));
  console.error(`${'in all'.padEnd(14)} ${all.toFixed(0).padStart(4)} s`);
  if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

program
  .argument('[names...]', 'benchmarks; none means all')
  .option('--quick', 'all in less than 5 minutes; a look, not figures to quote', false)
  .option('--list', 'names them', false)
  .option('--readme', 'runs nothing: puts the results into README.md', false)
  .option('--out <folder>', 'where the results go', RESULTS)
  .option('--args <args...>', 'arguments of the one benchmark', [])
  .action(async (wanted: readonly string[], options: Options) => {
    const known = names();
    const unknown = wanted.filter((name) => !known.includes(name));
    if (unknown.length > 0)
      program.error(`There is no benchmark ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
    if (options.readme) {
      writeFileSync(README, withFigures(readFileSync(README, 'utf8'), readResults(options.out)));
      return;
    }
    if (options.list) {
      for (const name of known) console.log(`${name.padEnd(12)} ${(await load(name)).what}`);
      return;
    }
    const [first, ...more] = wanted;
    if (first !== undefined && more.length === 0) await runHere(first, options);
    else process.exitCode = runApart(wanted.length > 0 ? wanted : known, options);
  });

await program.parseAsync();
// Compute libraries keep threads alive that nobody waits for.
process.exit();
