// `npx tsx bench/filters/main.ts DATA [--seeds N] [--epochs N] [CASE …]`: traffic and final quality of filters, on real data. A case is
// PUSH,PULL,H[,RATE], e.g. topk:0.01+int8,delta+int8,8. DATA is mnist, a9a or clicks. The first row is plain f32.
import { type Filters, NO_FILTERS, parsePullFilters, parsePushFilters } from '../../src/protocol/filters.ts';
import {
  dataFromFiles,
  generatedData,
  type LoneData,
  type LoneRequest,
  type LoneResult,
  trainLone,
} from './lone-cluster.ts';

const DATA_FOLDER = process.env.PUSHPULL_DATA ?? '/work/shared/data';

interface Case {
  readonly name: string;
  readonly filters: Filters;
  readonly localSteps: number;
  readonly learningRate: number;
}

function parseCase(name: string): Case {
  const [push = 'off', pull = 'off', steps = '1', rate = '0'] = name.split(',');
  const isOff = push === 'off' && pull === 'off';
  const filters = { kind: 'fixed', push: parsePushFilters(push), pull: parsePullFilters(pull) } as const;
  return { name, filters: isOff ? NO_FILTERS : filters, localSteps: Number(steps), learningRate: Number(rate) };
}

async function dataOf(name: string): Promise<{ data: LoneData; job: string; batch: number }> {
  const file = (path: string) => `${DATA_FOLDER}/${path}`;
  if (name === 'mnist') {
    const parts = [
      'train-images-idx3-ubyte',
      'train-labels-idx1-ubyte',
      't10k-images-idx3-ubyte',
      't10k-labels-idx1-ubyte',
    ];
    return {
      data: await dataFromFiles(
        'dense',
        parts.map((part) => file(`mnist/${part}.gz`)),
      ),
      job: 'digits-mlp',
      batch: 128,
    };
  }
  if (name === 'a9a')
    return {
      data: await dataFromFiles('sparse', [file('a9a/a9a.gz'), file('a9a/a9a.t.gz')]),
      job: 'sparse-logistic',
      batch: 512,
    };
  return { data: generatedData('sparse-logistic', null), job: 'sparse-logistic', batch: 512 };
}

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

async function runCase(one: Case, base: Omit<LoneRequest, 'filters' | 'localSteps' | 'seed'>): Promise<LoneResult[]> {
  const results: LoneResult[] = [];
  const rate = one.learningRate > 0 ? { learningRate: one.learningRate } : {};
  for (let seed = 1; seed <= option('--seeds', 1); seed++) {
    results.push(await trainLone({ ...base, filters: one.filters, localSteps: one.localSteps, seed, ...rate }));
  }
  return results;
}

async function main(): Promise<void> {
  const [name = 'mnist'] = process.argv.slice(2);
  const cases = process.argv.slice(3).filter((text) => text.includes(','));
  const { data, job, batch } = await dataOf(name);
  const steps = Math.ceil((option('--epochs', 10) * data.meta.samples.train) / batch);
  const base = {
    ...{ job, data, steps, batch, workers: option('--workers', 2), servers: 2, consistency: { kind: 'bsp' } as const },
  };
  console.log(
    `${name}: ${data.meta.samples.train} samples, ${steps} batches of ${batch}, ${base.workers} workers, BSP\n`,
  );
  console.log('| push, pull, H | push | pull | both | times less | test accuracy | test loss | figures |');
  console.log('|---|---|---|---|---|---|---|---|');
  let reference = 0;
  for (const one of ['off,off,1', ...cases].map(parseCase)) {
    const results = await runCase(one, base);
    const megabytes = (way: 'push' | 'pull') => mean(results.map(({ traffic }) => traffic[way].wire)) / 1e6;
    const both = megabytes('push') + megabytes('pull');
    reference ||= both;
    const accuracy = (mean(results.map((result) => result.accuracy)) * 100).toFixed(2);
    const loss = mean(results.map((result) => result.loss)).toFixed(4);
    if (process.argv.includes('--stages')) console.error(one.name, JSON.stringify(results[0]?.traffic));
    const figures = Object.keys(results[0]?.figures ?? {}).map(
      (key) => `${key} ${mean(results.map((result) => result.figures[key] ?? 0)).toFixed(1)}`,
    );
    const bytes = `${megabytes('push').toFixed(2)} | ${megabytes('pull').toFixed(2)} | ${both.toFixed(2)} MB`;
    console.log(
      `| ${one.name} | ${bytes} | ${(reference / both).toFixed(1)} | ${accuracy} % | ${loss} | ${figures.join(', ')} |`,
    );
  }
}

await main();
process.exit();
