// Samples per second by number of workers, each a tab of its own that a server's tab serves: batch per worker and everything else
// alike. On as many cores as there are tabs the gradients are real; beyond that tabs would only share the cores, and so each
// step is a small batch's real gradient, and then a wait until it has taken as long as a large batch's.
import { cpus } from 'node:os';
import { runCluster } from '../cluster.ts';
import { atLeast, type Benchmark, median, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly job: string;
  /** Samples of one worker and clock. */
  readonly share: number;
  readonly steps: number;
  /** Of two workers beside one, where gradients are real. */
  readonly target?: number;
  /** Emulated milliseconds of a step. */
  readonly computeMs?: number;
}

const REAL: readonly Case[] = [
  { job: 'digits-cnn', share: 64, steps: 80, target: 1.8 },
  { job: 'digits-mlp', share: 256, steps: 200, target: 1.5 },
];

/** About what a step of 64 samples takes on a phone. */
const EMULATED: Case = { job: 'digits-cnn', share: 2, steps: 60, computeMs: 400 };

/** Of perfect scaling. */
const EFFICIENCY = 0.9;

async function speedOf({ job, share, steps, computeMs }: Case, workers: number): Promise<number> {
  const work = ['--job', job, '--batch', `${share * workers}`, '--steps', `${steps}`, '--evaluate-every', '1000000'];
  const cluster = ['--workers', `${workers}`, '--servers', '1', '--consistency', 'ssp:1'];
  const emulated = computeMs === undefined ? [] : ['--compute-ms', `${computeMs}`];
  return (await runCluster([...cluster, ...work, ...emulated])).samplesPerSecond;
}

/** One worker and others, round by round, there and back. */
async function measure(one: Case, sizes: readonly number[], rounds: number): Promise<Row[]> {
  const speeds = new Map([1, ...sizes].map((workers) => [workers, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    const inTurn = [...speeds.keys()];
    for (const workers of round % 2 === 0 ? inTurn : inTurn.toReversed()) {
      speeds.get(workers)?.push(await speedOf(one, workers));
    }
  }
  const reference = speeds.get(1) ?? [];
  return sizes.map((workers) => {
    const ours = speeds.get(workers) ?? [];
    const efficiency = Math.round((100 * median(ours)) / median(reference) / workers);
    const { computeMs, target } = one;
    const emulated = computeMs === undefined ? '' : `, emulated ${computeMs} ms a step`;
    const what = `${one.job}${emulated}: ${workers} workers beside one`;
    const note = `${efficiency} % of perfect; ${one.share} samples a worker and clock, ssp:1, default filters, one server; on ${cpus().length} cores`;
    const wanted = computeMs === undefined ? (workers === 2 ? target : undefined) : EFFICIENCY * workers;
    return rowOf({ what, unit: 'samples/s', ours, reference, note, ...(wanted && { target: atLeast(wanted) }) });
  });
}

export const benchmark: Benchmark = {
  what: 'samples per second by number of workers, in real tabs',
  async run({ isQuick }) {
    const real = [2, 4, 8].filter((workers) => workers <= Math.max(2, cpus().length));
    const rows: Row[] = [];
    for (const one of REAL) {
      const quick = { ...one, steps: one.steps / 4 };
      rows.push(...(isQuick ? await measure(quick, [2], 1) : await measure(one, real, 5)));
    }
    const quick = { ...EMULATED, steps: EMULATED.steps / 2 };
    rows.push(...(isQuick ? await measure(quick, [2, 8], 1) : await measure(EMULATED, [2, 4, 8], 3)));
    return rows;
  },
};
