// What one slow worker of four costs under each consistency: how long the others wait, and how long it takes to learn. In
// virtual time: the compute times, and the network, are emulated; everything else is the code that runs in tabs, and the
// gradients are real.
import { findJob } from '../../src/jobs/registry.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { makePlan } from '../../src/runtime/run-plan.ts';
import { FIRST_DYNAMIC_DELAY } from '../../src/store/view.ts';
import { generatedData } from '../filters/lone-cluster.ts';
import { atMost, type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';
import { Examiner } from '../stragglers/examiner.ts';
import { VirtualCluster, type VirtualResult } from '../stragglers/virtual-cluster.ts';

const JOB = 'digits-mlp';
const COMPUTE_MS = 50;
const SLOWDOWN = 4;
const WORKERS = 4;
const BATCH = 128;
/** A small model: the network is emulated, and what it learns matters, not how much it computes. */
const OPTIONS = { hidden: [32] };
const STEPS = 1_500;
const TARGET_ACCURACY = 0.8;
const LOOK_EVERY_MS = 250;

interface Case {
  readonly name: string;
  readonly consistency: Consistency;
  readonly hasBackups?: boolean;
}

const BSP: Case = { name: 'BSP', consistency: { kind: 'bsp' } };
const BACKUPS: Case = { name: 'BSP with backup tasks', consistency: { kind: 'bsp' }, hasBackups: true };
const FIXED: readonly Case[] = [
  ...[1, 2, 4, 8, 16].map((delay) => ({ name: `ssp:${delay}`, consistency: { kind: 'ssp', delay } as const })),
  { name: 'async', consistency: { kind: 'async' } },
];
/** Of a quick run: the two that are best here. */
const QUICK_FIXED = FIXED.filter(({ name }) => name === 'ssp:8' || name === 'async');
const DYNAMIC: Case = { name: 'dynamic τ', consistency: { kind: 'dynamic', delay: FIRST_DYNAMIC_DELAY } };

async function train(one: Case, seed: number): Promise<VirtualResult & { readonly seconds: number }> {
  const data = generatedData(JOB, { train: 8_192, test: 512 });
  const { updater, learningRate } = findJob(JOB).defaults(OPTIONS, data.meta);
  const { hasBackups } = one;
  const size = { batch: BATCH, steps: STEPS, evaluateEvery: STEPS };
  const wish = { job: JOB, options: OPTIONS, ...size, seed, replicas: 0, hasBackups };
  const plan = makePlan({ ...wish, updater: updater.kind }, data.meta, data.plan);
  const examiner = await Examiner.of(JOB, data, OPTIONS);
  const result = await new VirtualCluster({
    ...{ plan, data, learningRate, consistency: one.consistency },
    isStalenessAware: false,
    computeMs: Array.from({ length: WORKERS }, (_, at) => (at === 0 ? SLOWDOWN : 1) * COMPUTE_MS),
    lookEveryMs: LOOK_EVERY_MS,
    look: async (tables) => (await examiner.accuracy(tables)) >= TARGET_ACCURACY,
  }).run();
  examiner.close();
  const { seconds } = result;
  console.error(`${one.name}, seed ${seed}: ${seconds} virtual s, ${(100 * result.waiting).toFixed(1)} % waiting`);
  if (seconds === null) throw new Error(`${one.name} did not reach ${TARGET_ACCURACY} in ${STEPS} clocks.`);
  return { ...result, seconds };
}

/** Every case with every seed; a round is a seed. */
async function trainAll(cases: readonly Case[], seeds: readonly number[]): Promise<Map<string, VirtualResult[]>> {
  const results = new Map<string, VirtualResult[]>();
  for (const seed of seeds) {
    for (const one of cases) {
      results.set(one.name, [...(results.get(one.name) ?? []), await train(one, seed)]);
    }
  }
  return results;
}

const NOTE = `virtual time: ${COMPUTE_MS} ms a gradient, ${SLOWDOWN * COMPUTE_MS} ms on one of ${WORKERS} workers (emulated)`;

function rowsOf(results: ReadonlyMap<string, readonly VirtualResult[]>, fixed: readonly Case[]): Row[] {
  const secondsOf = (name: string) => (results.get(name) ?? []).map(({ seconds }) => seconds ?? Number.NaN);
  const bsp = results.get(BSP.name) ?? [];
  // The best fixed bound of each seed.
  const best = bsp.map((_, at) => Math.min(...fixed.map(({ name }) => secondsOf(name)[at] ?? Number.NaN)));
  const rows = [...results].flatMap(([name, all]) => [
    rowOf({
      ...{ what: `${name}: waiting`, unit: '% of the time', ours: all.map(({ waiting }) => 100 * waiting) },
      reference: bsp.map(({ waiting }) => 100 * waiting),
      ...(name === DYNAMIC.name ? { target: atMost(2, 'ours') } : {}),
      note: `beside BSP; ${NOTE}; τ ${all.at(-1)?.delay ?? '∞'} at the end, fastest worker ${(all.at(-1)?.front ?? 0) - (all.at(-1)?.floor ?? 0)} clocks ahead`,
    }),
    rowOf({
      ...{
        what: `${name}: time to ${100 * TARGET_ACCURACY} % test accuracy`,
        unit: 'virtual s',
        ours: secondsOf(name),
      },
      reference: secondsOf(BSP.name),
      note: 'beside BSP',
    }),
  ]);
  const against = { what: 'dynamic τ: time to target beside the best fixed delay', unit: 'virtual s', reference: best };
  return [...rows, rowOf({ ...against, ours: secondsOf(DYNAMIC.name), target: atMost(1) })];
}

export const benchmark: Benchmark = {
  what: 'one of four workers four times slower: waiting and time to target, by consistency',
  async run({ isQuick }) {
    const [fixed, seeds] = isQuick ? [QUICK_FIXED, [1]] : [FIXED, [1, 2, 3]];
    return rowsOf(await trainAll([BSP, BACKUPS, ...fixed, DYNAMIC], seeds), fixed);
  },
};
