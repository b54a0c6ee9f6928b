// Ring all-reduce beside the parameter server: the same job, tabs and consistency, with one switch between them. Which wins depends
// on how many workers share how many servers, and on the slowest of them: both are shown. Beyond the cores compute times are
// emulated: real gradients of small batches, then a wait. And what a ring's other order of additions comes to.
import { cpus } from 'node:os';
import { runCluster } from '../cluster.ts';
import { atMost, type Benchmark, compare, rowOf } from '../harness.ts';
import { LiveRoom } from '../live-room.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly workers: number;
  readonly servers: number;
  /** How many times slower the first worker computes. */
  readonly slow?: number;
  /** Emulated milliseconds of a step; as long as it takes when absent. */
  readonly computeMs?: number;
}

/** In one room, and without the comparison of parameters: opening tabs is most of what the others take. */
const QUICK: Case = { workers: 2, servers: 1 };
const QUICK_SECONDS = 4;

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
const STEPS = 200;

const nameOf = ({ workers, servers, slow, computeMs }: Case): string =>
  [
    `${workers} workers, ${servers} server${servers === 1 ? '' : 's'}`,
    ...(computeMs === undefined ? [] : [`emulated ${computeMs} ms a step`]),
    ...(slow === undefined ? [] : [`one worker ${slow}× slower`]),
  ].join(', ');

async function speedOf(one: Case, reduce: 'ring' | 'server'): Promise<number> {
  const { workers, servers, slow = 1, computeMs } = one;
  const share = computeMs === undefined ? SHARE : EMULATED_SHARE;
  const cluster = ['--workers', `${workers}`, '--servers', `${servers}`, '--replicas', '0', '--consistency', 'bsp'];
  const work = ['--job', 'digits-mlp', '--batch', `${share * workers}`, '--steps', `${STEPS}`];
  const plain = ['--filters', 'off', '--evaluate-every', '1000000'];
  const emulated = [
    ...(computeMs === undefined ? [] : ['--compute-ms', `${computeMs}`]),
    ...(slow === 1 ? [] : ['--slow', `1:${slow}`]),
  ];
  return (await runCluster([...cluster, ...work, ...plain, ...emulated, '--reduce', reduce])).samplesPerSecond;
}

async function quickly(note: string): Promise<Row[]> {
  const { workers, servers } = QUICK;
  const room = await LiveRoom.open(workers + servers);
  const speed = (reduce: 'ring' | 'server') => async () => {
    await room.start({ workers, servers }, { job: 'digits-mlp', batch: SHARE * workers, reduce });
    await room.rate(1);
    const found = await room.rate(QUICK_SECONDS);
    await room.stop();
    return found;
  };
  try {
    const what = `${nameOf(QUICK)}: ring beside server`;
    const sides = { ours: speed('ring'), reference: speed('server') };
    return await compare([{ what, unit: 'samples/s', ...sides, note }], { warmUp: 0, rounds: 1 });
  } finally {
    await room.close();
  }
}

/** Steps after which parameters are compared with one thread's. */
const COMPARED_STEPS = 150;

/**
 * The largest difference from one thread's parameters. SGD moves by the gradient, so what another order of additions changes stays
 * as small as it is; Adam divides by the gradient's own size, and makes a step of its rate of whatever is near zero.
 */
async function difference(updater: 'sgd' | 'adam', rate: string): Promise<number> {
  const cluster = ['--workers', '3', '--servers', '1', '--consistency', 'bsp', '--reduce', 'ring', '--oracle'];
  const work = [
    '--job',
    'digits-mlp',
    '--batch',
    '192',
    '--steps',
    `${COMPARED_STEPS}`,
    '--updater',
    updater,
    '--lr',
    rate,
  ];
  const { oracle } = await runCluster([...cluster, ...work, '--evaluate-every', '1000000']);
  if (oracle === undefined) throw new Error('The run was not compared with one thread.');
  return oracle.maxAbsDiff;
}

async function differences(): Promise<Row> {
  const [ours, reference]: [number[], number[]] = [[], []];
  for (let round = 0; round < 3; round++) {
    ours.push(await difference('sgd', '0.1'));
    reference.push(await difference('adam', '0.001'));
  }
  const what = `ring of 3 beside one thread after ${COMPARED_STEPS} steps: largest difference, SGD beside Adam`;
  const note = 'the order of additions alone: Adam makes a step of its rate of a gradient near zero, whatever its sign';
  return rowOf({ what, unit: 'in a parameter', ours, reference, note, target: atMost(1e-4, 'ours') });
}

export const benchmark: Benchmark = {
  what: 'ring all-reduce beside the parameter server, in real tabs',
  async run({ isQuick }) {
    const note = `digits-mlp, ${SHARE} samples a worker and clock (${EMULATED_SHARE} where emulated), bsp, no filters, no replicas; on ${cpus().length} cores`;
    if (isQuick) return quickly(note);
    const comparisons = CASES.map((one) => ({
      what: `${nameOf(one)}: ring beside server`,
      unit: 'samples/s',
      ours: () => speedOf(one, 'ring'),
      reference: () => speedOf(one, 'server'),
      note,
    }));
    const rows = await compare(comparisons, { warmUp: 0, rounds: 5 });
    return [...rows, await differences()];
  },
};
