// Samples per second by number of workers: batch per worker and everything else alike, and of both sides the last two thirds of
// the clocks: tabs start, compile and find their filters in the first. On as many cores as there are tabs the gradients are
// real. There the oldest tab serves, too, as it does on the page, for a tab that only serves would be one more than cores; that
// layout stands beside it, and so does what tabs that only compute come to: no cluster can do more. Beyond that tabs would only
// share the cores, and so each step is a small batch's real gradient, and then a wait until it has taken as long as a large
// batch's; a tab of its own serves.
import { cpus } from 'node:os';
import type { Page } from '@playwright/test';
import { inTabs } from '../browser/site.ts';
import { runCluster } from '../cluster.ts';
import { atLeast, type Benchmark, compare, median, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly job: string;
  /** Samples of one worker and clock. */
  readonly share: number;
  readonly steps: number;
  readonly consistency: string;
  /** Tabs that only serve. */
  readonly servers: number;
  /** Of two workers beside one, where gradients are real. */
  readonly target?: number;
  /** Emulated milliseconds of a step. */
  readonly computeMs?: number;
  readonly options?: readonly string[];
}

/**
 * Nearly a minute each: the automatic mode tries its options in the first third, and V8's optimising compilers take a twentieth of
 * two cores in the first half minute, which one worker has to spare.
 */
const CNN: Case = { job: 'digits-cnn', share: 64, steps: 1_000, consistency: 'ssp:16', servers: 0, target: 1.8 };
/** Half a minute each. */
const MLP: Case = { job: 'digits-mlp', share: 256, steps: 2_400, consistency: 'ssp:16', servers: 0, target: 1.5 };

/** A tab more than cores, and a bound within which no round of local steps overlaps another. */
const APART: Case = { ...MLP, consistency: 'ssp:1', servers: 1 };

/** Of a quick run: rounds of 16 steps, say, and the first third is not counted. Small shares, which exchange more often. */
const QUICK = { steps: 60, share: 16 };
const QUICK_EMULATED_STEPS = 9;

/**
 * An exchange each step, for rounds of many long steps would be too few to measure. A small model and few samples: eight tabs
 * do their real work on these cores, too. What moves digits-cnn between two tabs takes 90 ms of a core for each exchange,
 * eight workers would need all that two cores have.
 */
const EMULATED: Case = {
  ...{ job: 'digits-mlp', options: ['hidden=[32]'], share: 2, steps: 45, computeMs: 400 },
  ...{ consistency: 'ssp:1', servers: 1 },
};

/** One run's speed is another's by a tenth, up or down, on a machine that others use, too. */
const REAL_ROUNDS = 7;

/** Of perfect scaling. */
const EFFICIENCY = 0.9;

async function speedOf(one: Case, workers: number): Promise<number> {
  const { job, share, steps, computeMs, options = [], consistency, servers } = one;
  const work = ['--job', job, '--batch', `${share * workers}`, '--steps', `${steps}`, '--evaluate-every', '1000000'];
  const cluster = [
    '--workers',
    `${workers}`,
    '--servers',
    `${servers}`,
    '--replicas',
    '0',
    '--consistency',
    consistency,
  ];
  const emulated = computeMs === undefined ? [] : ['--compute-ms', `${computeMs}`, '--filters', 'off'];
  const chosen = options.flatMap((option) => ['--option', option]);
  const { steadySamplesPerSecond } = await runCluster([...cluster, ...work, ...emulated, ...chosen]);
  if (steadySamplesPerSecond === null) throw new Error(`${steps} steps of ${workers} workers are too few to measure.`);
  return steadySamplesPerSecond;
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
    const { computeMs, consistency, servers, target } = one;
    const emulated = computeMs === undefined ? '' : `, emulated ${computeMs} ms a step`;
    const name = [one.job, ...(one.options ?? [])].join(' ');
    const where = servers === 0 ? 'the first serves, too' : 'another tab serves';
    const what = `${name}${emulated}: ${workers} workers beside one, ${where}`;
    const note = `${efficiency} % of perfect; ${one.share} samples a worker and clock, ${consistency}, ${computeMs === undefined ? 'default' : 'no'} filters; without the first third; on ${cpus().length} cores`;
    const wanted = computeMs === undefined ? (workers === 2 ? target : undefined) : EFFICIENCY * workers;
    return rowOf({ what, unit: 'samples/s', ours, reference, note, ...(wanted && { target: atLeast(wanted) }) });
  });
}

/** Gradients a second of so many tabs at once, which exchange nothing. */
async function gradientsOf(pages: readonly Page[], job: string, leastMs: number): Promise<number> {
  const look = (page: Page) =>
    page.evaluate(([name, ms]) => window.computeBench.jobs.gradient(name, ms), [job, leastMs] as const);
  const times = await Promise.all(pages.map(look));
  return times.reduce((sum, ms) => sum + 1_000 / ms, 0);
}

/** What this machine's cores allow. */
async function measureCores(cases: readonly Case[], isQuick: boolean): Promise<Row[]> {
  const leastMs = isQuick ? 1_000 : 3_000;
  return inTabs('compute', 2, async ({ pages }) => {
    for (const { job } of cases) {
      for (const page of pages) {
        await page.evaluate(([name, samples]) => window.computeBench.jobs.prepare(name, samples), [
          job,
          { train: 1_024, test: 100 },
        ] as const);
      }
    }
    const comparisons = cases.map(({ job }) => ({
      what: `${job}: two tabs that only compute, beside one`,
      unit: 'gradients/s',
      ours: () => gradientsOf(pages, job, leastMs),
      reference: () => gradientsOf(pages.slice(0, 1), job, leastMs),
      note: `what ${cpus().length} cores allow: nothing is exchanged`,
    }));
    return compare(comparisons, { warmUp: 1, rounds: isQuick ? 1 : 7 });
  });
}

export const benchmark: Benchmark = {
  what: 'samples per second by number of workers, in real tabs',
  async run({ isQuick }) {
    const cases = [CNN, MLP];
    const real = [2, 4, 8].filter((workers) => workers <= Math.max(2, cpus().length));
    const rows: Row[] = [];
    if (isQuick) {
      // Too little for the target.
      const { target: _, ...one } = CNN;
      rows.push(...(await measure({ ...one, ...QUICK }, [2], 1)));
      rows.push(...(await measureCores([CNN], isQuick)));
      return [...rows, ...(await measure({ ...EMULATED, steps: QUICK_EMULATED_STEPS }, [4], 1))];
    }
    for (const one of cases) rows.push(...(await measure(one, real, REAL_ROUNDS)));
    rows.push(...(await measureCores(cases, isQuick)));
    rows.push(...(await measure(APART, [2], 3)));
    rows.push(...(await measure(EMULATED, [2, 4, 8], 3)));
    return rows;
  },
};
