// Whole clusters in virtual time, where a case is too odd for the benchmarks that these clusters are for.
import { describe, expect, test } from 'vitest';
import { findJob } from '../../src/jobs/registry.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { makePlan } from '../../src/runtime/run-plan.ts';
import { generatedData } from '../filters/lone-cluster.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const JOB = 'digits-mlp';
const OPTIONS = { hidden: [16] };

describe.each<{ consistency: Consistency }>([
  { consistency: { kind: 'bsp' } },
  { consistency: { kind: 'ssp', delay: 1 } },
])('in $consistency.kind', ({ consistency }) => {
  test('a worker for whom there are no data keeps step with the one that has them', async () => {
    const data = generatedData(JOB, { train: 512, test: 64 });
    expect(data.plan.train.blocks).toBe(1);
    const { updater, learningRate } = findJob(JOB).defaults(OPTIONS, data.meta);
    const wish = { job: JOB, options: OPTIONS, batch: 16, steps: 10_000, seed: 1, replicas: 0, evaluateEvery: 10_000 };
    const plan = makePlan({ ...wish, updater: updater.kind }, data.meta, data.plan);
    let looks = 0;
    const { floor } = await new VirtualCluster({
      ...{ plan, data, learningRate, consistency, isStalenessAware: false },
      computeMs: [100, 100],
      lookEveryMs: 4_000,
      look: async () => looks++ > 0,
    }).run();
    expect(floor).toBeGreaterThan(20);
  });
});
