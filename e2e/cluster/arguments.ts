// The command line of `npm run cluster`: text in, checked settings out.
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { BadFilter, parsePullFilters, parsePushFilters } from '../../src/protocol/filters.ts';
import { MAX_REPLICAS, MAX_ROOM_NODES } from '../../src/protocol/limits.ts';
import { aggregatorSchema, consistencySchema } from '../../src/protocol/plan.ts';
import { ratioSchema } from '../../src/protocol/ratio.ts';
import { MAX_SLOWDOWN } from '../../src/runtime/emulation.ts';
import { FIRST_DYNAMIC_DELAY } from '../../src/store/view.ts';
import { ClusterFailure } from './failure.ts';
import { faultSchema } from './fault-plan.ts';
import { parseRate } from './rate.ts';

const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const error = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
  return z.coerce
    .number({ error: `is a whole number ${error}` })
    .pipe(z.number().int(`is a whole number ${error}`).min(least, `is ${error}`).max(most, `is ${error}`));
};

const positive = (most: number) =>
  z.coerce.number({ error: 'is a number' }).pipe(z.number().positive('is over 0').max(most, `is at most ${most}`));

const consistency = z
  .string()
  .regex(/^(bsp|async|dynamic|ssp:\d+)$/, 'is bsp, async, dynamic or ssp:N, e.g. ssp:4')
  .transform((text) => {
    if (text === 'dynamic') return { kind: 'dynamic', delay: FIRST_DYNAMIC_DELAY };
    return text.startsWith('ssp:') ? { kind: 'ssp', delay: Number(text.slice(4)) } : { kind: text };
  })
  .pipe(consistencySchema);

/** A filter as text, checked by the parser that the page uses too. */
const filterText = (parse: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      if (!(error instanceof BadFilter)) throw error;
      context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') });
    }
  });

const aggregator = z
  .string()
  .regex(
    /^(mean|median|trimmed-mean(:0?\.\d+)?|centred-clipping(:\d+)?)$/,
    'is mean, median, trimmed-mean[:share] or centred-clipping[:iterations], e.g. trimmed-mean:0.2',
  )
  .transform((text) => {
    const [kind = '', number] = text.split(':');
    return { kind, share: Number(number ?? 0.2), iterations: Number(number ?? 3) };
  })
  .transform((parts, context) => {
    const parsed = aggregatorSchema.safeParse(parts);
    if (parsed.success) return parsed.data;
    context.addIssue('is mean, median, trimmed-mean[:share up to 0.5] or centred-clipping[:iterations up to 10]');
    return z.NEVER;
  });

const ratio = z
  .string()
  .regex(/^(auto|\d+:\d+)$/, 'is auto, or WORKERS:SERVERS, e.g. 4:2 (tabs may be both)')
  .transform((text) => {
    const [workers, servers] = text.split(':').map(Number);
    return text === 'auto' ? ('auto' as const) : { workers, servers };
  })
  .pipe(z.union([z.literal('auto'), ratioSchema], { error: `is from 1 to ${MAX_ROOM_NODES} workers and servers` }));

const slow = z
  .string()
  .regex(/^\d+:\d+(\.\d+)?$/, 'is WORKER:FACTOR, e.g. 1:4 for a first worker that is four times slower')
  .transform((text) => {
    const [worker = 0, factor = 1] = text.split(':').map(Number);
    return { worker, factor };
  })
  .pipe(z.object({ worker: z.number().min(1, 'counts workers from 1'), factor: z.number().min(1).max(MAX_SLOWDOWN) }));

const bandwidth = z.string().transform((text, context) => {
  const [, worker, rate = ''] = /^(?:(\d+):)?(.*)$/.exec(text) ?? [];
  const bytesPerSecond = parseRate(rate);
  if (bytesPerSecond !== null && worker !== '0')
    return { worker: worker === undefined ? null : Number(worker), bytesPerSecond };
  context.addIssue('is RATE or WORKER:RATE, e.g. 10Mbit, 500kB, or 1:2Mbit for the first worker alone');
  return z.NEVER;
});

const outer = z
  .string()
  .regex(/^\d*\.?\d+:\d*\.?\d+$/, 'is RATE:MOMENTUM, e.g. 0.7:0.9 (DiLoCo), or 1:0 for the plain mean')
  .transform((text) => {
    const [learningRate = 1, momentum = 0] = text.split(':').map(Number);
    return { learningRate, momentum };
  })
  .pipe(
    z.object({
      learningRate: z.number().gt(0, 'has a rate over 0').max(2, 'has a rate of at most 2'),
      momentum: z.number().lt(1, 'has a momentum below 1'),
    }),
  );

const jobOption = z
  .string()
  .regex(/^[^=]+=/, 'is name=value, e.g. l1=1 or hidden=[64,32]')
  .transform((text) => {
    const at = text.indexOf('=');
    return [text.slice(0, at), parseValue(text.slice(at + 1))] as const;
  });

/** JSON where it is JSON, else the text itself. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const schema = z.object({
  job: z.string(),
  train: z.array(z.string()).max(2, 'takes images and labels, or one libsvm file').optional(),
  test: z.array(z.string()).max(2, 'takes images and labels, or one libsvm file').optional(),
  data: z.array(z.string()).optional(),
  private: z.boolean(),
  skipBadRows: z.boolean(),
  column: z.string().optional(),
  dataSamples: z
    .string()
    .regex(/^\d+,\d+$/, 'is two numbers, e.g. 6000,1000')
    .transform((text) => text.split(',').map(Number))
    .pipe(z.tuple([z.number().min(1), z.number().min(1)]))
    .transform(([train, test]) => ({ train, test }))
    .optional(),
  workers: wholeNumber(1, MAX_ROOM_NODES - 1),
  servers: wholeNumber(0, MAX_ROOM_NODES - 1),
  replicas: wholeNumber(0, MAX_REPLICAS).optional(),
  ratio: ratio.optional(),
  consistency,
  stalenessAware: z.boolean(),
  slow: z.array(slow),
  computeMs: positive(60_000).optional(),
  bandwidth: z.array(bandwidth),
  device: z.enum(['auto', 'wasm', 'webgpu', 'webgl'], 'is auto, wasm, webgpu or webgl'),
  aggregator: aggregator.optional(),
  reduce: z.enum(['server', 'ring'], 'is server or ring'),
  backupTasks: z.boolean().default(false),
  batch: wholeNumber(1, 1_000_000).optional(),
  lr: positive(1000).optional(),
  updater: z.string().optional(),
  steps: wholeNumber(1, 100_000_000).optional(),
  evaluateEvery: wholeNumber(1).optional(),
  seed: wholeNumber(0, 0xffff_ffff),
  filters: z.enum(['auto', 'off'], 'is auto or off').optional(),
  pushFilter: filterText(parsePushFilters).optional(),
  pullFilter: filterText(parsePullFilters).optional(),
  localSteps: wholeNumber(1, 1024),
  outer: outer.optional(),
  option: z.array(jobOption).transform((pairs) => Object.fromEntries(pairs)),
  fault: z.array(faultSchema).transform((lists) => lists.flat()),
  checkpoint: z.string().optional(),
  checkpointEvery: wholeNumber(1, 100_000_000).optional(),
  resume: z.string().optional(),
  oracle: z.boolean(),
  browser: z.enum(['chromium', 'firefox', 'mixed'], 'is chromium, firefox or mixed'),
  json: z.string().optional(),
  page: z.string().optional(),
  headed: z.boolean(),
  timeout: positive(1e6),
  port: wholeNumber(0, 65_535),
});

/** Settings of one run of the command. What is undefined has the job's default. */
export type ClusterArguments = z.infer<typeof schema>;

const collect = (value: string, before: string[]): string[] => [...before, value];

function command(): Command {
  return new Command('npm run cluster --')
    .description('Trains one model across headless browser tabs, each its own process, and reports.')
    .option('--job <name>', 'what to train', 'digits-mlp')
    .option('--train <files...>', 'idx images and labels, or one libsvm file; plain or .gz. Without: generated data')
    .option('--test <files...>', 'the same for testing. Without: a part of the training data is held out')
    .option(
      '--data <files...>',
      'files of any format that the page reads, or one folder of pictures; it recognises them by their content',
    )
    .option('--private', 'data stay in each tab: each --data is one worker’s own, a file or a folder', false)
    .option('--skip-bad-rows', 'leave out rows and pictures that can’t be read; without, the first is an error', false)
    .option('--column <name>', 'of a CSV file, for count-min: the column whose fields are counted, each as one')
    .option('--data-samples <train,test>', 'how many samples to generate')
    .option('--workers <count>', 'tabs that compute gradients', '2')
    .option(
      '--servers <count>',
      'tabs that hold the parameters and do nothing else; 0: workers’ tabs hold them, which of them the page chooses',
      '2',
    )
    .option('--replicas <count>', 'copies of each parameter besides its owner’s; 1 where there are servers for it')
    .option(
      '--consistency <kind>',
      'bsp, ssp:N (bounded delay of N clocks), dynamic (the scheduler picks the delay) or async',
      'bsp',
    )
    .option(
      '--staleness-aware',
      'outside BSP: divide the rate of each gradient by the clocks that it comes late',
      false,
    )
    .option(
      '--ratio <division>',
      'auto: the scheduler sets how many of the tabs work and how many serve; or WORKERS:SERVERS, where tabs may be both',
    )
    .option(
      '--slow <worker:factor>',
      'emulate a slower computer: 1:4 makes the first worker compute four times slower; repeatable',
      collect,
      [],
    )
    .option('--compute-ms <ms>', 'emulate computers whose every gradient takes so long: more workers than cores')
    .option(
      '--bandwidth <[worker:]rate>',
      'cap what each tab, or one worker, sends and takes: 10Mbit, 1:500kB; repeatable',
      collect,
      [],
    )
    .option('--device <name>', 'auto (the fastest that each tab has), wasm, webgpu or webgl', 'auto')
    .option(
      '--aggregator <rule>',
      'how BSP makes one gradient of a clock’s: mean, or against workers that lie median, trimmed-mean[:share], centred-clipping[:iterations]',
    )
    .option('--backup-tasks', 'in BSP: idle workers make the gradients of those far behind, too')
    .option('--reduce <where>', 'server, or ring: gradients are added up from worker to worker', 'server')
    .option('--batch <samples>', 'samples of one clock, over all workers')
    .option('--lr <rate>', 'learning rate')
    .option('--updater <name>', 'sgd, momentum, adagrad, adam or ftrl')
    .option('--steps <clocks>', 'clocks: steps × batch samples are processed in every consistency')
    .option('--evaluate-every <clocks>', 'clocks between evaluations on the way; chosen to cost little without')
    .option('--filters <mode>', 'auto or off (plain f32, bit by bit the same in every BSP run)')
    .option('--push-filter <stages>', 'e.g. f16, int8, topk:0.01+int8, kkt+int8; also int8;TABLE=off')
    .option('--pull-filter <stages>', 'e.g. f16, int8, delta+int8')
    .option('--local-steps <batches>', 'batches between two exchanges', '1')
    .option(
      '--outer <rate:momentum>',
      'what servers do with what came of local steps: 1:0 is the workers’ mean, 0.7:0.9 DiLoCo, chosen in BSP with --local-steps',
    )
    .option('--seed <number>', 'of the first parameters and the batches', '1')
    .option('--option <name=value>', 'an option of the job, e.g. l1=1 or hidden=[64,32]; repeatable', collect, [])
    .option(
      '--fault <what@clock>',
      'kill-server@40, kill-worker@30, kill-scheduler@50, join-server@60, join-worker@20, leave-server@70, stop-signaling@10,restart@30, cut-pair@35, pause-worker@25:5s; repeatable',
      collect,
      [],
    )
    .option('--checkpoint <file>', 'write the newest checkpoint there, at the end and on the way')
    .option('--checkpoint-every <clocks>', 'clocks between two checkpoints; without, only one at the end')
    .option('--resume <file>', 'go on from a checkpoint: job, data and settings are its own')
    .option('--oracle', 'train it again in one thread and report the largest difference', false)
    .option('--browser <name>', 'chromium, firefox, or mixed (in turn)', 'chromium')
    .option('--json <file>', 'write the results there')
    .option('--page <folder>', 'a built page to use as it is; without, it is built if its sources are newer')
    .option('--headed', 'show the tabs', false)
    .option('--timeout <seconds>', 'give up after', '1800')
    .option('--port <number>', 'port of the signaling server, 0 for any free one', '0')
    .allowExcessArguments(false)
    .exitOverride();
}

/** @throws ClusterFailure with a sentence; CommanderError after it printed help or what is wrong */
export function parseArguments(argv: readonly string[]): ClusterArguments {
  const options = command().parse(argv, { from: 'user' }).opts();
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ClusterFailure(`--${kebab(String(issue?.path[0] ?? ''))}: ${issue?.message ?? 'is wrong'}.`);
  }
  const { workers, servers, train, test, data } = parsed.data;
  if (workers + servers > MAX_ROOM_NODES) {
    throw new ClusterFailure(`--workers and --servers: ${workers + servers} tabs; a room holds ${MAX_ROOM_NODES}.`);
  }
  const { filters, pushFilter, pullFilter, localSteps, oracle } = parsed.data;
  if (filters !== undefined && (pushFilter ?? pullFilter) !== undefined) {
    throw new ClusterFailure('--filters: say either auto or off, or which by --push-filter and --pull-filter.');
  }
  if (oracle && localSteps > 1) throw new ClusterFailure('--oracle: one thread takes no local steps.');
  const nobody = parsed.data.slow.find(({ worker }) => worker > workers);
  if (nobody !== undefined) throw new ClusterFailure(`--slow: there is no worker ${nobody.worker}.`);
  refusePrivate(parsed.data);
  const uncapped = parsed.data.bandwidth.find(({ worker }) => (worker ?? 1) > workers);
  if (uncapped !== undefined) throw new ClusterFailure(`--bandwidth: there is no worker ${uncapped.worker}.`);
  if (test !== undefined && train === undefined) throw new ClusterFailure('--test needs --train.');
  if (data !== undefined && train !== undefined) throw new ClusterFailure('--data and --train: use one of them.');
  if (parsed.data.checkpointEvery !== undefined && parsed.data.checkpoint === undefined) {
    throw new ClusterFailure('--checkpoint-every needs --checkpoint.');
  }
  const isRobust = (parsed.data.aggregator?.kind ?? 'mean') !== 'mean';
  if (isRobust && parsed.data.consistency.kind !== 'bsp') {
    throw new ClusterFailure('--aggregator: compares the gradients of one clock, so it needs --consistency bsp.');
  }
  if (isRobust && parsed.data.oracle) {
    throw new ClusterFailure('--oracle: one thread has one gradient a clock; it knows the mean only.');
  }
  refuseRing(parsed.data);
  return parsed.data;
}

/** Every worker must have data of its own, and nobody has all of them. */
function refusePrivate({ private: isPrivate, data = [], train, workers, oracle, resume }: ClusterArguments): void {
  if (!isPrivate) return;
  if (train !== undefined) throw new ClusterFailure('--private: say --data FILE for each worker, not --train.');
  if (data.length !== workers) {
    const said = data.length === 0 ? 'none is said' : `${data.length} for ${workers} workers`;
    throw new ClusterFailure(`--private: every worker has one --data of its own, a file or a folder; ${said}.`);
  }
  if (oracle) throw new ClusterFailure('--oracle: one thread would need the data of all tabs, which are private.');
  if (resume !== undefined) throw new ClusterFailure('--resume: data of a private run are in the tabs that are gone.');
}

/** What goes round a ring is added up on the way: nothing can be compared, rounded or late. */
function refuseRing({ reduce, consistency, filters, pushFilter, pullFilter, aggregator }: ClusterArguments): void {
  if (reduce === 'server') return;
  if (consistency.kind !== 'bsp') throw new ClusterFailure('--reduce ring: needs --consistency bsp.');
  if (filters === 'auto' || (pushFilter ?? pullFilter) !== undefined) {
    throw new ClusterFailure('--reduce ring: goes without filters.');
  }
  if ((aggregator?.kind ?? 'mean') !== 'mean') throw new ClusterFailure('--reduce ring: knows the mean only.');
}

export const isCommanderError = (error: unknown): error is CommanderError => error instanceof CommanderError;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
