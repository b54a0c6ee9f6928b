// Ring all-reduce beside the parameter server: the same job, tabs and consistency, with one switch between them. Which wins depends
// on how many workers share how many servers, and on the slowest of them: both are shown. Beyond the cores compute times are
// emulated: real gradients of small batches, then a wait. And what a ring's other order of additions comes to.
import { cpus } from 'node:os';
import { runCluster } from '../cluster.ts';
import { atMost, type Benchmark, compare, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly workers: number;
  readonly servers: number;
  /** How many times slower the first worker computes. */
  readonly slow?: number;
  /** Emulated milliseconds of a step; as long as it takes when absent. */
  readonly computeMs?: number;
}

const QUICK: readonly Case[] = [
  { workers: 2, servers: 1 },
  { workers: 4, servers: 1, computeMs: 100 },
];

const CASES: readonly Case[] = [
  { workers: 2, servers: 2 },
  // Fewer servers than workers: each server's link carries more.
  { workers: 2, servers: 1 },
  { workers: 4, servers: 1, computeMs: 100 },
  { workers: 4, servers: 4, computeMs: 100 },
  { workers: 8, servers: 1, computeMs: 200 },
  { workers: 4, servers: 1, computeMs: 100, slow: 4 },
];

/** Samples of one worker and clock: few, so that moving parameters is most of a clock. */
const SHARE = 64;
const EMULATED_SHARE = 8;

const nameOf = ({ workers, servers, slow, computeMs }: Case): string =>
  [
    `${workers} workers, ${servers} server${servers === 1 ? '' : 's'}`,
    ...(computeMs === undefined ? [] : [`emulated ${computeMs} ms a step`]),
    ...(slow === undefined ? [] : [`one worker ${slow}× slower`]),
  ].join(', ');

async function speedOf(one: Case, steps: number, reduce: 'ring' | 'server'): Promise<number> {
  const { workers, servers, slow = 1, computeMs } = one;
  const share = computeMs === undefined ? SHARE : EMULATED_SHARE;
  const cluster = ['--workers', `${workers}`, '--servers', `${servers}`, '--replicas', '0', '--consistency', 'bsp'];
  const work = ['--job', 'digits-mlp', '--batch', `${share * workers}`, '--steps', `${steps}`];
  const plain = ['--filters', 'off', '--evaluate-every', '1000000'];
  const emulated = [
    ...(computeMs === undefined ? [] : ['--compute-ms', `${computeMs}`]),
    ...(slow === 1 ? [] : ['--slow', `1:${slow}`]),
  ];
  return (await runCluster([...cluster, ...work, ...plain, ...emulated, '--reduce', reduce])).samplesPerSecond;
}

/** Steps after which parameters are compared with one thread's. */
const COMPARED_STEPS = 150;

/**
 * The largest difference from one thread's parameters. SGD moves by the gradient, so what another order of additions changes stays
 * as small as it is; Adam divides by the gradient's own size, and makes a step of its rate of whatever is near zero.
 */
async function difference(updater: 'sgd' | 'adam', rate: string, steps: number): Promise<number> {
  const cluster = ['--workers', '3', '--servers', '1', '--consistency', 'bsp', '--reduce', 'ring', '--oracle'];
  const work = ['--job', 'digits-mlp', '--batch', '192', '--steps', `${steps}`, '--updater', updater, '--lr', rate];
  const { oracle } = await runCluster([...cluster, ...work, '--evaluate-every', '1000000']);
  if (oracle === undefined) throw new Error('The run was not compared with one thread.');
  return oracle.maxAbsDiff;
}

async function differences(isQuick: boolean): Promise<Row> {
  const steps = isQuick ? COMPARED_STEPS / 3 : COMPARED_STEPS;
  const [ours, reference]: [number[], number[]] = [[], []];
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    ours.push(await difference('sgd', '0.1', steps));
    reference.push(await difference('adam', '0.001', steps));
  }
  const what = `ring of 3 beside one thread after ${steps} steps: largest difference, SGD beside Adam`;
  const note = 'the order of additions alone: Adam makes a step of its rate of a gradient near zero, whatever its sign';
  return rowOf({ what, unit: 'in a parameter', ours, reference, note, target: atMost(1e-4, 'ours') });
}

export const benchmark: Benchmark = {
  what: 'ring all-reduce beside the parameter server, in real tabs',
  async run({ isQuick }) {
    const steps = isQuick ? 40 : 200;
    const note = `digits-mlp, ${SHARE} samples a worker and clock (${EMULATED_SHARE} where emulated), bsp, no filters, no replicas; on ${cpus().length} cores`;
    const comparisons = (isQuick ? QUICK : CASES).map((one) => ({
      what: `${nameOf(one)}: ring beside server`,
      unit: 'samples/s',
      ours: () => speedOf(one, steps, 'ring'),
      reference: () => speedOf(one, steps, 'server'),
      note,
    }));
    const rows = await compare(comparisons, { warmUp: 0, rounds: isQuick ? 1 : 5 });
    return [...rows, await differences(isQuick)];
  },
};
