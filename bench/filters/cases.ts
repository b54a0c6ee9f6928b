// What bench convergence compares: data sets, and for each the filters, local steps and consistencies tried on it.
import { existsSync } from 'node:fs';
import { type Filters, NO_FILTERS, parsePullFilters, parsePushFilters } from '../../src/protocol/filters.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { dataFile } from '../data.ts';
import { dataFromFiles, generatedData, type LoneData } from './lone-cluster.ts';

export interface Case {
  /** PUSH,PULL,H and, where it isn't BSP, the consistency. */
  readonly name: string;
  readonly filters: Filters;
  readonly localSteps: number;
  readonly consistency: Consistency;
}

export interface Suite {
  readonly name: string;
  readonly job: string;
  readonly batch: number;
  /** The target on the way: a little below where plain f32 ends. */
  readonly accuracy: number;
  /** Worker traffic must be cut at least so often, at a quality no worse than `quality` allows. */
  readonly cut: number;
  readonly quality: 'accuracy' | 'objective';
  /** The one that the targets are set for, and the seeds that it is trained with; others have the first of them. */
  readonly headline: string;
  readonly seeds: readonly number[];
  readonly others: readonly string[];
  open(samples: { train: number; test: number } | null): Promise<LoneData>;
}

const MNIST_PARTS = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];

const SPARSE_CASES = [
  'f16,f16,1',
  'int8,int8,1',
  'int8,delta+int8,1',
  'int4,int8,1',
  'kkt+int8,int8,1',
  'significant:0.1+int8,int8,1',
  'skip:0.5+int8,int8,1',
  'int8,int8,4',
  'kkt+int8,int8,4',
  'kkt+int4,int8,4',
  'significant:0.1+int8,int8,4',
  'int8,int8,6',
  'kkt+int8,int8,6',
  'kkt+int4,int8,6',
  'significant:0.1+int8,int8,6',
  'int8,int8,8',
  'kkt+int4,int8,8',
  'significant:0.02+int8,int8,8',
  'int8,int8,16',
  'int8,int8,8,ssp:8',
  'int8,int8,8,async',
  'off,off,1,ssp:4',
  'off,off,1,async',
];

const DENSE_CASES = [
  'f16,f16,1',
  'int8,int8,1',
  'int8,delta+int8,1',
  'int4,int8,1',
  'onebit,int8,1',
  'topk:0.01+int8,delta+int8,1',
  'topk:0.01:0.9+int8,delta+int8,1',
  'randomk:0.1+f16,f16,1',
  'significant:0.1+int8,delta+int8,1',
  'skip:0.5+int8,delta+int8,1',
  'int8,delta+int8,4',
  'int8,delta+int8,8',
  'topk:0.1+int8,delta+int8,8',
  'off,off,1,ssp:4',
  'off,off,1,async',
  'int8,delta+int8,16,ssp:4',
  'int8,delta+int8,16,ssp:16',
  'int8,delta+int8,16,async',
];

/** Their filters were chosen on seeds from 101 on. */
const SPARSE_SEEDS = [4, 5, 6, 7, 8, 9, 10, 11, 12];
const sparse = { job: 'sparse-logistic', batch: 512, cut: 12, quality: 'objective', seeds: SPARSE_SEEDS } as const;

const hasMnist = MNIST_PARTS.every((part) => existsSync(dataFile(`mnist/${part}.gz`)));

export const SUITES: readonly Suite[] = [
  {
    ...{ name: hasMnist ? 'mnist' : 'digits', job: 'digits-mlp', batch: 128, accuracy: hasMnist ? 0.94 : 0.97 },
    ...{ cut: 40, quality: 'accuracy', headline: 'int8,delta+int8,16', others: DENSE_CASES },
    seeds: [1, 2, 3],
    open: (samples) => {
      const parts = MNIST_PARTS.map((part) => dataFile(`mnist/${part}.gz`));
      return hasMnist ? dataFromFiles('dense', parts) : Promise.resolve(generatedData('digits-mlp', samples));
    },
  },
  ...(existsSync(dataFile('a9a/a9a.gz'))
    ? [
        {
          ...{ name: 'a9a', accuracy: 0.845, ...sparse, others: SPARSE_CASES },
          headline: 'significant:0.1+int8,int8,4',
          open: () => dataFromFiles('sparse', [dataFile('a9a/a9a.gz'), dataFile('a9a/a9a.t.gz')]),
        },
      ]
    : []),
  {
    ...{ name: 'clicks', accuracy: 0.835, ...sparse, others: SPARSE_CASES },
    headline: 'significant:0.02+int8,int8,8',
    open: async (samples) => generatedData('sparse-logistic', samples),
  },
];

/** @throws BadFilter */
export function parseCase(name: string): Case {
  const [push = 'off', pull = 'off', steps = '1', consistency = 'bsp'] = name.split(',');
  const isOff = push === 'off' && pull === 'off';
  const filters = { kind: 'fixed', push: parsePushFilters(push), pull: parsePullFilters(pull) } as const;
  const [kind = '', delay = '0'] = consistency.split(':');
  return {
    name,
    filters: isOff ? NO_FILTERS : filters,
    localSteps: Number(steps),
    consistency: kind === 'ssp' ? { kind, delay: Number(delay) } : { kind: kind === 'async' ? 'async' : 'bsp' },
  };
}
