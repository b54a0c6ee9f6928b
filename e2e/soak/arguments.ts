// The command line of `npm run soak`: its own options, and those of `npm run cluster` for the run itself.
import { Command } from 'commander';
import { type ClusterArguments, parseArguments } from '../cluster/arguments.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { FAULT_NAMES, type FaultName } from './next-fault.ts';

export interface SoakArguments {
  readonly minutes: number;
  /** Seconds between two faults. */
  readonly every: number;
  /** Of the faults; the run's own is always 1. */
  readonly seed: number;
  /** No others. */
  readonly only: readonly FaultName[];
  /** Seconds that the calm run of the same job takes, to compare with; 0 for none. */
  readonly calm: number;
  readonly json: string | undefined;
  readonly run: ClusterArguments;
}

/** More than any soak does (200,000 in 20 minutes): it ends by the clock on the wall. */
const ENDLESS_STEPS = 1_000_000;

/** What the run is where nothing else is said: small, so that two cores carry eight tabs. */
const RUN_DEFAULTS = [
  ...['--workers', '3', '--servers', '3', '--replicas', '1', '--batch', '64', '--data-samples', '4000,1000'],
  ...['--option', 'hidden=[32]', '--updater', 'adam', '--lr', '0.001', '--evaluate-every', '25'],
  ...['--steps', String(ENDLESS_STEPS), '--timeout', '1000000'],
];

const number = (text: string, name: string, least: number): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least) throw new ClusterFailure(`--${name}: is a number, at least ${least}.`);
  return value;
};

const faultNames = (text: string): FaultName[] =>
  text.split(',').map((name) => {
    const known = FAULT_NAMES.find((one) => one === name.trim());
    if (known === undefined) throw new ClusterFailure(`--only: "${name}" is none of ${FAULT_NAMES.join(', ')}.`);
    return known;
  });

/** @throws ClusterFailure with a sentence; CommanderError after it printed help or what is wrong */
export function parseSoakArguments(argv: readonly string[]): SoakArguments {
  const command = new Command('npm run soak --')
    .description(
      'Trains in real tabs for a long time, with a random fault every few seconds, and reports accuracy, memory and ' +
        'stalls. Other options are those of `npm run cluster`, for the run.',
    )
    .option('--minutes <minutes>', 'how long', '20')
    .option('--every <seconds>', 'between two faults', '10')
    .option('--seed <number>', 'of the faults', '1')
    .option('--only <faults>', `some of ${FAULT_NAMES.join(', ')}`)
    .option(
      '--calm <seconds>',
      'of a run without faults to compare with, before; a quarter of the time without, 0 for none',
    )
    .option('--json <file>', 'write the results there')
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride();
  command.parse(argv, { from: 'user' });
  const options = command.opts<Record<'minutes' | 'every' | 'seed' | 'only' | 'calm' | 'json', string | undefined>>();
  const minutes = number(options.minutes ?? '', 'minutes', 0.1);
  return {
    minutes,
    every: number(options.every ?? '', 'every', 1),
    seed: number(options.seed ?? '', 'seed', 0),
    only: options.only === undefined ? FAULT_NAMES : faultNames(options.only),
    calm: options.calm === undefined ? minutes * 15 : number(options.calm, 'calm', 0),
    json: options.json,
    run: parseArguments([...RUN_DEFAULTS, ...command.args]),
  };
}
