// Ring all-reduce beside the parameter server: the same job, tabs and consistency, with one switch between them. Which wins depends
// on how many workers share how many servers, and on the slowest of them: both are shown.
import { cpus } from 'node:os';
import { runCluster } from '../cluster.ts';
import { type Benchmark, compare } from '../harness.ts';

interface Case {
  readonly workers: number;
  readonly servers: number;
  /** How many times slower the first worker computes. */
  readonly slow?: number;
}

const QUICK: readonly Case[] = [{ workers: 2, servers: 1 }];

const CASES: readonly Case[] = [
  { workers: 2, servers: 2 },
  { workers: 3, servers: 3 },
  // Fewer servers than workers: each server's link carries more.
  { workers: 2, servers: 1 },
  { workers: 3, servers: 1 },
  { workers: 3, servers: 1, slow: 4 },
];

/** Samples of one worker and clock: few, so that moving parameters is most of a clock. */
const SHARE = 64;

const nameOf = ({ workers, servers, slow }: Case): string =>
  `${workers} workers, ${servers} server${servers === 1 ? '' : 's'}${slow === undefined ? '' : `, one worker ${slow}× slower`}`;

async function speedOf({ workers, servers, slow }: Case, steps: number, reduce: 'ring' | 'server'): Promise<number> {
  const cluster = ['--workers', `${workers}`, '--servers', `${servers}`, '--replicas', '0', '--consistency', 'bsp'];
  const work = ['--job', 'digits-mlp', '--batch', `${SHARE * workers}`, '--steps', `${steps}`];
  const plain = ['--filters', 'off', '--evaluate-every', '1000000'];
  const slowed = slow === undefined ? [] : ['--slow', `1:${slow}`];
  return (await runCluster([...cluster, ...work, ...plain, ...slowed, '--reduce', reduce])).samplesPerSecond;
}

export const benchmark: Benchmark = {
  what: 'ring all-reduce beside the parameter server, in real tabs',
  async run({ isQuick }) {
    const steps = isQuick ? 40 : 200;
    const note = `digits-mlp, ${SHARE} samples a worker and clock, bsp, no filters, no replicas; on ${cpus().length} cores`;
    const comparisons = (isQuick ? QUICK : CASES).map((one) => ({
      what: `${nameOf(one)}: ring beside server`,
      unit: 'samples/s',
      ours: () => speedOf(one, steps, 'ring'),
      reference: () => speedOf(one, steps, 'server'),
      note,
    }));
    return compare(comparisons, { warmUp: 0, rounds: isQuick ? 1 : 5 });
  },
};
