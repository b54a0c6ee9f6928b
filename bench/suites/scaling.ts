// Samples per second by number of workers, each a tab of its own that a server's tab serves: batch per worker and everything else
// alike. On as many cores as there are tabs the gradients are real; beyond that they would only share the cores.
import { cpus } from 'node:os';
import { runCluster } from '../cluster.ts';
import { atLeast, type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly job: string;
  /** Samples of one worker and clock. */
  readonly share: number;
  readonly steps: number;
  readonly target: number;
}

const CASES: readonly Case[] = [
  { job: 'digits-cnn', share: 64, steps: 80, target: 1.8 },
  { job: 'digits-mlp', share: 256, steps: 200, target: 1.5 },
];

async function speedOf({ job, share, steps }: Case, workers: number): Promise<number> {
  const work = ['--job', job, '--batch', `${share * workers}`, '--steps', `${steps}`, '--evaluate-every', '1000000'];
  const cluster = ['--workers', `${workers}`, '--servers', '1', '--consistency', 'ssp:1'];
  return (await runCluster([...cluster, ...work])).samplesPerSecond;
}

/** One worker and `workers`, in turn. */
async function measure(one: Case, workers: number, rounds: number): Promise<Row> {
  const [ours, reference]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const both = { ours: () => speedOf(one, workers), reference: () => speedOf(one, 1) };
    for (const side of round % 2 === 0 ? (['ours', 'reference'] as const) : (['reference', 'ours'] as const)) {
      (side === 'ours' ? ours : reference).push(await both[side]());
    }
  }
  const what = `${one.job}: ${workers} workers beside one`;
  const note = `${one.share} samples a worker and clock, ssp:1, default filters, one server; on ${cpus().length} cores`;
  const target = workers === 2 ? { target: atLeast(one.target) } : {};
  return rowOf({ what, unit: 'samples/s', ours, reference, note, ...target });
}

export const benchmark: Benchmark = {
  what: 'samples per second by number of workers, in real tabs',
  async run({ isQuick }) {
    const sizes = [2, 4, 8].filter((workers) => workers <= Math.max(2, cpus().length));
    const rows: Row[] = [];
    for (const one of CASES.map((full) => (isQuick ? { ...full, steps: full.steps / 4 } : full))) {
      for (const workers of isQuick ? [2] : sizes) rows.push(await measure(one, workers, isQuick ? 1 : 5));
    }
    return rows;
  },
};
