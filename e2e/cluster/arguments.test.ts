// The command line's rules.
import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';
import { ClusterFailure } from './failure.ts';

const failureOf = (...argv: string[]): string => {
  try {
    parseArguments(argv);
  } catch (error) {
    if (error instanceof ClusterFailure) return error.message;
    throw error;
  }
  return 'nothing is wrong';
};

describe('the command line', () => {
  it('without arguments is two workers, two servers, BSP, seed 1, and the job decides the rest', () => {
    expect(parseArguments([])).toMatchObject({
      ...{ job: 'digits-mlp', workers: 2, servers: 2, consistency: { kind: 'bsp' }, seed: 1, browser: 'chromium' },
      ...{ oracle: false, headed: false, option: {} },
    });
    expect(parseArguments([])).not.toHaveProperty('steps');
  });

  it.each([
    ['bsp', { kind: 'bsp' }],
    ['ssp:4', { kind: 'ssp', delay: 4 }],
    ['dynamic', { kind: 'dynamic', delay: 16 }],
    ['async', { kind: 'async' }],
  ])('reads --consistency %s', (text, consistency) => {
    expect(parseArguments(['--consistency', text]).consistency).toEqual(consistency);
  });

  it('reads which workers are slow on purpose', () => {
    const { slow } = parseArguments(['--slow', '1:4', '--slow', '2:1.5']);
    expect(slow).toEqual([
      { worker: 1, factor: 4 },
      { worker: 2, factor: 1.5 },
    ]);
    expect(() => parseArguments(['--slow', '3:4'])).toThrow('--slow: there is no worker 3.');
    expect(() => parseArguments(['--slow', '0:4'])).toThrow('counts workers from 1');
    expect(() => parseArguments(['--slow', 'all'])).toThrow('--slow: is WORKER:FACTOR');
  });

  it('takes images and labels, or one file', () => {
    expect(parseArguments(['--train', 'a', 'b', '--test', 'c', 'd'])).toMatchObject({
      train: ['a', 'b'],
      test: ['c', 'd'],
    });
    expect(parseArguments(['--train', 'a'])).toMatchObject({ train: ['a'] });
    expect(parseArguments(['--data', 'a', 'b', 'c'])).toMatchObject({ data: ['a', 'b', 'c'] });
  });

  it('takes data for each worker', () => {
    expect(parseArguments(['--private', '--data', 'a', '--data', 'b'])).toMatchObject({
      private: true,
      data: ['a', 'b'],
    });
  });

  it('reads job options as JSON where they are, else as text', () => {
    const { option } = parseArguments(['--option', 'l1=1', '--option', 'hidden=[16,8]', '--option', 'name=a=b']);
    expect(option).toEqual({ l1: 1, hidden: [16, 8], name: 'a=b' });
  });

  it('reads what tabs may send, all of them or one', () => {
    expect(parseArguments(['--bandwidth', '10Mbit', '--bandwidth', '2:500kB']).bandwidth).toEqual([
      { worker: null, bytesPerSecond: 1_250_000 },
      { worker: 2, bytesPerSecond: 500_000 },
    ]);
    for (const wrong of ['fast', '10', '0MB', '0:1MB']) {
      expect(failureOf('--bandwidth', wrong)).toMatch(/^--bandwidth: is RATE or WORKER:RATE/);
    }
    expect(failureOf('--bandwidth', '3:1MB')).toBe('--bandwidth: there is no worker 3.');
  });

  it('reads filters as text, checked, and local steps', () => {
    const argv = [
      '--push-filter',
      'topk:0.01+int8',
      '--pull-filter',
      'delta+f16',
      '--local-steps',
      '8',
      '--outer',
      '0.5:.9',
    ];
    expect(parseArguments(argv)).toMatchObject({
      ...{ pushFilter: 'topk:0.01+int8', pullFilter: 'delta+f16', localSteps: 8 },
      outer: { learningRate: 0.5, momentum: 0.9 },
    });
    expect(failureOf('--push-filter', 'gzip')).toMatch(/^--push-filter: There is no filter "gzip"/);
    expect(failureOf('--filters', 'off', '--pull-filter', 'f16')).toMatch(/^--filters: say either/);
    expect(failureOf('--outer', '0.7')).toMatch(/^--outer: is RATE:MOMENTUM/);
    expect(failureOf('--outer', '0.7:1')).toBe('--outer: has a momentum below 1.');
    expect(failureOf('--oracle', '--local-steps', '2')).toBe('--oracle: one thread takes no local steps.');
  });

  it('reduces at the servers, or round a ring', () => {
    expect(parseArguments([]).reduce).toBe('server');
    expect(parseArguments(['--reduce', 'ring'])).toMatchObject({ reduce: 'ring', consistency: { kind: 'bsp' } });
  });

  it('reads rules against workers that lie, with their defaults', () => {
    expect(parseArguments(['--aggregator', 'median']).aggregator).toEqual({ kind: 'median' });
    expect(parseArguments(['--aggregator', 'trimmed-mean']).aggregator).toEqual({ kind: 'trimmed-mean', share: 0.2 });
    expect(parseArguments(['--aggregator', 'centred-clipping:5']).aggregator).toEqual({
      kind: 'centred-clipping',
      iterations: 5,
    });
  });

  it.each([
    [['--workers', '0'], '--workers: is from 1 to 63.'],
    [['--workers', 'many'], '--workers: is a whole number from 1 to 63.'],
    [['--workers', '40', '--servers', '40'], '--workers and --servers: 80 tabs; a room holds 64.'],
    [['--steps', '1.5'], '--steps: is a whole number from 1 to 100000000.'],
    [['--lr', '0'], '--lr: is over 0.'],
    [['--consistency', 'ssp'], '--consistency: is bsp, async, dynamic or ssp:N, e.g. ssp:4.'],
    [['--data-samples', '10'], '--data-samples: is two numbers, e.g. 6000,1000.'],
    [['--option', 'l1'], '--option: is name=value, e.g. l1=1 or hidden=[64,32].'],
    [['--browser', 'safari'], '--browser: is chromium, firefox or mixed.'],
    [['--test', 'a'], '--test needs --train.'],
    [['--train', 'a', '--data', 'b'], '--data and --train: use one of them.'],
    [
      ['--private', '--data', 'a', '--data', 'b', '--workers', '3'],
      '--private: every worker has one --data of its own, a file or a folder; 2 for 3 workers.',
    ],
    [
      ['--private', '--data', 'a', 'b', '--oracle'],
      '--oracle: one thread would need the data of all tabs, which are private.',
    ],
    [
      ['--aggregator', 'median', '--consistency', 'async'],
      '--aggregator: compares the gradients of one clock, so it needs --consistency bsp.',
    ],
    [
      ['--aggregator', 'trimmed-mean:0.7'],
      '--aggregator: is mean, median, trimmed-mean[:share up to 0.5] or centred-clipping[:iterations up to 10].',
    ],
    [['--reduce', 'tree'], '--reduce: is server or ring.'],
    [['--reduce', 'ring', '--consistency', 'ssp:4'], '--reduce ring: needs --consistency bsp.'],
    [['--reduce', 'ring', '--filters', 'auto'], '--reduce ring: goes without filters.'],
    [['--reduce', 'ring', '--pull-filter', 'f16'], '--reduce ring: goes without filters.'],
    [['--reduce', 'ring', '--aggregator', 'median'], '--reduce ring: knows the mean only.'],
    [['--checkpoint-every', '10'], '--checkpoint-every needs --checkpoint.'],
  ])('says what is wrong with %j', (argv, words) => {
    expect(failureOf(...argv)).toBe(words);
  });
});
