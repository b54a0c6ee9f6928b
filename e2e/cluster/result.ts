// What a run came to: as JSON for machines, as a few lines for people.
import type { Metrics } from '../../src/protocol/control.ts';
import type { Ratio } from '../../src/protocol/ratio.ts';
import type { MeasuresView, StartRequest } from '../../src/store/view.ts';
import type { ClusterArguments } from './arguments.ts';
import { ClusterFailure } from './failure.ts';
import type { FaultReport } from './fault-report.ts';
import type { ClusterEgress, Trained } from './training.ts';

export interface ClusterResult {
  readonly job: string;
  readonly consistency: string;
  /** Workers, counted from 1, whose computers were emulated as so many times slower. */
  readonly slowed: ClusterArguments['slow'];
  /** The delay bound at the end; null where there is none. */
  readonly delay: number | null;
  readonly workers: number;
  /** Tabs that do nothing else; 0: workers' tabs serve. */
  readonly servers: number;
  readonly steps: number;
  readonly samples: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Once all workers are under way, after a third of the clocks; null of a run too short for it. */
  readonly steadySamplesPerSecond: number | null;
  /** The longest time between two steps of one worker; null of fewer. */
  readonly longestStepMs: number | null;
  readonly loss: number | null;
  /** The same on test data: at the end over all of them. Null without. */
  readonly testLoss: number | null;
  /** The job's score, as `measures` names it: most often the fraction classified right. */
  readonly testAccuracy: number | null;
  readonly measures: MeasuresView;
  /** Links between the workers and the servers' tabs, by what carries them. */
  readonly links: { readonly webrtc: number; readonly port: number };
  /** Before filters (raw), after each stage, on the wire; time spent in them. */
  readonly bytes: Metrics['traffic'];
  readonly filters: string;
  /** What the automatic mode chose last and why; null without it. */
  readonly filterChoice: string | null;
  readonly localSteps: number;
  /** Where the gradients of a clock were made one. */
  readonly reduce: 'server' | 'ring';
  /** What the ratio advisor said last; null where it had too little time to measure. */
  readonly advice: Metrics['advice'] | null;
  /** Fractions of the workers' time: their mean over the run. */
  readonly time: { readonly compute: number; readonly wait: number; readonly communicate: number };
  /** Gradients applied, by how many clocks old the parameters were that they were computed on. */
  readonly staleness: Readonly<Record<string, number>>;
  /**
   * Pushes, each segment's counted. Acknowledged: as their workers heard it; of a tab that died as it had last reported,
   * up to a quarter of a second before. Applied: in the histories of the segments, which are handed over with the
   * parameters, so that they lack nothing that is in these and count nothing twice.
   */
  readonly acknowledgedPushes: number;
  readonly appliedPushes: number;
  readonly duplicatesIgnored: number;
  /**
   * The same by worker: of one that was there all along both are equal; of one that died, or was taken for gone while it
   * stood still, `applied` is more by what it heard, or would have heard, after its last report.
   */
  readonly pushes: readonly {
    readonly node: number;
    readonly isGone: boolean;
    readonly acknowledged: number;
    /** Given up on when it was taken off the map: some of them may be applied. */
    readonly abandoned: number;
    readonly applied: number;
  }[];
  readonly paramsSha256: string;
  /** On the main threads while training, of pages that draw only with --headed; null where the browser can't tell, 0 where none took over 50 ms. */
  readonly longestTaskMs: number | null;
  /** Did data stay in their tabs? */
  readonly isPrivate: boolean;
  /** Bytes that tabs have sent each other, by what they are: samples of data, updates, parameters, requests. */
  readonly egress: ClusterEgress;
  /** What was done to it with --fault, in that order. */
  readonly faults: readonly FaultReport[];
  readonly oracle?: { readonly maxAbsDiff: number; readonly samplesPerSecond: number };
  readonly objective?: number;
  readonly nonZeros?: number;
}

const consistencyText = ({ consistency }: StartRequest): string =>
  consistency.kind === 'ssp' ? `ssp:${consistency.delay}` : consistency.kind;

/** @throws ClusterFailure where the run left no figures */
export function resultOf(wanted: ClusterArguments, trained: Trained): ClusterResult {
  const { request, status, figures, paramsSha256, longestTaskMs, oracle, modelFigures, faults, egress, steps } =
    trained;
  const { metrics, time } = figures;
  if (metrics === null || status.run === null) throw new ClusterFailure('The run ended without figures.');
  const workers = metrics.nodes.filter(({ isWorker }) => isWorker);
  const count = (kind: 'webrtc' | 'port') => workers.reduce((sum, { links }) => sum + links[kind], 0);
  const { loss, accuracy, measures } = status.run;
  return {
    job: request.job,
    consistency: consistencyText(request),
    slowed: wanted.slow,
    delay: 'delay' in status.run.consistency ? status.run.consistency.delay : null,
    workers: wanted.workers,
    servers: wanted.servers,
    steps: request.steps,
    samples: metrics.samples,
    seconds: metrics.seconds,
    samplesPerSecond: metrics.samples / metrics.seconds,
    steadySamplesPerSecond: steps.steady === null ? null : steps.steady.clocksPerSecond * request.batch,
    longestStepMs: steps.longestMs,
    loss,
    testLoss: metrics.testLoss ?? null,
    testAccuracy: accuracy,
    measures,
    links: { webrtc: count('webrtc'), port: count('port') },
    bytes: metrics.traffic,
    filters: filtersText(request.filters),
    filterChoice: status.run.filterChoice,
    localSteps: request.localSteps ?? 1,
    reduce: request.reduce ?? 'server',
    advice: metrics.advice ?? null,
    time,
    staleness: metrics.staleness,
    acknowledgedPushes: metrics.acknowledged,
    appliedPushes: metrics.applied,
    duplicatesIgnored: metrics.duplicates,
    pushes: pushesOf(metrics),
    paramsSha256,
    longestTaskMs,
    isPrivate: status.run.isPrivate,
    egress,
    faults,
    ...(oracle === null ? {} : { oracle }),
    ...modelFigures,
  };
}

export function pushesOf({ tallies, nodes }: Metrics): ClusterResult['pushes'] {
  const here = new Set(nodes.map(({ node }) => node));
  return tallies
    .filter(({ acknowledged, applied }) => acknowledged + applied > 0)
    .map(({ node, acknowledged, abandoned, applied }) => ({
      node,
      isGone: !here.has(node),
      acknowledged,
      abandoned,
      applied,
    }));
}

const slowedRows = ({ slowed }: ClusterResult): [string, string][] =>
  slowed.length === 0
    ? []
    : [['Emulated', slowed.map(({ worker, factor }) => `worker ${worker} ${factor}× slower`).join(', ')]];

function adviceRows({ advice }: ClusterResult): [string, string][] {
  if (!advice) return [];
  const name = ({ workers, servers }: Ratio) => `${workers} workers, ${servers} servers`;
  const { best, current } = advice;
  const isBest = best.workers === current.workers && best.servers === current.servers;
  return [['Roles', isBest ? `${name(current)}, the best known division` : `${name(current)}; better: ${name(best)}`]];
}

/** What links that are slow took off their frames; nothing where none was. */
function deflateRows({ bytes: { push, pull } }: ClusterResult): [string, string][] {
  const [pushed, pulled] = [push.saved ?? 0, pull.saved ?? 0];
  if (pushed + pulled === 0) return [];
  const text = (saved: number, all: number) => `${((100 * saved) / Math.max(1, all)).toFixed(1)} %`;
  return [
    [
      'Deflated',
      `${text(pushed, push.wire)} of what was pushed and ${text(pulled, pull.wire)} of what was pulled saved`,
    ],
  ];
}

/** A few lines, aligned. */
export function summaryOf(result: ClusterResult, browsers: readonly string[]): string {
  const count = (value: number) => Math.round(value).toLocaleString('en');
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const bytes = (value: number) => `${(value / 1e6).toFixed(1)} MB`;
  const { push, pull } = result.bytes;
  const { time } = result;
  const rows: [string, string][] = [
    [
      'Cluster',
      `${result.workers} workers${result.servers === 0 ? ' that serve, too' : `, ${result.servers} servers`}, ${result.consistency}${result.reduce === 'ring' ? ', ring' : ''}; ${browsers.join(', ')}`,
    ],
    ...slowedRows(result),
    ...adviceRows(result),
    ['Trained', `${count(result.samples)} samples in ${count(result.steps)} steps, ${result.seconds.toFixed(1)} s`],
    ['Speed', speedText(result)],
    [result.measures.loss.name, result.loss?.toFixed(5) ?? '–'],
    ['The same on test data', result.testLoss?.toFixed(5) ?? '–'],
    ...scoreRows(result),
    [
      'Workers’ time',
      `${percent(time.compute)} compute, ${percent(time.communicate)} communicate, ${percent(time.wait)} wait`,
    ],
    [
      'Traffic',
      `${bytes(push.wire)} pushed (${bytes(push.raw)} raw), ${bytes(pull.wire)} pulled (${bytes(pull.raw)} raw)`,
    ],
    ...deflateRows(result),
    ['Sent', sentLine(result)],
    ['Filters', filterLine(result)],
    [
      'Pushes',
      `${count(result.appliedPushes)} applied, ${count(result.acknowledgedPushes)} acknowledged, ${count(result.duplicatesIgnored)} duplicates ignored`,
    ],
    ['Links', `${result.links.webrtc} WebRTC, ${result.links.port} in the same tab`],
    ['Main threads', longestTask(result.longestTaskMs)],
    ['Parameters', `SHA-256 ${result.paramsSha256}`],
  ];
  for (const fault of result.faults) rows.push(['Fault', faultText(fault)]);
  if (result.oracle) rows.push(['One thread', oracleText(result.oracle)]);
  if (result.objective !== undefined) rows.push(['Objective', result.objective.toFixed(2)]);
  if (result.nonZeros !== undefined) rows.push(['Non-zeros', count(result.nonZeros)]);
  return rows.map(([name, text]) => `${name.padEnd(22)} ${text}`).join('\n');
}

function sentLine({ isPrivate, egress }: ClusterResult): string {
  const bytes = (value: number) => (value === 0 ? '0 bytes' : `${(value / 1e6).toFixed(1)} MB`);
  const where = isPrivate ? '; data stayed in each tab' : '';
  return `${bytes(egress.data)} of data, ${bytes(egress.updates)} of updates${where}`;
}

function scoreRows({ measures: { score }, testAccuracy: value }: ClusterResult): [string, string][] {
  if (score === null) return [];
  const text = score.format === 'percent' ? `${((value ?? 0) * 100).toFixed(2)} %` : (value ?? 0).toFixed(4);
  return [[score.name, value === null ? '–' : text]];
}

const filtersText = (filters: StartRequest['filters']): string =>
  filters?.kind === 'fixed' ? `${filters.push} / ${filters.pull}` : (filters?.kind ?? 'off');

function filterLine({ filters, filterChoice, localSteps, bytes }: ClusterResult): string {
  const steps = localSteps === 1 ? '' : `, ${localSteps} local steps`;
  const spent = (bytes.push.milliseconds ?? 0) + (bytes.pull.milliseconds ?? 0);
  const choice = filterChoice === null ? '' : `; ${filterChoice}`;
  return `${filters}${steps}; ${(spent / 1000).toFixed(2)} s in them${choice}`;
}

function faultText({ kind, node, detectedMs, recoveryMs }: FaultReport): string {
  const after = (ms: number | null, what: string) => (ms === null ? [] : [`${what} after ${ms} ms`]);
  const whom = node === null ? '' : ` (node ${node})`;
  return [`${kind}${whom}`, ...after(detectedMs, 'noticed'), ...after(recoveryMs, 'went on')].join(', ');
}

function speedText({ samplesPerSecond, steadySamplesPerSecond: steady, longestStepMs }: ClusterResult): string {
  const count = (value: number) => `${Math.round(value).toLocaleString('en')} samples/s`;
  return [
    count(samplesPerSecond),
    ...(steady === null ? [] : [`${count(steady)} without the first third`]),
    ...(longestStepMs === null ? [] : [`longest step ${Math.round(longestStepMs)} ms`]),
  ].join(', ');
}

const longestTask = (ms: number | null): string => {
  if (ms === null) return 'not measured: this browser has no Long Tasks API';
  return ms === 0 ? 'no task over 50 ms' : `longest task ${Math.round(ms)} ms`;
};

const oracleText = ({ maxAbsDiff, samplesPerSecond }: NonNullable<ClusterResult['oracle']>): string =>
  `largest difference ${maxAbsDiff.toExponential(2)}; ${Math.round(samplesPerSecond).toLocaleString('en')} samples/s`;
