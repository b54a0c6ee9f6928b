// npm run simulate: hunts with seeds. Prints one line per failing history with the command that replays it, and its trace.
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import {
  type Filters,
  parsePullFilters,
  parsePushFilters,
  pullFiltersText,
  pushFiltersText,
} from '../protocol/filters.ts';
import type { Consistency } from '../ps/consistency.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { Simulation, type SimulationConfig, type SimulationResult } from './simulation.ts';

/** Lines of trace shown for a failing history; `--trace FILE` writes all of them. */
const SHOWN_LINES = 40;

interface Options {
  readonly seeds: number;
  readonly seed?: number;
  readonly workers: number;
  readonly servers: number;
  readonly replicas: number;
  readonly consistency: Consistency;
  readonly faults: readonly FaultKind[];
  readonly faultCount: number;
  readonly steps: number;
  readonly trace?: string;
  readonly filters?: Filters;
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is wanted');
  return value;
}

function parseConsistency(text: string): Consistency {
  const [kind, delay] = text.split(':');
  if (kind === 'bsp' || kind === 'async') return { kind };
  if (kind === 'ssp' && Number(delay) >= 1) return { kind, delay: Number(delay) };
  throw new InvalidArgumentError('bsp, ssp:N or async is wanted');
}

function parseFaults(text: string): readonly FaultKind[] {
  if (text === 'all') return faultKinds;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const found = faultKinds.find((kind) => kind === name);
    if (found === undefined) throw new InvalidArgumentError(`all, none or a list of ${faultKinds.join(', ')}`);
    return found;
  });
}

function parseFilters(text: string): Filters {
  const [push = 'off', pull = 'off'] = text.split(',');
  return { kind: 'fixed', push: parsePushFilters(push), pull: parsePullFilters(pull) };
}

const filtersText = (filters: Filters | undefined): string =>
  filters?.kind === 'fixed' ? ` --filters ${pushFiltersText(filters.push)},${pullFiltersText(filters.pull)}` : '';

const nameOf = (consistency: Consistency): string =>
  consistency.kind === 'ssp' ? `ssp:${consistency.delay}` : consistency.kind;

function replayCommand(seed: number, options: Options): string {
  const { workers, servers, replicas, consistency, faults, faultCount, steps } = options;
  const names = faults.length === faultKinds.length ? 'all' : faults.join(',') || 'none';
  return (
    `npm run simulate -- --seed ${seed} --workers ${workers} --servers ${servers} --replicas ${replicas} ` +
    `--consistency ${nameOf(consistency)} --faults ${names} --fault-count ${faultCount} --steps ${steps}` +
    filtersText(options.filters)
  );
}

function runOne(seed: number, options: Options, onTrace: (line: string) => void): SimulationResult {
  const { workers, servers, replicas, consistency, faults, faultCount, steps, filters } = options;
  const config: SimulationConfig = {
    seed,
    workers,
    servers,
    replicas,
    consistency,
    faults,
    faultCount,
    steps,
    onTrace,
    ...(filters === undefined ? {} : { filters }),
  };
  return new Simulation(config).run();
}

/** @returns whether the history held */
function report(seed: number, options: Options): boolean {
  const lines: string[] = [];
  const result = runOne(seed, options, (line) => lines.push(line));
  const { violations, virtualMs, events, faults, acknowledged, duplicates, traceHash } = result;
  if (options.trace !== undefined) writeFileSync(options.trace, `${lines.join('\n')}\n`);
  if (options.seed !== undefined) {
    console.log(
      `seed ${seed}: ${(virtualMs / 1000).toFixed(1)} s, ${events} events, ${faults} faults, ${acknowledged} acknowledged ` +
        `pushes, ${duplicates} duplicates ignored, trace ${traceHash}`,
    );
  }
  if (violations.length === 0) return true;
  console.log(`seed ${seed} FAILED`);
  for (const { invariant, text } of violations.slice(0, 5)) console.log(`  invariant ${invariant}: ${text}`);
  console.log(`  replay: ${replayCommand(seed, options)}`);
  console.log(
    lines
      .slice(-SHOWN_LINES)
      .map((line) => `  ${line}`)
      .join('\n'),
  );
  return false;
}

function main(): void {
  const program = new Command('simulate')
    .description(
      'Runs the real cores on a virtual network with faults, one history per seed, and checks the invariants.',
    )
    .option('--seeds <n>', 'how many histories', parseCount, 200)
    .option('--seed <s>', 'one history only: replays it', parseCount)
    .option('--workers <n>', 'workers at the start', parseCount, 4)
    .option('--servers <n>', 'servers at the start', parseCount, 3)
    .option('--replicas <k>', 'copies of each segment besides the owner', parseCount, 1)
    .option('--consistency <c>', 'bsp, ssp:N or async', parseConsistency, { kind: 'bsp' })
    .option('--faults <kinds>', `all, none, or a list of ${faultKinds.join(', ')}`, parseFaults, faultKinds)
    .option('--fault-count <n>', 'faults in each history', parseCount, 10)
    .option('--steps <n>', 'clocks of each history', parseCount, 40)
    .option('--filters <push,pull>', 'lossless on whole numbers: f16,delta+f16', parseFilters)
    .option('--trace <file>', 'writes the whole trace of the last history');
  const options = program.parse().opts<Options>();
  const seeds = options.seed === undefined ? Array.from({ length: options.seeds }, (_, seed) => seed) : [options.seed];
  const start = performance.now();
  const failed = seeds.filter((seed) => !report(seed, options)).length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${seeds.length} histories in ${seconds} s: ${seeds.length - failed} held, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main();
