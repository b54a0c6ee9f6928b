// Step times in a worker of a real tab: every job through client, frames, shard and update, beside a bare loop of gradient and
// update; digits-mlp beside TF.js (wasm), digits-cnn beside the same on jax-js by hand.
import type { Page } from '@playwright/test';
import { jobs } from '../../src/jobs/registry.ts';
import { inTabs } from '../browser/site.ts';
import { atLeast, atMost, type Benchmark, type Comparison, compare } from '../harness.ts';
import type { Row } from '../result.ts';

/** Enough for batches that differ, little enough to make in a second. */
const SAMPLES: Readonly<Record<string, { train: number; test: number }>> = {
  'sparse-logistic': { train: 8_192, test: 100 },
  'matrix-factorization': { train: 8_192, test: 100 },
  'count-min': { train: 2_000, test: 10 },
};
const OTHERWISE = { train: 1_024, test: 100 };

/** digits-mlp's layers, for TF.js. */
const MLP_LAYERS = [784, 256, 128, 10];

async function measure(page: Page, isQuick: boolean): Promise<Row[]> {
  const leastMs = isQuick ? 150 : 500;
  const comparisons: Comparison[] = [];
  for (const { name } of jobs) {
    const { batch, parameters } = await page.evaluate(
      ([name, samples]) => window.computeBench.jobs.prepare(name, samples),
      [name, SAMPLES[name] ?? OTHERWISE] as const,
    );
    const side = (way: 'framework' | 'bare') => () =>
      page.evaluate(([name, way, leastMs]) => window.computeBench.jobs[way](name, leastMs), [
        name,
        way,
        leastMs,
      ] as const);
    comparisons.push({
      what: `${name}: a step with client, frames, shard and update, beside a bare loop`,
      unit: 'ms',
      ours: side('framework'),
      reference: side('bare'),
      note: `batch ${batch}, ${parameters.toLocaleString('en-US')} parameters`,
    });
  }
  return compare([...comparisons, ...(await otherLibraries(page, leastMs))], {
    warmUp: isQuick ? 1 : 2,
    rounds: isQuick ? 3 : 11,
  });
}

async function otherLibraries(page: Page, leastMs: number): Promise<Comparison[]> {
  const backend = await page.evaluate((sizes) => window.computeBench.tfjs.prepare(sizes, 128), MLP_LAYERS);
  if (backend !== 'wasm') throw new Error(`TF.js computes with ${backend}, not with wasm.`);
  const gradient = (name: string) => () =>
    page.evaluate(([name, ms]) => window.computeBench.jobs.gradient(name, ms), [name, leastMs] as const);
  const tfjs = () => page.evaluate((ms) => window.computeBench.tfjs.gradient(ms), leastMs);
  const byHand = () => page.evaluate((ms) => window.computeBench.jobs.cnnByHand(ms), leastMs);
  const perSecond = (step: () => Promise<number>) => async () => 1000 / (await step());
  const note = 'parameters in, forward, backward, gradients out';
  return [
    {
      what: 'digits-mlp: gradients a second, beside TF.js 4.22 (wasm, SIMD)',
      unit: '1/s',
      ours: perSecond(gradient('digits-mlp')),
      reference: perSecond(tfjs),
      target: atLeast(4),
      note: `${note}; batch 128`,
    },
    {
      what: 'digits-cnn: a gradient, beside im2col by hand on jax-js',
      unit: 'ms',
      ours: gradient('digits-cnn'),
      reference: byHand,
      target: atMost(1.3),
      note: `${note}; batch 64`,
    },
  ];
}

export const benchmark: Benchmark = {
  what: 'a step of each job in a tab’s worker beside the same without the framework, and beside TF.js',
  run: ({ isQuick }) => inTabs('compute', 1, ({ pages: [page] }) => measure(page as Page, isQuick)),
};
