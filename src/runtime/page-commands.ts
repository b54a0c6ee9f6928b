// What a person can ask of the page, carried out: the other half of the view state.
import type { RunPlan } from '../protocol/control.ts';
import { type Filters, parsePullFilters, parsePushFilters } from '../protocol/filters.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { LEAVE_TIMEOUT_MS } from '../ps/membership-core.ts';
import type { ViewStore } from '../store/store.ts';
import type {
  Commands,
  ConsistencyView,
  DataSettingsView,
  DeviceWishView,
  FiltersView,
  JobView,
  ProblemView,
  RatioView,
  RoleChoice,
  StartRequest,
} from '../store/view.ts';
import type { DatasetSummary } from './dataset-summary.ts';
import type { RoomNode } from './node.ts';
import { PageCheckpoints } from './page-checkpoints.ts';
import { PageData } from './page-data.ts';
import { PagePrivacy } from './page-privacy.ts';
import { localStepsFor, type PlanRequest } from './run-plan.ts';
import type { SessionMemory } from './session-memory.ts';
import type { ViewWriter } from './view-writer.ts';
import type { WorkerHandles } from './worker-handles.ts';

const LEAVE_POLL_MS = 50;

/** Extra settings that scripts may give and the page's panel doesn't have. */
export interface StartExtras {
  readonly options?: Record<string, unknown>;
  /** Clocks between evaluations; chosen when absent. */
  readonly evaluateEvery?: number;
}

export class PageCommands implements Commands {
  private readonly data: PageData;
  private readonly checkpoints: PageCheckpoints;
  private readonly privacy: PagePrivacy;
  /** What the next run of its job begins with. */
  private startFrom: { readonly file: File; readonly options: Record<string, unknown> } | null = null;

  constructor(
    private readonly store: ViewStore,
    private readonly node: RoomNode,
    private readonly workers: WorkerHandles,
    private readonly view: ViewWriter,
    memory: SessionMemory,
  ) {
    this.checkpoints = new PageCheckpoints(store, workers, view, (request) => node.request(request));
    this.privacy = new PagePrivacy(store, (request) => node.request(request));
    const complain = (...words: Parameters<PageCommands['complain']>) => this.complain(...words);
    this.data = new PageData(store, workers, view, memory, complain, ({ offer, whyNotPrivate }) => {
      this.privacy.setOffer(offer);
      store.setState({ privacy: { ...store.getState().privacy, whyNot: whyNotPrivate } });
    });
    void this.data.begin();
    store.subscribe(({ run, dataset }, before) => {
      if (run?.phase !== 'running' || before.run?.phase === 'running') return;
      store.setState({ trying: null });
      if (run.data !== dataset?.name) void this.data.follow(run);
    });
  }

  chooseJob(name: string): void {
    this.store.setState({ job: name });
    this.data.fit(name);
  }

  generateData(samples: { train: number; test: number } | null = null): void {
    this.data.generate(samples);
  }

  loadFiles(files: readonly File[] | Promise<readonly File[]>): void {
    Promise.resolve(files).then(
      (all) => this.takeFiles(all),
      (error: unknown) => this.complain(messageOf(error), 'The data chosen before are kept.'),
    );
  }

  private takeFiles(files: readonly File[]): void {
    const [first] = files;
    if (first === undefined) return;
    if (files.length === 1 && first.name.endsWith('.safetensors')) {
      return this.task('Reading the parameters', this.takeParameters(first), WHERE_FROM);
    }
    this.data.read(files);
  }

  correctData(settings: Partial<DataSettingsView>): void {
    this.data.correct(settings);
  }

  /** For scripts: what the next files are read with. */
  presetData(settings: Partial<DataSettingsView>): void {
    this.data.presetSettings(settings);
  }

  cancelLoading(): void {
    this.data.cancel();
  }

  /** A checkpoint goes on at once; parameters alone are what the next run begins with. */
  private async takeParameters(file: File): Promise<void> {
    const summary = await this.workers.readParameters(file);
    if (summary === null) return this.checkpoints.resume(file);
    const { job, title, options, parameters } = summary;
    this.startFrom = { file, options };
    this.store.setState({ startFrom: { file: file.name, job, title, parameters }, trying: null });
    this.chooseJob(job);
  }

  dropStartParameters(): void {
    this.startFrom = null;
    this.store.setState({ startFrom: null, trying: null });
    void this.workers.tryParameters(null);
  }

  tryParameters(): void {
    const { startFrom } = this.store.getState();
    const file = this.startFrom?.file;
    if (file === undefined || startFrom === null) return;
    const open = async () => {
      await this.workers.tryParameters(file);
      this.store.setState({ trying: { job: startFrom.job, file: file.name } });
    };
    this.task('Opening the model', open(), WHERE_FROM);
  }

  /** @throws UnfitParameters */
  private async beginWith(file: File, plan: RunPlan, schedule: NonNullable<RunPlan['from']>['schedule']) {
    const parts = await this.workers.holdParameters(file, plan);
    this.view.note('info', `Begins with the parameters of ${file.name}.`);
    return { ...plan, from: { clock: NO_CLOCK, parts, schedule } };
  }

  /** What a job would run with on the data chosen here. @throws BadOptions */
  async defaults(job: string, options: Record<string, unknown>): Promise<JobView['defaults']> {
    if (this.data.current === null) throw new DataNotReady();
    return this.workers.defaults(job, options, this.data.current.plan);
  }

  start(request: StartRequest, extras: StartExtras = {}): void {
    const data = this.data.current;
    const { options = {}, evaluateEvery } = extras;
    if (data === null) return this.complain('The data are not ready yet.', 'Wait a moment and start again.');
    void this.attempt(async () => {
      const startedAt = this.checkpoints.nextStart();
      const checkpoint = request.checkpoints;
      const { startFrom } = this;
      const given = this.store.getState().startFrom?.job === request.job ? startFrom : null;
      const wish = { ...request, options: { ...given?.options, ...options }, evaluateEvery, checkpoint, startedAt };
      const fresh = await this.plan(wish, data);
      const { consistency, learningRate, isStalenessAware = false } = request;
      const filters = filtersOf(request.filters ?? { kind: 'off' });
      const localSteps = localStepsFor(fresh, request.localSteps);
      const schedule = [{ fromClock: 0, consistency, learningRate, filters, localSteps, isStalenessAware }];
      const plan = given === null ? fresh : await this.beginWith(given.file, fresh, schedule);
      if (given !== null) this.dropStartParameters();
      this.node.request({ ask: 'start', plan, consistency, learningRate, filters, localSteps, isStalenessAware });
    });
  }

  private async plan(wish: PlanRequest, data: DatasetSummary): Promise<RunPlan> {
    if (!this.store.getState().privacy.isPrivate) return this.workers.plan(wish, data.plan);
    if (data.offer === null)
      throw new NotPrivate(data.whyNotPrivate ?? 'In this room each tab trains on its own files: drop yours first.');
    const { plan, unfit } = await this.workers.planPrivately(wish);
    for (const { node, reason } of unfit) this.view.note('warning', `Node ${node} can't take part. ${reason}`);
    return plan;
  }

  setPrivate(isPrivate: boolean): void {
    this.privacy.choose(isPrivate);
  }

  pause(): void {
    this.node.request({ ask: 'pause' });
  }

  resume(): void {
    this.node.request({ ask: 'resume' });
  }

  stop(): void {
    this.node.request({ ask: 'stop' });
  }

  setConsistency(consistency: ConsistencyView): void {
    this.node.request({ ask: 'consistency', consistency });
  }

  setLearningRate(learningRate: number): void {
    this.node.request({ ask: 'learning-rate', learningRate });
  }

  setStalenessAware(isStalenessAware: boolean): void {
    this.node.request({ ask: 'staleness-aware', isStalenessAware });
  }

  slowDown(factor: number): void {
    this.store.setState({ slowdown: factor });
    void this.workers.slowDown(factor);
  }

  setBandwidth(bytesPerSecond: number | null): void {
    this.store.setState({ bandwidth: bytesPerSecond });
    this.node.setBandwidth(bytesPerSecond);
  }

  setDevice(device: DeviceWishView): void {
    this.store.setState(({ device: { choice } }) => ({ device: { wish: device, choice } }));
    void this.workers.wishDevice(device);
  }

  setFilters(filters: FiltersView): void {
    void this.attempt(() => this.node.request({ ask: 'filters', filters: filtersOf(filters) }));
  }

  setRole(role: RoleChoice): void {
    this.store.setState({ role });
    this.node.request({ ask: 'role', role });
  }

  setRatio(ratio: RatioView): void {
    this.node.request({ ask: 'ratio', ratio });
  }

  setRatioAutomatic(isAutomatic: boolean): void {
    this.node.request({ ask: 'automatic-ratio', isAutomatic });
  }

  download(extension = 'safetensors'): void {
    const save = async () => {
      const name = this.store.getState().run?.job ?? 'parameters';
      saveFile(await this.workers.download(extension), `${name}.${extension}`);
    };
    this.task('Collecting parameters', save(), 'Start a run first, or wait until its servers are back.');
  }

  resumeCheckpoint(): void {
    this.task('Opening the checkpoint', this.checkpoints.resume(null), WHERE_FROM);
  }

  downloadCheckpoint(): void {
    const save = async () => {
      const { step, bytes } = await this.checkpoints.take();
      saveFile(bytes, `checkpoint-step-${step}.safetensors`);
    };
    this.task('Taking a checkpoint', save(), 'Start a run first, or wait until its servers are back.');
  }

  /** A checkpoint of now, as far as one can be had, or the newest that is kept. */
  checkpoint(which: 'now' | 'kept'): Promise<{ step: number; bytes: Uint8Array }> {
    return which === 'now' ? this.checkpoints.take() : this.checkpoints.newest();
  }

  /** Shows that something is being done, and what went wrong. */
  private task(label: string, work: Promise<unknown>, advice: string): void {
    this.store.setState({ progress: { label, fraction: null }, problem: null });
    work
      .catch((error: unknown) => this.complain(messageOf(error), advice))
      .finally(() => this.store.setState({ progress: null }));
  }

  predict(image: Float32Array): Promise<Float32Array> {
    return this.workers.predict(image);
  }

  readImage(file: Blob): Promise<Float32Array> {
    return this.workers.readImage(file);
  }

  look(request: unknown): Promise<unknown> {
    return this.workers.look(request);
  }

  leave(): void {
    this.store.setState({ connection: { phase: 'leaving' } });
    this.node.request({ ask: 'leave' });
    const start = performance.now();
    const poll = setInterval(() => {
      if (this.node.isNeeded && performance.now() - start < LEAVE_TIMEOUT_MS) return;
      clearInterval(poll);
      this.node.leave();
      this.end('left');
    }, LEAVE_POLL_MS);
  }

  kill(): void {
    this.node.crash();
    this.end('killed');
  }

  dismissProblem(): void {
    this.store.setState({ problem: null });
  }

  /** Nothing more comes from the room: what was under way is dropped. */
  private end(phase: 'left' | 'killed'): void {
    this.data.end();
    this.store.setState({ connection: { phase }, nodes: [], progress: null, problem: null });
  }

  private async attempt(action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.complain(messageOf(error), 'Change the settings and start again.');
    }
  }

  private complain(text: string, advice: string, action?: ProblemView['action']): void {
    this.store.setState({ problem: { text, advice, ...(action && { action }) } });
    this.view.note('error', text);
  }
}

/** Data are still being read or made. */
class DataNotReady extends Error {
  override name = 'DataNotReady';
  constructor() {
    super('The data are not ready yet.');
  }
}

/** Data that are chosen here can't be trained on privately. */
class NotPrivate extends Error {
  override name = 'NotPrivate';
}

const WHERE_FROM = 'What was here is kept. Try another file, or start anew.';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function saveFile(bytes: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** @throws BadFilter with a sentence for the user */
function filtersOf(wish: FiltersView): Filters {
  if (wish.kind !== 'fixed') return wish;
  return { kind: 'fixed', push: parsePushFilters(wish.push), pull: parsePullFilters(wish.pull) };
}
