// What every benchmark is made of. One is a file in bench/suites, named as the benchmark is, that exports `benchmark`:
//
//   export const benchmark: Benchmark = {
//     what: 'the sum of a million floats beside a plain loop',
//     async run({ isQuick }) {
//       return compare(
//         [{ what: 'sum', unit: 'ms', ours: () => cpuMs(fast), reference: () => cpuMs(plain), target: atMost(0.5) }],
//         { warmUp: 3, rounds: isQuick ? 5 : 25 },
//       );
//     },
//   };
//
// Then `npm run bench -- NAME` runs it and writes bench/results/NAME.json and NAME.md. The rule: both sides do the same real
// work in the same run, one right after the other, so that a busy machine slows both; what is quoted is the ratio.
import type { Row, Target } from './result.ts';

export interface BenchOptions {
  /** Be done in about 20 s: fewer rounds, less data, never other work. All quick ones together take less than 5 minutes. */
  readonly isQuick: boolean;
  /** What stood after the name on the command line. */
  readonly args: readonly string[];
}

export interface Benchmark {
  /** One line for the list. */
  readonly what: string;
  /** @throws Error, which is shown, and ends this benchmark only */
  run(options: BenchOptions): Promise<readonly Row[]>;
}

type Side = () => number | Promise<number>;

export interface Comparison {
  /** What is compared, and with what: one line of the table. */
  readonly what: string;
  /** Of both sides: 'ms', 'MB/s', 'samples/s', 'MB', '%' … */
  readonly unit: string;
  /** Does the work once and returns its figure. */
  readonly ours: Side;
  readonly reference: Side;
  readonly target?: Target;
  readonly note?: string;
}

export interface Rounds {
  /** Rounds that are thrown away: compilers, caches, slow start. */
  readonly warmUp: number;
  readonly rounds: number;
}

/** Figures of one comparison that were taken elsewhere: side by side, `ours[i]` and `reference[i]` in one round. */
export interface Samples extends Pick<Row, 'what' | 'unit'> {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  readonly target?: Target;
  readonly note?: string;
}

export class UnusableSamples extends Error {
  override readonly name = 'UnusableSamples';
}

export const atLeast = (value: number, figure: Target['figure'] = 'ratio'): Target => ({ figure, bound: '≥', value });
export const atMost = (value: number, figure: Target['figure'] = 'ratio'): Target => ({ figure, bound: '≤', value });

/**
 * Takes both sides of every comparison in turn, round by round: in even rounds ours first, in odd ones the reference.
 * @returns a row for each comparison, in their order
 */
export async function compare(comparisons: readonly Comparison[], { warmUp, rounds }: Rounds): Promise<Row[]> {
  const taken = comparisons.map((comparison) => ({ ...comparison, ours: [] as number[], reference: [] as number[] }));
  for (let round = -warmUp; round < rounds; round++) {
    for (const [at, comparison] of comparisons.entries()) {
      const sides = round % 2 === 0 ? (['ours', 'reference'] as const) : (['reference', 'ours'] as const);
      for (const side of sides) {
        const value = await comparison[side]();
        if (round >= 0) taken[at]?.[side].push(value);
      }
    }
  }
  return taken.map(rowOf);
}

/**
 * The row of figures that were taken side by side.
 * @throws UnusableSamples where a figure isn't finite, the reference is 0, or a round lacks a side
 */
export function rowOf({ what, unit, ours, reference, target, note }: Samples): Row {
  if (ours.length === 0 || ours.length !== reference.length)
    throw new UnusableSamples(`"${what}" has ${ours.length} figures of ours and ${reference.length} of the reference.`);
  const ratios = ours.map((value, round) => value / (reference[round] ?? Number.NaN));
  if (!ratios.every(Number.isFinite))
    throw new UnusableSamples(`"${what}": ${ours.join(', ')} beside ${reference.join(', ')} have no ratios.`);
  const ratio = { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
  const row = { what, ours: median(ours), reference: median(reference), unit, ratio };
  return { ...row, ...(target && { target }), ...(note !== undefined && { note }) };
}

/** Of an even number of values: the mean of the middle two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Milliseconds of the processor's time that the work takes in this process: what else runs on the machine takes none. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  // The counter moves in microseconds at best.
  return Math.max(1, user + system) / 1000;
}

/** MB per second of the processor's time, over so many times the same work on so many bytes. */
export async function cpuSpeed(work: () => void, times: number, bytes: number): Promise<number> {
  const ms = await cpuMs(() => {
    for (let i = 0; i < times; i++) work();
  });
  return (times * bytes) / ms / 1000;
}

/** Milliseconds by the clock. */
export async function wallMs(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
