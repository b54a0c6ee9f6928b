// The ratio model beside an independent oracle: the cluster in virtual time, whose shards, clients and scheduler are the tabs' own
// and whose network and compute times are emulated, each node on a machine of its own.
import { describe, expect, test } from 'vitest';
import { findJob } from '../../src/jobs/registry.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { type Basis, predictClockMs } from '../../src/ps/ratio/ratio-model.ts';
import { makePlan } from '../../src/runtime/run-plan.ts';
import { generatedData } from '../filters/lone-cluster.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const JOB = 'digits-mlp';
const OPTIONS = { hidden: [16] };
const BATCH = 16;
/** One gradient of the whole batch. */
const WHOLE_MS = 240;
const SECONDS = 4;
/** Emulated there: one way, twice. */
const ROUND_TRIP_MS = 2;

async function clockMs(workers: number, consistency: Consistency): Promise<number> {
  const data = generatedData(JOB, { train: 4_096, test: 64 });
  const { updater, learningRate } = findJob(JOB).defaults(OPTIONS, data.meta);
  const wish = { job: JOB, options: OPTIONS, batch: BATCH, steps: 10_000, seed: 1, replicas: 0, evaluateEvery: 10_000 };
  const plan = makePlan({ ...wish, updater: updater.kind }, data.meta, data.plan);
  let looks = 0;
  const { floor, seconds } = await new VirtualCluster({
    ...{ plan, data, learningRate, consistency, isStalenessAware: false },
    computeMs: Array.from({ length: workers }, () => WHOLE_MS / workers),
    lookEveryMs: 1000 * SECONDS,
    look: async () => looks++ > 0,
  }).run();
  return (1000 * (seconds ?? Number.NaN)) / floor;
}

const BYTES = 2 * 4 * (784 * 16 + 16 + 16 * 10 + 10);

const basisOf = (workers: number, clock: number, overlaps: boolean): Basis => ({
  ratio: { workers, servers: 1 },
  figures: {
    clockMs: clock,
    computeMs: WHOLE_MS / workers,
    leastMs: WHOLE_MS / workers,
    bytes: BYTES,
    serveMs: 0,
    roundTripMs: ROUND_TRIP_MS,
  },
  machines: Array.from({ length: workers + 1 }, (_, id) => ({ id: String(id), cores: 4 })),
  overlaps,
  replicas: 0,
  samples: BATCH,
  fixedMs: 0,
});

describe.each<{ consistency: Consistency }>([
  { consistency: { kind: 'bsp' } },
  { consistency: { kind: 'ssp', delay: 1 } },
])('in $consistency.kind', ({ consistency }) => {
  test('from 2 workers, what 4 take is predicted within 20 %, and from 4 what 2 take', async () => {
    const [two, four] = [await clockMs(2, consistency), await clockMs(4, consistency)];
    const overlaps = consistency.kind !== 'bsp';
    const machines = basisOf(4, four, overlaps).machines;
    const up = predictClockMs({ ...basisOf(2, two, overlaps), machines }, { workers: 4, servers: 1 }) / four;
    const down = predictClockMs({ ...basisOf(4, four, overlaps), machines }, { workers: 2, servers: 1 }) / two;
    for (const ratio of [up, down]) {
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.2);
    }
  });
});
