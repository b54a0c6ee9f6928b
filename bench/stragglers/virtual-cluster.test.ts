// Whole clusters in virtual time, where a case is too odd for the benchmarks that these clusters are for.
import { describe, expect, test } from 'vitest';
import { findJob } from '../../src/jobs/registry.ts';
import type { RunPlan } from '../../src/protocol/control.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { makePlan, type PlanRequest } from '../../src/runtime/run-plan.ts';
import { generatedData, type LoneData } from '../filters/lone-cluster.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const JOB = 'digits-mlp';
const OPTIONS = { hidden: [16] };

const planOf = (data: LoneData, change: Partial<PlanRequest>): [RunPlan, number] => {
  const { updater, learningRate } = findJob(JOB).defaults(OPTIONS, data.meta);
  const wish = { job: JOB, options: OPTIONS, batch: 16, steps: 10_000, seed: 1, replicas: 0, evaluateEvery: 10_000 };
  return [makePlan({ ...wish, updater: updater.kind, ...change }, data.meta, data.plan), learningRate];
};

describe('with backup tasks', () => {
  /** Three workers, one of them four times slower, for 20 virtual seconds. */
  async function run(hasBackups: boolean) {
    const data = generatedData(JOB, { train: 4_096, test: 64 });
    const [plan, learningRate] = planOf(data, { hasBackups, batch: 48 });
    let looks = 0;
    const request = { plan, data, learningRate, consistency: { kind: 'bsp' }, isStalenessAware: false } as const;
    const look = async () => looks++ > 0;
    return new VirtualCluster({ ...request, computeMs: [100, 100, 400], lookEveryMs: 20_000, look }).run();
  }

  test('BSP goes nearly twice as fast past a worker that is four times slower: a helper computes twice a clock', async () => {
    const [without, helped] = [await run(false), await run(true)];
    expect(without.floor).toBeGreaterThan(40);
    // The first seconds tell who is slow.
    expect(helped.floor).toBeGreaterThan(1.6 * without.floor);
  });
});

describe.each<{ consistency: Consistency }>([
  { consistency: { kind: 'bsp' } },
  { consistency: { kind: 'ssp', delay: 1 } },
])('in $consistency.kind', ({ consistency }) => {
  test('a worker for whom there are no data keeps step with the one that has them', async () => {
    const data = generatedData(JOB, { train: 512, test: 64 });
    expect(data.plan.train.blocks).toBe(1);
    const [plan, learningRate] = planOf(data, {});
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
