// Tabs that crash, come and go in the middle of a training in real tabs: how long until it goes on, beside the time of a step of
// the same run. What is lost is the difference; no acknowledged push may be.
import { runCluster } from '../cluster.ts';
import { atMost, type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

interface Case {
  readonly what: string;
  readonly fault: string;
  readonly workers: number;
  readonly servers: number;
  readonly targetMs: number | null;
}

const CASES: readonly Case[] = [
  {
    ...{ what: 'a server’s tab crashed, until the next step is done', fault: 'kill-server@40' },
    ...{ workers: 2, servers: 3, targetMs: 800 },
  },
  {
    ...{ what: 'the scheduler’s tab crashed, until the next step is done', fault: 'kill-scheduler@40' },
    ...{ workers: 2, servers: 3, targetMs: 1_500 },
  },
  {
    ...{ what: 'a tab opened, until its first step', fault: 'join-worker@40' },
    ...{ workers: 2, servers: 2, targetMs: 2_000 },
  },
  {
    ...{ what: 'a server left, until it holds nothing any more', fault: 'leave-server@40' },
    ...{ workers: 2, servers: 3, targetMs: null },
  },
];

const STEPS = 150;
const QUICK_STEPS = 80;
const ROUNDS = 5;

async function measure(one: Case, steps: number, rounds: number): Promise<Row> {
  const { what, fault, workers, servers, targetMs } = one;
  const [ours, reference]: [number[], number[]] = [[], []];
  const tabs = ['--workers', `${workers}`, '--servers', `${servers}`, '--replicas', '1'];
  for (let round = 0; round < rounds; round++) {
    const result = await runCluster([...tabs, '--steps', `${steps}`, '--fault', fault]);
    const [report] = result.faults;
    if (typeof report?.recoveryMs !== 'number') throw new Error(`After ${fault} nothing went on.`);
    ours.push(report.recoveryMs);
    reference.push((1000 * result.seconds) / result.steps);
  }
  const target = targetMs === null ? {} : { target: atMost(targetMs, 'ours') };
  const note = `${workers} workers, ${servers} servers, one replica, digits-mlp in BSP; beside the run’s mean step`;
  return rowOf({ what, unit: 'ms', ours, reference, note, ...target });
}

export const benchmark: Benchmark = {
  what: 'how long training stands still when tabs crash, come and go, in real tabs',
  async run({ isQuick }) {
    const [cases, steps, rounds] = isQuick ? [CASES.slice(0, 1), QUICK_STEPS, 1] : [CASES, STEPS, ROUNDS];
    const rows: Row[] = [];
    for (const one of cases) rows.push(await measure(one, steps, rounds));
    return rows;
  },
};
