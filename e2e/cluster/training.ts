// One run in a room, from choosing its data to its last figures, through the hooks of the first tab's page.
import type { Figures, Status } from '../../src/runtime/automation.ts';
import { DEFAULT_FILTERS, type FiltersView, type StartRequest } from '../../src/store/view.ts';
import type { Tab } from '../browsers/tab.ts';
import type { ClusterArguments } from './arguments.ts';
import { CheckpointWriter, resumeFrom } from './checkpoint-files.ts';
import { chooseData } from './choose-data.ts';
import { ClusterFailure } from './failure.ts';
import type { FaultReport } from './fault-report.ts';
import { FaultRunner } from './fault-runner.ts';
import { every } from './periods.ts';
import type { ProgressLine } from './progress-line.ts';
import type { Room } from './room.ts';
import { type StepTimes, stepTimes } from './step-times.ts';

/** After the end every node reports once more; figures come with each report of the scheduler's own tab. */
const LAST_MESSAGES = 6;

/** Bytes. */
export type ClusterEgress = Omit<Status['transfers'], 'fetched'>;

export interface Trained {
  readonly request: StartRequest;
  readonly status: Status;
  readonly figures: Figures;
  readonly paramsSha256: string;
  readonly modelFigures: Readonly<Record<string, number>>;
  readonly longestTaskMs: number | null;
  readonly steps: StepTimes;
  /** What all tabs that are left have sent to others. */
  readonly egress: ClusterEgress;
  readonly faults: readonly FaultReport[];
  readonly oracle: { readonly maxAbsDiff: number; readonly samplesPerSecond: number } | null;
}

/** Chooses data and starts the run. @throws ClusterFailure */
export async function begin(room: Room, wanted: ClusterArguments): Promise<StartRequest> {
  await chooseData(room, wanted);
  await Promise.all(room.tabs.map((tab) => tab.watchLongTasks()));
  const workers = room.all.filter(({ role }) => role === 'worker');
  if (wanted.ratio === 'auto') await room.first.call('setRatioAutomatic', true);
  else if (wanted.ratio !== undefined) await room.first.call('setRatio', wanted.ratio);
  for (const { worker, factor } of wanted.slow) await workers[worker - 1]?.tab.call('slowDown', factor);
  const { computeMs } = wanted;
  if (computeMs !== undefined) await Promise.all(workers.map(({ tab }) => tab.call('computeFor', computeMs)));
  for (const { worker, bytesPerSecond } of wanted.bandwidth) {
    const capped = worker === null ? room.tabs : workers.slice(worker - 1, worker).map(({ tab }) => tab);
    await Promise.all(capped.map((tab) => tab.call('setBandwidth', bytesPerSecond)));
  }
  await Promise.all(room.tabs.map((tab) => tab.call('setDevice', wanted.device)));
  return wanted.resume === undefined ? start(room.first, wanted) : resume(room.first, wanted);
}

/** @throws ClusterFailure */
export async function train(room: Room, wanted: ClusterArguments, line: ProgressLine): Promise<Trained> {
  const checkpoints = new CheckpointWriter(room.first, wanted.checkpoint);
  const request = await begin(room, wanted);
  // Nobody sees it, and it takes the cores that train.
  if (!wanted.headed) await Promise.all(room.tabs.map((tab) => tab.call('stopDrawing')));
  const faults = new FaultRunner(room, wanted.fault);
  try {
    await followRun(room, line, faults, checkpoints);
    await checkpoints.writeLast();
  } finally {
    line.end();
  }
  const longest = await Promise.all(room.tabs.map((tab) => tab.longestTaskMs()));
  const known = longest.filter((ms) => ms !== null);
  const { first } = room;
  const figures = await lastFigures(first);
  return {
    faults: await faults.report(await lossOf(first)),
    request,
    figures,
    status: await first.call('status'),
    egress: await egressOf(room),
    paramsSha256: await first.call('parametersHash'),
    modelFigures: await first.call('modelFigures'),
    longestTaskMs: known.length === 0 ? null : Math.max(...known),
    steps: stepTimes(await Promise.all(room.tabs.map((tab) => tab.call('stepLog')))),
    oracle: wanted.oracle ? await first.call('oracle') : null,
  };
}

async function egressOf(room: Room): Promise<ClusterEgress> {
  const all = await Promise.all(room.tabs.map((tab) => tab.call('status')));
  const sum = (what: keyof ClusterEgress) => all.reduce((bytes, { transfers }) => bytes + transfers[what], 0);
  return { data: sum('data'), updates: sum('updates'), parameters: sum('parameters'), other: sum('other') };
}

async function start(tab: Tab, wanted: ClusterArguments): Promise<StartRequest> {
  const request = await requestOf(tab, wanted);
  const { option: options, evaluateEvery } = wanted;
  await tab.call('start', request, {
    options,
    ...(evaluateEvery === undefined ? {} : { evaluateEvery }),
  });
  return request;
}

/** @returns what the run was once started with; its seed stays in the checkpoint */
async function resume(tab: Tab, { resume = '', seed }: ClusterArguments): Promise<StartRequest> {
  const { job, batch, steps, learningRate, updater, consistency, replicas, checkpoints } = await resumeFrom(
    tab,
    resume,
  );
  return { job, batch, steps, learningRate, updater, consistency, replicas, seed, checkpoints };
}

async function requestOf(tab: Tab, wanted: ClusterArguments): Promise<StartRequest> {
  const defaults = await defaultsOf(tab, wanted.job, wanted.option);
  const { job, batch, steps, lr, updater, consistency, replicas, servers, seed, checkpointEvery, localSteps } = wanted;
  const outer = wanted.outer === undefined ? {} : { outer: wanted.outer };
  return {
    job,
    batch: batch ?? defaults.batch,
    steps: steps ?? defaults.steps,
    learningRate: lr ?? defaults.learningRate,
    updater: updater ?? defaults.updater,
    consistency,
    isStalenessAware: wanted.stalenessAware,
    replicas: replicas ?? Math.min(1, (servers === 0 ? wanted.workers : servers) - 1),
    seed,
    checkpoints: { steps: checkpointEvery ?? null, seconds: null },
    localSteps,
    ...outer,
    filters: filtersOf(wanted),
    ...(wanted.aggregator && { aggregator: wanted.aggregator }),
    reduce: wanted.reduce,
    ...(wanted.backupTasks ? { hasBackups: true } : {}),
  };
}

/** What a job runs with on the tab's data where nobody says otherwise. @throws ClusterFailure for an option that it hasn't */
export async function defaultsOf(tab: Tab, job: string, options: Record<string, unknown>) {
  const answer = await tab.call('defaults', job, options);
  if ('problem' in answer) throw new ClusterFailure(answer.problem);
  return answer;
}

/** What was asked for; where nothing was, f32 for those who compare bits and for a ring, and else what the page's default is. */
function filtersOf({ filters, pushFilter, pullFilter, oracle, reduce }: ClusterArguments): FiltersView {
  if (pushFilter !== undefined || pullFilter !== undefined) {
    return { kind: 'fixed', push: pushFilter ?? 'off', pull: pullFilter ?? 'off' };
  }
  return { kind: filters ?? (oracle || reduce === 'ring' ? 'off' : DEFAULT_FILTERS) };
}

/** Until the run has finished. @throws ClusterFailure when it ends, or stands, in any other way */
async function followRun(
  room: Room,
  line: ProgressLine,
  faults: FaultRunner,
  checkpoints: CheckpointWriter,
): Promise<void> {
  // Faults come at a clock; else every question takes time from those who train.
  for await (const _ of every(faults.isExpected ? 'look' : 'progress')) {
    const all = await Promise.race([Promise.all(room.tabs.map((tab) => tab.call('status'))), room.trouble]);
    const at = all.findIndex(({ problem }) => problem !== null);
    const problem = all[at]?.problem;
    if (problem) throw new ClusterFailure(`${room.tabs[at]?.name}: ${problem.text}`);
    const run = all[0]?.run;
    if (!run) continue;
    line.show(run);
    await Promise.race([faults.reached(run.clock), room.trouble]);
    await checkpoints.writeKept();
    if (run.phase === 'finished') return;
    if (run.phase === 'failed' || run.phase === 'stopped' || run.phase === 'paused') {
      throw new ClusterFailure(run.message ?? `The run was ${run.phase} by someone in ${room.first.name}.`);
    }
  }
}

/** The loss curve as the page shows it. */
export async function lossOf(tab: Tab): Promise<[number, number, number, number][]> {
  const { loss } = await tab.call('series');
  return loss.step.map((step, at) => [step, loss.samples[at] ?? 0, loss.seconds[at] ?? 0, loss.value[at] ?? 0]);
}

async function lastFigures(tab: Tab): Promise<Figures> {
  for await (const _ of every('look')) {
    const figures = await tab.call('figures');
    if (figures.messagesSinceOver >= LAST_MESSAGES) return figures;
  }
  throw new RangeError('A timer ended.');
}
