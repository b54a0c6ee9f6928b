import { describe, expect, it } from 'vitest';
import type { DatasetMeta } from '../data/dataset.ts';
import type { Job } from '../jobs/job.ts';
import { findJob, jobs, UnknownJob } from '../jobs/registry.ts';
import { type DataPlan, requestSchema } from '../protocol/control.ts';
import { MAX_CURVE_POINTS } from '../protocol/limits.ts';
import { evaluationSpacing, lossSpacing, type Spacing, stretchOf } from '../ps/spacing.ts';
import { cutSegments } from '../ps/table.ts';
import { localStepsFor, makePlan, type PlanRequest, UnfitAggregator, UnknownUpdater } from './run-plan.ts';

const split = { samples: 1_000, blockSamples: 100, blocks: 10 };
const data: DataPlan = {
  name: 'data',
  train: split,
  test: split,
  source: { kind: 'generated', seed: 1, samples: null },
};
const samples = { train: 1_000, test: 1_000 };
const dense: DatasetMeta = { kind: 'dense', name: 'digits', samples, features: 784, shape: [28, 28], classes: 10 };
const metaOf = (job: Job): DatasetMeta => job.generate(1, samples).meta;

const request = (change: Partial<PlanRequest> = {}): PlanRequest => ({
  job: 'digits-mlp',
  options: {},
  batch: 256,
  steps: 2_000,
  updater: 'sgd',
  seed: 7,
  replicas: 1,
  ...change,
});

/** Points of a curve in a run of so many steps. */
function pointsOf(spacing: Spacing, steps: number): number {
  let points = 0;
  for (let at = 0; at < steps; at = stretchOf(spacing, at).end) points++;
  return points;
}

const plan = (change: Partial<PlanRequest> = {}) => makePlan(request(change), dense, data);

describe('a plan', () => {
  it.each(jobs.map((job) => [job.name, job] as const))(
    'of any job and updater is one that every node takes: %s',
    (_, job) => {
      for (const updater of ['sgd', 'momentum', 'adagrad', 'adam', 'ftrl']) {
        const made = makePlan(request({ job: job.name, updater }), metaOf(job), data);
        const start = { ask: 'start', plan: made, consistency: { kind: 'bsp' }, learningRate: 0.1 };
        expect(requestSchema.parse(JSON.parse(JSON.stringify(start)))).toEqual(start);
        expect(made.updater.kind).toBe(updater);
        expect(cutSegments(made.tables).length).toBeGreaterThan(0);
      }
    },
  );

  it('has the updater as the job wishes it, where that is the one asked for', () => {
    for (const job of jobs) {
      const meta = metaOf(job);
      const wish = job.defaults(job.options.parse({}), meta).updater;
      expect(makePlan(request({ job: job.name, updater: wish.kind }), meta, data).updater).toEqual(wish);
    }
  });

  it('has as many points as a curve can show, and the first of them soon, however long the run', () => {
    for (const steps of [1, 10, 399, 400, 401, 5_000, 1_000_000, 100_000_000]) {
      const made = plan({ steps });
      const [losses, evaluations] = [pointsOf(lossSpacing(made), steps), pointsOf(evaluationSpacing(made), steps)];
      expect(losses).toBeLessThanOrEqual(MAX_CURVE_POINTS);
      expect(evaluations).toBeLessThanOrEqual(steps < 24 * 256 ? 24 : 200);
      expect(made.lossEvery).toBeLessThanOrEqual(16);
      expect(made.evaluateEvery).toBeLessThanOrEqual(256);
    }
    expect(plan({ steps: 400 }).lossEvery).toBe(1);
    expect(plan({ steps: 4_800 })).toMatchObject({ lossEvery: 12, evaluateEvery: 200 });
  });

  it('evaluates seldom enough to cost a twentieth of the gradients, also with small batches', () => {
    // 1,024 samples looked at, each a third of a gradient, in 569 clocks of 12 samples: 5 % of them.
    expect(plan({ steps: 2_000, batch: 12 }).evaluateEvery).toBe(569);
  });

  it('evaluates as often as it is asked to', () => {
    const made = plan({ steps: 1_000_000, evaluateEvery: 3 });
    expect(evaluationSpacing(made)).toEqual({ every: 3, doublesAfter: null });
  });

  it('of a job that adds pushes every batch: the mean of several counts is no count', () => {
    const job = findJob('lda');
    const made = makePlan(request({ job: 'lda', updater: 'add', steps: 12, localSteps: 4 }), metaOf(job), data);
    expect([localStepsFor(made, 4), made.outer]).toEqual([undefined, undefined]);
    expect(localStepsFor(plan({ localSteps: 4 }), 4)).toBe(4);
  });

  it('goes along local steps as DiLoCo does where they are asked for in BSP, else to the mean; as many clocks in both', () => {
    expect(plan({ steps: 12, localSteps: 4 })).toMatchObject({
      steps: 12,
      outer: { learningRate: 0.7, momentum: 0.9 },
    });
    const outer = { learningRate: 1, momentum: 0 };
    expect(plan({ steps: 12 })).toMatchObject({ steps: 12, outer });
    expect(plan({ localSteps: 4, consistency: { kind: 'ssp', delay: 1 } }).outer).toEqual(outer);
    expect(plan({ localSteps: 4, consistency: { kind: 'bsp' } }).outer).toMatchObject({ momentum: 0.9 });
    expect(plan({ localSteps: 4, outer }).outer).toEqual(outer);
    expect(plan({ localSteps: 4, updater: 'ftrl' }).outer).toBeUndefined();
  });

  it('keeps what was asked for', () => {
    expect(plan({ seed: 9, batch: 64, steps: 10, replicas: 2 })).toMatchObject({
      ...{ seed: 9, batch: 64, steps: 10, replicas: 2, data, run: 0, job: 'digits-mlp' },
    });
  });

  it.each(['adamw', '', 'SGD', 'toString', 'constructor', '__proto__'])(
    'has no updater %j, and says which there are',
    (updater) => {
      expect(() => plan({ updater })).toThrow(UnknownUpdater);
      expect(() => plan({ updater })).toThrow(/sgd, momentum, adagrad, adam, ftrl/);
    },
  );

  it('has no rule that compares gradients where pushes are counts', () => {
    const aggregator = { kind: 'median' } as const;
    expect(plan({ aggregator }).aggregator).toEqual(aggregator);
    expect(() => plan({ aggregator, updater: 'add' })).toThrow(UnfitAggregator);
  });

  it('says where gradients come together, and whether every step has one for every key', () => {
    expect(plan({ reduce: 'ring' })).toMatchObject({ reduce: 'ring', isWhole: true });
    const clicks = makePlan(request({ job: 'sparse-logistic' }), metaOf(findJob('sparse-logistic')), data);
    expect(clicks.isWhole ?? false).toBe(false);
  });

  it('has no job that does not exist', () => {
    expect(() => plan({ job: 'toString' })).toThrow(UnknownJob);
  });

  it('has no options that its job refuses', () => {
    const clicks = metaOf(findJob('sparse-logistic'));
    expect(() => makePlan(request({ job: 'sparse-logistic', options: { l1: -1 } }), clicks, data)).toThrow();
  });
});
