// Automatic filters beside plain f32 and beside fixed choices, in real tabs: one room, runs in turn, samples per second once
// each has settled. And what a second busy core costs the first on this machine: no cluster on it can do better.
import { Worker } from 'node:worker_threads';
import { builtPage } from '../../e2e/cluster/page-build.ts';
import { every } from '../../e2e/cluster/periods.ts';
import { openRoom, type Room } from '../../e2e/cluster/room.ts';
import type { ConsistencyView, FiltersView } from '../../src/store/view.ts';
import { atLeast, type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Way {
  readonly name: string;
  readonly filters: FiltersView;
  readonly localSteps: number;
}

const OFF: Way = { name: 'off', filters: { kind: 'off' }, localSteps: 1 };
const AUTO: Way = { name: 'auto', filters: { kind: 'auto' }, localSteps: 1 };
const F16: FiltersView = { kind: 'fixed', push: 'f16', pull: 'f16' };
const INT8: FiltersView = { kind: 'fixed', push: 'int8', pull: 'delta+int8' };
/** Of a quick run beside plain f32: the one that is most often best on one machine. */
const QUICK_FIXED = 'int8, 16 local steps';
const FIXED: readonly Way[] = [
  OFF,
  { name: 'f16', filters: F16, localSteps: 1 },
  { name: 'int8', filters: INT8, localSteps: 1 },
  { name: 'int8, 4 local steps', filters: INT8, localSteps: 4 },
  { name: 'int8, 16 local steps', filters: INT8, localSteps: 16 },
];

interface Layout {
  readonly workers: number;
  readonly servers: number;
  readonly consistency: ConsistencyView;
  readonly batch: number;
}

const LAYOUTS: readonly Layout[] = [
  { workers: 1, servers: 1, consistency: { kind: 'bsp' }, batch: 128 },
  { workers: 2, servers: 2, consistency: { kind: 'bsp' }, batch: 128 },
  { workers: 1, servers: 1, consistency: { kind: 'ssp', delay: 1 }, batch: 2048 },
];

const layoutName = ({ workers, servers, consistency, batch }: Layout): string =>
  `${workers} + ${servers}, ${consistency.kind}, batch ${batch}`;

/** The automatic mode is done with its first choices by then; the fixed ones get as long, but in a quick run: they choose nothing. */
const SETTLE_SECONDS = 8;
const QUICK_SETTLE_SECONDS = 2;

/** So many steps are never reached. */
const ENDLESS = 1_000_000;

async function until(room: Room, isSo: (phase: string | undefined, clock: number) => boolean): Promise<void> {
  for await (const _ of every('look')) {
    const { run, problem } = await Promise.race([room.first.call('status'), room.trouble]);
    if (problem !== null) throw new Error(problem.text);
    if (isSo(run?.phase, run?.clock ?? 0)) return;
  }
}

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Samples per second of one way, after it has settled. */
async function speedOf(room: Room, layout: Layout, way: Way, isQuick: boolean): Promise<number> {
  const seconds = isQuick ? 4 : 12;
  const request = { job: 'digits-mlp', steps: ENDLESS, learningRate: 0.001, updater: 'adam', replicas: 0, seed: 1 };
  const { batch, consistency } = layout;
  const checkpoints = { steps: null, seconds: null };
  await room.first.call(
    'start',
    { ...request, batch, consistency, checkpoints, filters: way.filters, localSteps: way.localSteps },
    { options: {}, evaluateEvery: ENDLESS },
  );
  await until(room, (phase, clock) => phase === 'running' && clock > 2);
  await wait(isQuick && way !== AUTO ? QUICK_SETTLE_SECONDS : SETTLE_SECONDS);
  const samples = async () => (await room.first.call('figures')).metrics?.samples ?? 0;
  const [before, start] = [await samples(), performance.now()];
  await wait(seconds);
  const speed = ((await samples()) - before) / ((performance.now() - start) / 1000);
  if (way === AUTO) console.error(`${layoutName(layout)}: ${(await room.first.call('status')).run?.filterChoice}`);
  await room.first.call('stop');
  await until(room, (phase) => phase === 'stopped');
  return speed;
}

async function measure(layout: Layout, folder: string, isQuick: boolean): Promise<Row[]> {
  const settings = { workers: layout.workers, servers: layout.servers, browser: 'chromium' } as const;
  const room = await openRoom({ ...settings, headed: false, port: 0, folder }, (text) => console.error(text));
  const fixed = FIXED.filter((way) => !isQuick || way === OFF || way.name === QUICK_FIXED);
  const ways = [AUTO, ...fixed];
  const speeds = new Map(ways.map((way) => [way, [] as number[]]));
  try {
    await room.first.call('chooseJob', 'digits-mlp');
    for await (const _ of every('look')) {
      const { dataset, progress } = await room.first.call('status');
      if (dataset?.jobs.includes('digits-mlp') && progress === null) break;
    }
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
        speeds.get(way)?.push(await speedOf(room, layout, way, isQuick));
      }
    }
  } finally {
    await room.close();
  }
  const of = (way: Way) => speeds.get(way) ?? [];
  const best = of(OFF).map((_, round) => Math.max(...fixed.map((way) => of(way)[round] ?? 0)));
  const row = (what: string, reference: readonly number[]) => ({
    ...{ what: `${layoutName(layout)}: auto beside ${what}`, unit: 'samples/s', ours: of(AUTO), reference },
  });
  return [
    rowOf({ ...row('plain f32', of(OFF)), target: atLeast(0.98) }),
    rowOf({ ...row('the best fixed of these', best), target: atLeast(0.9) }),
    ...fixed.slice(1).map((way) => rowOf(row(way.name, of(way)))),
  ];
}

/** Sums for so many ms, and says how many. */
const SPIN = `
  const { parentPort, workerData } = require('node:worker_threads');
  const end = performance.now() + workerData;
  let [sum, turns] = [0, 0];
  while (performance.now() < end) { for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i); turns++; }
  parentPort.postMessage(turns + (sum < 0 ? 1 : 0));
`;

const spin = (ms: number): Promise<number> =>
  new Promise((resolve, reject) => {
    new Worker(SPIN, { eval: true, workerData: ms }).once('message', resolve).once('error', reject);
  });

/** One thread's arithmetic while another computes, beside the same alone. */
async function secondCore(isQuick: boolean): Promise<Row> {
  const [ours, reference]: [number[], number[]] = [[], []];
  for (let round = 0; round < (isQuick ? 3 : 9); round++) {
    reference.push(await spin(500));
    ours.push((await Promise.all([spin(500), spin(500)]))[0]);
  }
  const note = 'what a server’s tab takes from a worker’s, at most, where they share the machine';
  return rowOf({ what: 'a thread while a second core is busy, beside alone', unit: 'turns', ours, reference, note });
}

export const benchmark: Benchmark = {
  what: 'automatic filters beside plain f32 and fixed ones: 1 + 1 and 2 + 2 tabs, and 1 + 1 in ssp:1 with large batches',
  async run({ isQuick }) {
    const folder = await builtPage();
    const rows: Row[] = [await secondCore(isQuick)];
    for (const layout of LAYOUTS.slice(0, isQuick ? 1 : LAYOUTS.length)) {
      rows.push(...(await measure(layout, folder, isQuick)));
    }
    return rows;
  },
};
