import { describe, expect, it } from 'vitest';
import { type ControlMessage, parseControl } from './control.ts';
import { nodeId } from './ids.ts';
import { MAX_CONTROL_BYTES, MAX_PLACEMENTS, MAX_REPLICAS, MAX_ROOM_NODES } from './limits.ts';
import { CLASSIFIER_MEASURES } from './measures.ts';
import { BadMessage } from './signaling.ts';

type Message<Kind extends ControlMessage['kind']> = ControlMessage & { kind: Kind };

const split = { samples: 60_000, blockSamples: 512, blocks: 118 };

const plan = {
  run: 3,
  job: 'digits-mlp',
  title: 'Handwritten digits',
  measures: CLASSIFIER_MEASURES,
  options: { hidden: 128 },
  seed: 7,
  batch: 256,
  steps: 2_000,
  updater: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const,
  replicas: 1,
  tables: [
    { name: 'w1', keys: 784, width: 128, init: { kind: 'uniform', scale: 0.05 } as const, shape: [784, 128] },
    { name: 'b1', keys: 128, width: 1, init: { kind: 'zeros' } as const, shape: [128] },
  ],
  data: {
    name: 'digits',
    train: split,
    test: { ...split, samples: 10_000, blocks: 20 },
    source: { kind: 'generated', seed: 1, samples: null } as const,
  },
  evaluateEvery: 84,
  lossEvery: 5,
  checkpoint: { steps: 200, seconds: null },
  startedAt: 1_795_000_000_000,
  from: {
    clock: 399,
    parts: ['ab'.repeat(32)],
    schedule: [{ fromClock: 0, consistency: { kind: 'bsp' } as const, learningRate: 0.1 }],
  },
};

const cluster: Message<'cluster'> = {
  kind: 'cluster',
  term: 2,
  revision: 40,
  scheduler: nodeId(1),
  phase: 'running',
  lostIn: null,
  message: null,
  map: {
    epoch: { term: 2, counter: 9 },
    run: 3,
    servers: [nodeId(1), nodeId(2)],
    placements: [{ chain: [nodeId(1), nodeId(2)], learners: [nodeId(3)] }],
    workers: [{ node: nodeId(2), incarnation: 4 }],
  },
  plan,
  schedule: [{ fromClock: 0, consistency: { kind: 'ssp', delay: 4 }, learningRate: 0.1 }],
  clockLimit: 2_000,
  leases: [{ worker: nodeId(2), runs: [[0, 59, 2]] }],
  holders: [],
  shutOut: [],
  sidelined: [{ node: nodeId(3), unreached: nodeId(5), worker: true, server: false }],
  privacy: { isPrivate: false, offers: [] },
  checkpoint: { cutAt: 599, newest: { clock: 399, parts: ['cd'.repeat(32)] } },
};

const report: Message<'report'> = {
  kind: 'report',
  run: 3,
  isPrepared: true,
  holdsAllBlocks: false,
  problem: null,
  divergedAt: null,
  worker: {
    clock: 17,
    samples: 4_352,
    losses: [[15, 2.3, 256]],
    evaluations: [[-1, 2.3, 2_048, 204]],
    computeMs: 100.5,
    waitMs: 0,
    communicateMs: 3,
    spanMs: 250,
    sinceClockMs: 0,
    isDone: false,
    device: 'wasm',
  },
  acknowledged: 17,
  abandoned: 0,
  shard: {
    duplicates: 0,
    pushes: [{ node: nodeId(2), count: 17 }],
    refused: [{ node: nodeId(2), reason: 'stale-epoch', count: 1 }],
    staleness: { 0: 16, 1: 1 },
    workers: [{ node: nodeId(2), applied: 17, delaySum: 1 }],
  },
  epoch: { term: 2, counter: 9 },
  settled: [0],
  hostile: [],
  unreachable: [nodeId(5)],
  cut: { clock: 599, part: 'ef'.repeat(32), segments: [0], isExact: true },
  bytesIn: 1,
  bytesOut: 2,
  traffic: { push: { raw: 4, wire: 2 }, pull: { raw: 4, wire: 4 } },
  flows: [[nodeId(1), 1_000.5]],
  links: { webrtc: 1, port: 1 },
  rttMs: 1.5,
};

const nodeMetrics = {
  node: nodeId(2),
  label: 'Chromium on Linux',
  isWorker: true,
  isServer: false,
  clock: 17,
  samplesPerSecond: 1_234.5,
  compute: 0.9,
  wait: 0,
  communicate: 0.1,
  bytesIn: 1,
  bytesOut: 2,
  links: { webrtc: 1, port: 0 },
  rttMs: null,
  staleness: 0.5,
  isSlow: false,
  device: 'wasm',
  flows: [],
  refused: { 'bad-keys': 2 },
};

const metrics: Message<'metrics'> = {
  kind: 'metrics',
  run: 3,
  clock: 17,
  samples: 4_352,
  seconds: 12.5,
  samplesPerSecond: 1_000,
  loss: [[4, 1_280, 1.5, 2.1]],
  accuracy: [],
  isHistory: false,
  staleness: { 0: 3 },
  traffic: report.traffic,
  applied: 1,
  acknowledged: 1,
  duplicates: 0,
  tallies: [{ node: nodeId(2), samples: 4_352, acknowledged: 17, abandoned: 0, applied: 17, duplicates: 0 }],
  nodes: [nodeMetrics],
};

const requests: Message<'request'>['request'][] = [
  { ask: 'start', plan, consistency: { kind: 'bsp' }, learningRate: 0.1 },
  { ask: 'pause' },
  { ask: 'resume' },
  { ask: 'stop' },
  { ask: 'consistency', consistency: { kind: 'async' } },
  { ask: 'learning-rate', learningRate: 0.01 },
  { ask: 'role', role: 'watch' },
  { ask: 'leave' },
];

const change: Message<'change'> = {
  kind: 'change',
  term: 2,
  revision: 41,
  base: { term: 2, revision: 40 },
  fields: { phase: 'paused', message: null, clockLimit: 40, checkpoint: { cutAt: null, newest: null } },
  epoch: { term: 2, counter: 10 },
  run: 3,
  isPrivate: true,
  lists: {
    servers: [2, [nodeId(5)]],
    workers: [-1, [{ node: nodeId(3), incarnation: 10 }]],
    placements: [[{ chain: [nodeId(1)], learners: [] }]],
    leases: [1, [{ worker: nodeId(3), runs: [[1, 59, 2]] }]],
    offers: [],
  },
};

const messages: ControlMessage[] = [
  { kind: 'hello', version: 1, label: 'Firefox on Linux', role: 'auto' },
  { kind: 'ping', at: 1.5 },
  { kind: 'pong', at: 1.5 },
  { kind: 'denied', text: 'No tab may serve.', advice: 'Set the role of a tab.' },
  cluster,
  { ...cluster, plan: null, schedule: [], leases: [], phase: 'idle' },
  change,
  { ...change, fields: {}, lists: {} },
  { kind: 'behind' },
  { kind: 'ask', term: 3, known: null },
  { kind: 'ask', term: 3, known: { term: 2, revision: 41 } },
  { kind: 'state', term: 3, known: null, cluster: null },
  { kind: 'state', term: 3, known: { term: 2, revision: 40 }, cluster },
  report,
  { ...report, worker: null, shard: null, rttMs: null },
  metrics,
  ...requests.map((request) => ({ kind: 'request', request }) as const),
];

/** `message` with the value at `path` replaced; the path's parts are joined by dots. */
function changed(message: unknown, path: string, value: unknown): unknown {
  const copy = structuredClone(message);
  const parts = path.split('.');
  let at = copy as Record<string, unknown>;
  for (const part of parts.slice(0, -1)) at = at[part] as Record<string, unknown>;
  const last = parts.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

/** Every path to a value in a message, arrays by index. */
function pathsOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null) return [prefix];
  const inner = Object.entries(value).flatMap(([name, one]) =>
    pathsOf(one, prefix === '' ? name : `${prefix}.${name}`),
  );
  return prefix === '' ? inner : [prefix, ...inner];
}

const parse = (message: unknown) => parseControl(JSON.stringify(message));
const refuses = (message: unknown) => expect(() => parse(message)).toThrow(BadMessage);

/** Whose keys are chosen by data, and lists that do not go with every message: any of them may be absent. */
const isOpen = (path: string) =>
  /(options|refused|staleness)\.[^.]+$|^(nodes|tallies|shard\.pushes|shard\.workers)$/.test(path);
/** Lists whose items may be fewer. */
const isItem = (path: string) => /\.\d+$/.test(path);

describe('a control message', () => {
  it.each(messages)('comes back as it went: $kind $request.ask', (message) => {
    expect(parse(message)).toEqual(message);
  });

  it.each([cluster, report, metrics])('needs every field: $kind', (message) => {
    const paths = pathsOf(message).filter((path) => !isOpen(path) && !isItem(path));
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) refuses(changed(message, path, undefined));
  });

  it.each([cluster, change, report, metrics])('has a type for every field: $kind', (message) => {
    // A value that no field of ours may have.
    const paths = pathsOf(message).filter((path) => !/\boptions\b/.test(path));
    for (const path of paths) refuses(changed(message, path, { no: 'such thing' }));
  });

  it('has numbers only: JSON has no NaN or infinity, and null does not pass for one', () => {
    for (const value of [Number.NaN, 1 / 0]) {
      refuses({ ...metrics, samplesPerSecond: value });
      refuses({ kind: 'ping', at: value });
      refuses({ kind: 'request', request: { ask: 'learning-rate', learningRate: value } });
    }
    expect(() => parseControl('{"kind":"ping","at":NaN}')).toThrow('not JSON');
    expect(() => parseControl('{"kind":"ping","at":1e999}')).toThrow(BadMessage);
  });

  it.each<[string, unknown]>([
    ['learningRate', 0],
    ['learningRate', -1],
    ['learningRate', 1_001],
    ['consistency', { kind: 'ssp', delay: 0 }],
    ['consistency', { kind: 'ssp', delay: 1.5 }],
    ['consistency', { kind: 'ssp' }],
    ['consistency', { kind: 'eventual' }],
    ['plan.batch', 0],
    ['plan.steps', 1e9],
    ['plan.steps', 1.5],
    ['plan.seed', -1],
    ['plan.seed', 2 ** 32],
    ['plan.replicas', MAX_REPLICAS + 1],
    ['plan.updater', { kind: 'adam', beta1: 1, beta2: 0.9, epsilon: 1e-8 }],
    ['plan.updater', { kind: 'sgd2' }],
    ['plan.tables', []],
    ['plan.tables.0.keys', 0],
    ['plan.tables.0.keys', 2 ** 32 + 1],
    ['plan.tables.0.width', 65_537],
    ['plan.tables.0.keys', 2 ** 28 + 1],
    ['plan.tables.0.shape', [7]],
    ['plan.tables.0.name', ''],
    ['plan.tables.0.name', 'x'.repeat(101)],
    ['plan.tables.0.init', { kind: 'uniform', scale: -1 }],
    ['plan.data.train.blocks', 65_537],
    ['plan.data.train.blockSamples', 0],
    ['plan.data.source', { kind: 'blocks', manifest: 'A'.repeat(64) }],
    ['plan.data.source', { kind: 'blocks', manifest: '../etc/passwd' }],
    ['plan.job', 'x'.repeat(101)],
  ])('to start is refused with %s %j', (path, value) => {
    refuses({ kind: 'request', request: changed(requests[0], path, value) });
  });

  it.each<[unknown, string, unknown]>([
    [cluster, 'scheduler', 0],
    [cluster, 'scheduler', 1.5],
    [cluster, 'phase', 'exploded'],
    [cluster, 'message', 'x'.repeat(501)],
    [cluster, 'map.workers.0.node', -1],
    [cluster, 'clockLimit', 2 ** 31],
    [cluster, 'leases.0.runs', [[0, 0, 1]]],
    [cluster, 'leases.0.runs', [[0, 1]]],
    [report, 'worker.clock', -2],
    [report, 'worker.computeMs', -1],
    [report, 'worker.device', 'x'.repeat(61)],
    [report, 'problem', 'x'.repeat(501)],
    [report, 'shard.refused', { ['x'.repeat(41)]: 1 }],
    [report, 'shard.staleness', { 1: -1 }],
    [report, 'settled', [-1]],
    [metrics, 'nodes.0.label', 'x'.repeat(81)],
    [metrics, 'loss', [[1, 2, 3]]],
    [{ kind: 'hello', version: 1, label: 'a', role: 'auto' }, 'role', 'king'],
    [{ kind: 'hello', version: 1, label: 'a', role: 'auto' }, 'label', 'x'.repeat(81)],
  ])('is refused with a value out of its range: %#', (message, path, value) => {
    refuses(changed(message, path, value));
  });

  it.each(['', 'null', '1', '[]', '{}', '{"kind":"no-such"}', '{"kind":["ping"]}', '"ping"', '{"kind":"ping"', '\0'])(
    'is not: %j',
    (text) => {
      expect(() => parseControl(text)).toThrow(BadMessage);
    },
  );

  it('drops what it does not know, __proto__ included', () => {
    const parsed = parseControl('{"kind":"ping","at":1,"extra":2,"__proto__":{"polluted":true}}');
    expect(parsed).toEqual({ kind: 'ping', at: 1 });
    expect('polluted' in parsed).toBe(false);
  });

  it('over the limit is refused before it is read', () => {
    const text = `{"kind":"ping","at":1${' '.repeat(MAX_CONTROL_BYTES)}}`;
    expect(() => parseControl(text)).toThrow(`${text.length} characters; at most ${MAX_CONTROL_BYTES} are allowed`);
    expect(parseControl(`{"kind":"ping","at":1}${' '.repeat(MAX_CONTROL_BYTES - 22)}`)).toEqual({
      kind: 'ping',
      at: 1,
    });
  });

  it('says where it is wrong, for whoever reads the log', () => {
    expect(() => parse(changed(metrics, 'nodes.0.clock', 'x'))).toThrow(/nodes\[0\]\.clock/);
  });
});

describe('the largest room', () => {
  const nodes = Array.from({ length: MAX_ROOM_NODES }, (_, at) => nodeId(at + 1));
  const rate = 123_456.789_012_345;

  it('fits its metrics into a control message', () => {
    const flows = nodes.slice(1).map((node): [typeof node, number] => [node, rate]);
    const curve = Array.from({ length: 400 }, (_, at): [number, number, number, number] => [
      at * 5,
      at * 1_280,
      1 / 3 + at,
      1 / 7,
    ]);
    const everybody = nodes.map((node) => ({ ...nodeMetrics, node, flows, samplesPerSecond: rate }));
    const message = { ...metrics, isHistory: true, loss: curve, accuracy: curve.slice(0, 24), nodes: everybody };
    expect(JSON.stringify(message).length).toBeLessThanOrEqual(MAX_CONTROL_BYTES);
  });

  it('fits its map into a control message, with as many segments as there may be', () => {
    const [chain, learners] = [nodes.slice(-2), nodes.slice(0, 1)];
    const placements = Array.from({ length: MAX_PLACEMENTS }, () => ({ chain, learners }));
    const workers = nodes.map((node) => ({ node, incarnation: 99 }));
    const leases = nodes.map((worker, at): Message<'cluster'>['leases'][number] => ({ worker, runs: [[at, 2, 64]] }));
    const message = { ...cluster, map: { ...cluster.map, servers: nodes, placements, workers }, leases };
    expect(JSON.stringify(message).length).toBeLessThanOrEqual(MAX_CONTROL_BYTES);
  });
});
