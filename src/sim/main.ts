// npm run simulate: hunts with seeds. Prints one line per failing history with the command that replays it, and its trace.
import { closeSync, openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Filters,
  parsePullFilters,
  parsePushFilters,
  pullFiltersText,
  pushFiltersText,
} from '../protocol/filters.ts';
import type { Consistency } from '../ps/consistency.ts';
import { MIN_DYNAMIC_DELAY } from '../ps/dynamic-delay.ts';
import { type FaultKind, faultKinds, faultWords } from './faults.ts';
import { GROWTH_SIZES, growthHead, growthLine, measureGrowth } from './growth.ts';
import type { SimulationConfig, SimulationResult } from './history.ts';
import { huntInJobs } from './hunt-jobs.ts';
import { Simulation } from './simulation.ts';

/** Lines of trace shown for a failing history; `--trace FILE` writes all of them. */
const SHOWN_LINES = 40;

/** Lines kept before they are written or dropped: a run of a million steps has millions. */
const MAX_KEPT_LINES = 10_000;

interface Options {
  readonly seeds: number;
  readonly seed?: number;
  readonly firstSeed: number;
  readonly jobs: number;
  readonly profile?: 'tiny';
  readonly workers: number;
  readonly servers: number;
  readonly replicas: number;
  readonly consistency: Consistency;
  readonly faults: readonly FaultKind[];
  readonly faultCount: number;
  readonly steps: number;
  readonly segments: number;
  readonly trace?: string;
  readonly filters?: Filters;
  readonly reduce?: 'ring';
  readonly drifts?: true;
  readonly backups?: true;
  readonly stops?: true;
  readonly growth?: readonly number[] | true;
}

/** Two of each, one small segment, and faults after which everybody is still there: for histories of a million steps. */
const TINY: Partial<Options> = {
  ...{ workers: 2, servers: 2, segments: 1, consistency: { kind: 'ssp', delay: 4 } },
  faults: ['break', 'break-late', 'stall', 'freeze', 'partition', 'cut-off', 'signaling', 'slow', 'dead-link'],
};

/** Replayed with these where a command doesn't say otherwise. */
const DEFAULTS = { seeds: 200, workers: 4, servers: 3, replicas: 1, faultCount: 10, steps: 40, segments: 6 } as const;

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is wanted');
  return value;
}

function parseConsistency(text: string): Consistency {
  const [kind, delay] = text.split(':');
  if (kind === 'bsp' || kind === 'async') return { kind };
  if (kind === 'dynamic') return { kind, delay: MIN_DYNAMIC_DELAY };
  if (kind === 'ssp' && Number(delay) >= 1) return { kind, delay: Number(delay) };
  throw new InvalidArgumentError('bsp, ssp:N, dynamic or async is wanted');
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

function parseSizes(text: string): readonly number[] {
  const sizes = text.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 3)) {
    throw new InvalidArgumentError('numbers of nodes are wanted, each at least 3, such as 10,30');
  }
  return sizes;
}

const nameOf = (consistency: Consistency): string =>
  consistency.kind === 'ssp' ? `ssp:${consistency.delay}` : consistency.kind;

function replayCommand(seed: number, options: Options): string {
  const { workers, servers, replicas, consistency, faults, faultCount, steps, segments } = options;
  const names = faults.length === faultKinds.length ? 'all' : faults.join(',') || 'none';
  return (
    `npm run simulate -- --seed ${seed} --workers ${workers} --servers ${servers} --replicas ${replicas} ` +
    `--consistency ${nameOf(consistency)} --faults ${names} --fault-count ${faultCount} --steps ${steps}` +
    (segments === DEFAULTS.segments ? '' : ` --segments ${segments}`) +
    filtersText(options.filters) +
    (options.reduce === undefined ? '' : ` --reduce ${options.reduce}`) +
    (options.drifts === undefined ? '' : ' --drifts') +
    (options.backups === undefined ? '' : ' --backups') +
    (options.stops === undefined ? '' : ' --stops')
  );
}

function runOne(seed: number, options: Options, onTrace: (line: string) => void): SimulationResult {
  const {
    workers,
    servers,
    replicas,
    consistency,
    faults,
    faultCount,
    steps,
    segments,
    filters,
    reduce,
    drifts,
    backups,
    stops,
  } = options;
  const config: SimulationConfig = {
    seed,
    workers,
    servers,
    replicas,
    consistency,
    faults,
    faultCount,
    steps,
    segments,
    onTrace,
    ...(filters === undefined ? {} : { filters }),
    ...(reduce === undefined ? {} : { reduce }),
    ...(drifts === undefined ? {} : { drifts }),
    ...(backups === undefined ? {} : { backups }),
    ...(stops === undefined ? {} : { stops }),
  };
  return new Simulation(config).run();
}

/** The last lines of a trace, however long it is; all of them go to `file`, when one is wanted. */
class TraceTail {
  private readonly lines: string[] = [];
  private readonly descriptor: number | null;

  constructor(file: string | undefined) {
    this.descriptor = file === undefined ? null : openSync(file, 'w');
  }

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length >= MAX_KEPT_LINES) this.flush();
  }

  /** @returns the last lines */
  end(): readonly string[] {
    const last = this.lines.slice(-SHOWN_LINES);
    this.flush();
    if (this.descriptor !== null) closeSync(this.descriptor);
    return last;
  }

  private flush(): void {
    if (this.descriptor !== null && this.lines.length > 0) writeSync(this.descriptor, `${this.lines.join('\n')}\n`);
    this.lines.splice(0, this.descriptor === null ? this.lines.length - SHOWN_LINES : this.lines.length);
  }
}

/** @returns whether the history held */
function report(seed: number, options: Options): boolean {
  const trace = new TraceTail(options.trace);
  const result = runOne(seed, options, (line) => trace.add(line));
  const lastLines = trace.end();
  const { violations, virtualMs, events, faults, acknowledged, duplicates, traceHash } = result;
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
  for (const line of lastLines) console.log(`  ${line}`);
  return false;
}

const EXAMPLES = `
Faults:
${faultKinds.map((kind) => `  ${kind.padEnd(18)} ${faultWords[kind]}`).join('\n')}

Examples:
  npm run simulate -- --seeds 1000 --consistency ssp:4   hunts; failing seeds print how to replay them
  npm run simulate -- --seed 7 --trace trace.txt         one history, its whole trace in a file
  npm run simulate -- --seeds 1000 --jobs 16             the same on 16 processes
  npm run simulate -- --seed 1 --steps 1000000 --profile tiny --fault-count 200
                                                         a million steps: does anything grow? (some minutes)
  npm run simulate -- --growth                           how cost grows with the room, as a Markdown table`;

function commandLine(): Command {
  return new Command('simulate')
    .description(
      'Runs the real cores on a virtual network with faults, one history per seed, and checks the invariants.',
    )
    .addOption(option('--seeds <n>', 'how many histories', parseCount).default(DEFAULTS.seeds))
    .addOption(option('--seed <s>', 'this history only: replays it', parseCount))
    .addOption(option('--first-seed <s>', 'the first of them', parseCount).default(0))
    .addOption(option('--jobs <n>', 'processes that share the histories', parseCount).default(1))
    .addOption(new Option('--profile <name>', 'tiny: few nodes and small segments, for many steps').choices(['tiny']))
    .addOption(option('--workers <n>', 'workers at the start', parseCount).default(DEFAULTS.workers))
    .addOption(option('--servers <n>', 'servers at the start', parseCount).default(DEFAULTS.servers))
    .addOption(
      option('--replicas <k>', 'copies of each segment besides the owner', parseCount).default(DEFAULTS.replicas),
    )
    .addOption(
      option('--consistency <c>', 'bsp, ssp:N, dynamic or async', parseConsistency).default({ kind: 'bsp' }, 'bsp'),
    )
    .addOption(option('--faults <kinds>', 'all, none, or a list: see below', parseFaults).default(faultKinds, 'all'))
    .addOption(option('--fault-count <n>', 'faults in each history', parseCount).default(DEFAULTS.faultCount))
    .addOption(option('--steps <n>', 'clocks of each history', parseCount).default(DEFAULTS.steps))
    .addOption(option('--segments <n>', 'segments of 64 KiB: fewer are faster', parseCount).default(DEFAULTS.segments))
    .addOption(option('--filters <push,pull>', 'lossless on whole numbers: f16,delta+f16', parseFilters))
    .addOption(new Option('--reduce <way>', 'ring: gradients are added up from worker to worker').choices(['ring']))
    .addOption(option('--drifts', 'local steps between exchanges, 2 to 8 drawn from the seed'))
    .addOption(option('--backups', 'idle workers make the gradients of those far behind, too'))
    .addOption(option('--stops', 'somebody stops the run in its midst'))
    .addOption(option('--trace <file>', 'writes the whole trace of the last history'))
    .addOption(option('--growth [sizes]', `rooms of ${GROWTH_SIZES.join(', ')} nodes, or of these`, parseSizes))
    .addHelpText('after', EXAMPLES);
}

function option<T>(flags: string, words: string, parse?: (text: string) => T): Option {
  const made = new Option(flags, words);
  return parse === undefined ? made : made.argParser(parse);
}

function printGrowth(sizes: readonly number[]): void {
  console.log(growthHead());
  for (const nodes of sizes) console.log(growthLine(measureGrowth(nodes)));
}

function hunt(options: Options): void {
  const seeds =
    options.seed === undefined
      ? Array.from({ length: options.seeds }, (_, at) => options.firstSeed + at)
      : [options.seed];
  const start = performance.now();
  const failed = seeds.filter((seed) => !report(seed, options)).length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const heap = (process.memoryUsage().heapUsed / 2 ** 20).toFixed(0);
  console.log(
    `${seeds.length} histories in ${seconds} s: ${seeds.length - failed} held, ${failed} failed; heap ${heap} MiB`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

/** This very command, for a process that does a part of it. */
function childCommand(): string[] {
  const [program = '', ...args] = process.argv;
  const isDropped = (text: string) => /^--(jobs|seeds|first-seed)(=|$)/.test(text);
  const kept = args.filter(
    (text, at) => !isDropped(text) && !(isDropped(args[at - 1] ?? '') && !args[at - 1]?.includes('=')),
  );
  return [program, ...process.execArgv, ...kept];
}

async function huntTogether({ jobs, firstSeed, seeds }: Options): Promise<void> {
  const start = performance.now();
  const { held, failed } = await huntInJobs(jobs, firstSeed, seeds, childCommand());
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${seeds} histories on ${jobs} processes in ${seconds} s: ${held} held, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const given = commandLine().parse().opts<Options>();
const options: Options = given.profile === 'tiny' ? { ...given, ...TINY } : given;
if (options.growth === undefined && options.jobs > 1 && options.seed === undefined) await huntTogether(options);
else if (options.growth === undefined) hunt(options);
else printGrowth(options.growth === true ? GROWTH_SIZES : options.growth);
