// The page's hooks for scripts and tests, on `window.pushpull`: what a person sees and does, and the figures of a run as
// plain data. Everything in and out survives structured cloning, so that any driver of any browser can call it.
import type { ClusterState, Metrics, RunPhase } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { ViewStore } from '../store/store.ts';
import type { DataSettingsView, DeviceWishView, JobView, RatioView, StartRequest, ViewState } from '../store/view.ts';
import type { RoomNode } from './node.ts';
import type { PageCommands, StartExtras } from './page-commands.ts';
import type { LoggedStep } from './step-log.ts';
import { ViewWriter } from './view-writer.ts';
import type { WorkerHandles } from './worker-handles.ts';

/** Fractions of the workers' wall time. */
export interface TimeShares {
  readonly compute: number;
  readonly wait: number;
  readonly communicate: number;
}

/** The view without what is large: curves, pictures, the ring. */
export type Status = Pick<
  ViewState,
  | 'connection'
  | 'self'
  | 'nodes'
  | 'run'
  | 'problem'
  | 'progress'
  | 'job'
  | 'jobs'
  | 'checkpoint'
  | 'privacy'
  | 'transfers'
> & {
  readonly dataset: Omit<NonNullable<ViewState['dataset']>, 'preview'> | null;
};

/** The run's figures as this tab has heard them. */
export interface Figures {
  /** The newest; null before the first. */
  readonly metrics: Metrics | null;
  /** Mean over the workers and over all of the run so far. */
  readonly time: TimeShares;
  /** Messages heard of this run, and of these since it was over: after a few, every node's last report is in. */
  readonly messages: number;
  readonly messagesSinceOver: number;
}

/** A map of the cluster as this tab heard of it. */
export interface LoggedMap {
  /** Milliseconds since 1970: comparable between tabs of one machine. */
  readonly atMs: number;
  readonly scheduler: NodeId;
  readonly workers: readonly NodeId[];
  /** Nodes that own a segment now. */
  readonly owners: readonly NodeId[];
  /** Complete copies of the segment that has the fewest. */
  readonly copies: number;
  /** Nodes that own or keep a complete copy of one. */
  readonly keepers: readonly NodeId[];
}

/** Maps remembered: every change of members is a few. */
const MAX_MAPS = 1_000;

const NO_TIME: TimeShares = { compute: 0, wait: 0, communicate: 0 };

const isOver = (phase: RunPhase): boolean => phase === 'finished' || phase === 'stopped' || phase === 'failed';

/** Shows what it hears, and remembers the figures. */
export class RecordingViewWriter extends ViewWriter {
  private newest: Metrics | null = null;
  private phase: RunPhase = 'idle';
  private run = 0;
  private sum = NO_TIME;
  private counted = 0;
  private messages = 0;
  private messagesSinceOver = 0;
  private maps: LoggedMap[] = [];

  override onCluster(cluster: ClusterState, isScheduler: boolean): void {
    super.onCluster(cluster, isScheduler);
    this.phase = cluster.phase;
    this.log(cluster);
    const run = cluster.plan?.run ?? 0;
    if (run === this.run) return;
    this.run = run;
    this.newest = null;
    this.sum = NO_TIME;
    this.counted = 0;
    this.messages = 0;
    this.messagesSinceOver = 0;
  }

  override onMetrics(metrics: Metrics, history: Metrics): void {
    super.onMetrics(metrics, history);
    this.newest = metrics;
    this.messages++;
    if (isOver(this.phase)) this.messagesSinceOver++;
    if (this.phase !== 'running') return;
    // Messages come at a steady pace, so that each stands for as much time as any other.
    for (const { isWorker, clock, compute, wait, communicate } of metrics.nodes) {
      if (!isWorker || clock === null || clock < 0) continue;
      const { sum } = this;
      this.sum = {
        compute: sum.compute + compute,
        wait: sum.wait + wait,
        communicate: sum.communicate + communicate,
      };
      this.counted++;
    }
  }

  private log({ map, scheduler }: ClusterState): void {
    if (this.maps.length >= MAX_MAPS) this.maps = this.maps.slice(MAX_MAPS / 2);
    this.maps.push({
      atMs: performance.timeOrigin + performance.now(),
      scheduler,
      workers: map.workers.map(({ node }) => node),
      copies: Math.min(...map.placements.map(({ chain }) => chain.length)),
      owners: [...new Set(map.placements.flatMap(({ chain }) => chain.slice(0, 1)))],
      keepers: [...new Set(map.placements.flatMap(({ chain }) => chain))],
    });
  }

  get mapLog(): readonly LoggedMap[] {
    return this.maps;
  }

  figures(): Figures {
    const { newest: metrics, messages, messagesSinceOver, sum } = this;
    const count = Math.max(1, this.counted);
    const time = { compute: sum.compute / count, wait: sum.wait / count, communicate: sum.communicate / count };
    return { metrics, time, messages, messagesSinceOver };
  }
}

/** What `window.pushpull` is. */
export class Automation {
  constructor(
    private readonly store: ViewStore,
    private readonly recorder: RecordingViewWriter,
    readonly commands: PageCommands,
    readonly workers: WorkerHandles,
    readonly node: RoomNode,
    /** Takes the picture away, and the room goes on: for tabs that nobody looks at. */
    readonly stopDrawing: () => Promise<void>,
  ) {}

  view(): ViewState {
    return this.store.getState();
  }

  status(): Status {
    const { connection, self, nodes, run, problem, progress, job, jobs, checkpoint, ...rest } = this.store.getState();
    const { privacy, transfers, dataset } = rest;
    const known = { connection, self, nodes, run, problem, progress, job, jobs, checkpoint, privacy, transfers };
    if (dataset === null) return { ...known, dataset };
    const { preview: _, ...shown } = dataset;
    return { ...known, dataset: shown };
  }

  series(): ViewState['series'] {
    return this.store.getState().series;
  }

  figures(): Figures {
    return this.recorder.figures();
  }

  chooseJob(name: string): void {
    this.commands.chooseJob(name);
  }

  generateData(samples: { train: number; test: number } | null): void {
    this.commands.generateData(samples);
  }

  /** What the next files are read with. */
  presetData(settings: Partial<DataSettingsView>): void {
    this.commands.presetData(settings);
  }

  /** Says for the whole room whether data stay in their tabs. */
  setPrivate(isPrivate: boolean): void {
    this.commands.setPrivate(isPrivate);
  }

  /** What a job with these options would run with on the data chosen here, or why it can't. */
  async defaults(job: string, options: Record<string, unknown>): Promise<JobView['defaults'] | { problem: string }> {
    try {
      return await this.commands.defaults(job, options);
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  start(request: StartRequest, extras: StartExtras): void {
    this.commands.start(request, extras);
  }

  stop(): void {
    this.commands.stop();
  }

  /** A checkpoint as one file, of now or the newest that is kept; in base64: bytes don't pass every driver. */
  async checkpoint(which: 'now' | 'kept' = 'now'): Promise<{ step: number; base64: string }> {
    const { step, bytes } = await this.commands.checkpoint(which);
    return { step, base64: base64Of(bytes) };
  }

  /** Goes on from a checkpoint's bytes, or from the one that this browser keeps. */
  resumeFrom(base64: string | null): void {
    if (base64 === null) return this.commands.resumeCheckpoint();
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    this.commands.loadFiles([new File([bytes], 'checkpoint.safetensors')]);
  }

  setRatio(ratio: RatioView): void {
    this.commands.setRatio(ratio);
  }

  setRatioAutomatic(isAutomatic: boolean): void {
    this.commands.setRatioAutomatic(isAutomatic);
  }

  pause(): void {
    this.commands.pause();
  }

  /** Makes this tab compute so many times slower, on purpose. */
  slowDown(factor: number): void {
    this.commands.slowDown(factor);
  }

  /** Makes every gradient of this tab take so many milliseconds at least: more workers than cores, for benchmarks. */
  computeFor(leastMs: number): Promise<void> {
    return this.workers.computeFor(leastMs);
  }

  /** Caps what this tab sends, and takes, in bytes per second; null lifts the cap. */
  setBandwidth(bytesPerSecond: number | null): void {
    this.commands.setBandwidth(bytesPerSecond);
  }

  /** What dense jobs compute with in this tab, from the next run on. */
  setDevice(device: DeviceWishView): void {
    this.commands.setDevice(device);
  }

  /** Hands over what this tab owns, then goes. */
  leave(): void {
    this.commands.leave();
  }

  /** Loses the connection to one node, as a broken network would. */
  cut(peer: NodeId): void {
    this.node.cut(peer);
  }

  mapLog(): readonly LoggedMap[] {
    return this.recorder.mapLog;
  }

  /** When this tab's worker was done with each step of the run. */
  stepLog(): Promise<readonly LoggedStep[]> {
    return this.workers.stepLog();
  }

  /** SHA-256 of all live parameters. */
  parametersHash(): Promise<string> {
    return this.workers.parametersHash();
  }

  /** The job's own figures of the whole model: objective, nonZeros. Empty where it has none. */
  modelFigures(): Promise<Record<string, number>> {
    return this.workers.figures();
  }

  /** Trains the current run again in one thread of this tab, and compares. */
  oracle(): Promise<{ maxAbsDiff: number; samplesPerSecond: number }> {
    return this.workers.oracle('shares');
  }
}

/** Bytes that become text at once: more arguments than this overflow the stack. */
const TEXT_BYTES = 0x8000;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += TEXT_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + TEXT_BYTES));
  }
  return btoa(text);
}

declare global {
  interface Window {
    pushpull: Automation;
  }
}
