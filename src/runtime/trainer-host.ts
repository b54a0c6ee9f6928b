// The trainer worker's inside: data, the current run, links to shards and to other trainers. Exposed to its page by
// Comlink. Reports several times a second; the page's own timers may be throttled, a worker's are not.

import { hashBlock } from '../data/blocks.ts';
import type { Block } from '../data/dataset.ts';
import type { LoadSettings } from '../data/file-format.ts';
import type { DeviceChoice, DeviceWish } from '../jobs/compute-device.ts';
import { findJob } from '../jobs/registry.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type {
  ClusterState,
  DataPlan,
  Report,
  RunHistory,
  RunPlan,
  Traffic,
  WorkerReport,
} from '../protocol/control.ts';
import type { Frame } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { JobView } from '../store/view.ts';
import { openBlockDisk } from './block-disk.ts';
import { BlockExchange, type Fetched } from './block-exchange.ts';
import { CheckpointKeeper, type KeptCheckpoint, type OpenedCheckpoint } from './checkpoint-keeper.ts';
import { type DatasetSummary, describeDataset } from './dataset-summary.ts';
import { Signal } from './deferred.ts';
import { type Egress, egressOf } from './egress.ts';
import { type Emulated, emulating } from './emulation.ts';
import { exportRun } from './export-run.ts';
import type { Endpoint } from './frame-link.ts';
import { ImageDecoder, toGrey } from './image-decoder.ts';
import { DATA_SEED, jobDefaults } from './job-views.ts';
import { LinkTable, type NodeBytes } from './link-table.ts';
import { moment } from './moments.ts';
import { type OracleBatches, trainOracle } from './oracle.ts';
import { type KeptData, type LoadOutcome, OwnData } from './own-data.ts';
import { type Agreement, agree, NoOwnData, openPrivateData } from './private-data.ts';
import { openRunData } from './run-data.ts';
import { makePlan, type PlanRequest } from './run-plan.ts';
import { splitPlan } from './splits.ts';
import { type ParametersSummary, parametersAsCuts, summariseParameters } from './start-parameters.ts';
import { type LoggedStep, StepLog } from './step-log.ts';
import { TrainerRun } from './trainer-run.ts';
import { TriedParameters } from './tried-parameters.ts';

/** Between two reports: fast enough to look live, slow enough to cost nothing. */
export const REPORT_INTERVAL_MS = 250;

/** Whose link it is, seen from a trainer. */
export type TrainerPeer = 'shard' | 'trainer';

/** A plan that suits this tab and those whose data fit its. */
export interface PrivatePlan {
  readonly plan: RunPlan;
  readonly unfit: Agreement['unfit'];
}

export interface TrainerReport {
  readonly run: number;
  readonly isPrepared: boolean;
  readonly problem: string | null;
  readonly divergedAt: number | null;
  readonly worker: WorkerReport | null;
  readonly acknowledged: number;
  readonly abandoned: number;
  readonly holdsAllBlocks: boolean;
  readonly cut: Report['cut'];
  readonly traffic: Traffic;
  readonly bytes: readonly NodeBytes[];
  readonly egress: Egress;
  readonly fetched: readonly Fetched[];
  /** Null before this tab has prepared for a run. */
  readonly device: DeviceChoice | null;
  readonly links: { webrtc: number; port: number };
  /** Nodes whose link has died and has not been replaced. */
  readonly broken: NodeId[];
}

/** There is no run whose parameters could be read. */
export class NoRun extends Error {
  override name = 'NoRun';
  constructor() {
    super('Nothing has been trained yet: start a run first.');
  }
}

const epochMs = (): number => performance.timeOrigin + performance.now();

export class TrainerHost {
  private self: NodeId | null = null;
  private cluster: ClusterState | null = null;
  private run: TrainerRun | null = null;
  private tried: TriedParameters | null = null;
  private requests = 0;
  private tellPage: () => void = () => undefined;
  private steps = new StepLog(epochMs);
  private computer: Emulated = { factor: 1, leastMs: 0 };
  private deviceWish: DeviceWish = 'auto';
  private readonly emulate = emulating(
    () => this.computer,
    () => performance.now(),
    (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  );
  private readonly changed = new Signal();
  private readonly exchange: BlockExchange;
  private readonly own: OwnData;
  private readonly checkpoints: CheckpointKeeper;
  private readonly links: Record<TrainerPeer, LinkTable>;

  constructor() {
    moment('trainer');
    this.links = {
      shard: new LinkTable({
        onFrame: (from, frame, bytes) => this.receive(from, frame, bytes),
        onUp: (node) => this.run?.setLink(node, true),
        onDown: (node) => this.run?.setLink(node, false),
      }),
      trainer: new LinkTable({
        onFrame: (from, frame, bytes) => this.receiveFromTrainer(from, frame, bytes),
        onUp: (node) => {
          this.exchange.notify();
          this.run?.setPeer(node, true);
        },
        onDown: (node) => this.run?.setPeer(node, false),
      }),
    };
    this.exchange = new BlockExchange(
      (to, frame) => this.links.trainer.send(to, frame),
      () => this.blockHolders(),
      openBlockDisk(),
    );
    this.own = new OwnData(
      this.exchange,
      () => this.cluster,
      () => this.run?.setOwnData(),
    );
    this.checkpoints = new CheckpointKeeper(this.exchange, (cut) => {
      if (this.self !== null) this.links.shard.send(this.self, cut);
    });
  }

  init(self: NodeId): void {
    this.self = self;
    this.checkpoints.self = self;
  }

  /** @param key of the room, for the browser's storage */
  openRoom(key: string): void {
    this.checkpoints.openRoom(key);
  }

  attach(peer: NodeId, role: TrainerPeer, endpoint: Endpoint): void {
    this.links[role].attach(peer, endpoint);
  }

  detach(peer: NodeId): void {
    for (const table of Object.values(this.links)) table.detach(peer, 'the node has gone');
  }

  setCluster(cluster: ClusterState): void {
    this.cluster = cluster;
    if (this.run?.run !== cluster.plan?.run) this.openRun(cluster);
    this.run?.follow();
    this.checkpoints.setCluster(cluster);
    this.exchange.notify();
    this.changed.notify();
  }

  /** Reports to the page from now on: steadily, and at once where somebody waits for the news. */
  reportTo(report: (report: TrainerReport) => void): void {
    this.tellPage = () => report(this.report());
    setInterval(this.tellPage, REPORT_INTERVAL_MS);
  }

  /** Reads dropped files into blocks. @throws BadDataFile, DataTooLarge, DamagedFile with a sentence for the user */
  loadFiles(
    files: readonly File[],
    job: string,
    settings: LoadSettings,
    onProgress: (label: string, fraction: number | null) => void,
  ): Promise<LoadOutcome> {
    return this.own.load(files, job, settings, onProgress);
  }

  cancelLoading(): void {
    this.own.cancel();
  }

  /** What this tab had before it was loaded again; null where it isn't there any more. */
  restoreData(kept: KeptData): Promise<DatasetSummary | null> {
    return this.own.restore(kept);
  }

  /** The data that a job makes for itself. */
  generateData(job: string, samples: { train: number; test: number } | null): DatasetSummary {
    const { generate, preload } = findJob(job);
    // While nobody waits: what fails here fails again, and is said, when a run is opened.
    preload?.().catch(() => undefined);
    const generator = generate(DATA_SEED, samples);
    const { train, test } = generator.blockSamples;
    const source = { kind: 'generated', seed: DATA_SEED, samples } as const;
    const plan: DataPlan = { name: generator.meta.name, train: splitPlan(train), test: splitPlan(test), source };
    return describeDataset(generator.meta, plan, generator.block('train', 0));
  }

  /** From what a person asked for to a run on `data`. @throws as `makePlan`; BlockNotFound where the data are gone */
  async plan(request: PlanRequest, data: DataPlan): Promise<RunPlan> {
    const { meta } = await openRunData(data, findJob(request.job), this.exchange);
    this.own.publish(data);
    return makePlan(request, meta, data);
  }

  /** What a job would run with on `data`. @throws UnknownJob, BadOptions; BlockNotFound where the data are gone */
  async defaults(job: string, options: Record<string, unknown>, data: DataPlan): Promise<JobView['defaults']> {
    const { meta } = await openRunData(data, findJob(job), this.exchange);
    return jobDefaults(job, options, meta);
  }

  /** A run in which data stay in their tabs. @throws ShapesDiffer, NoOwnData, and as `plan` */
  async planPrivately(request: PlanRequest): Promise<PrivatePlan> {
    const { manifest } = this.own;
    if (manifest === null || this.self === null || this.cluster === null) throw new NoOwnData();
    const { data, unfit } = agree(this.self, manifest, this.cluster.privacy);
    const { meta } = openPrivateData(data.source.shape, null, this.exchange);
    const samples = { train: data.train.samples, test: data.test.samples };
    return { plan: makePlan(request, { ...meta, name: data.name, samples }, data), unfit };
  }

  /** What the current run learns from, for tabs that didn't choose it. */
  async summary(): Promise<DatasetSummary> {
    const run = this.openedRun();
    const plan = this.cluster?.plan;
    if (plan == null) throw new NoRun();
    const first = plan.data.source.kind === 'private' ? null : await run.block('train', 0);
    return describeDataset(await run.meta(), plan.data, first);
  }

  predict(values: Float32Array): Promise<Float32Array> {
    const sample: Block = { kind: 'dense', count: 1, features: values.length, x: values, y: new Uint32Array(1) };
    return this.model().predict(sample);
  }

  /** A picture file as the current run's model would see it. @throws NoRun, BadImage */
  async readImage(file: Blob): Promise<Float32Array> {
    const model = this.model();
    const meta = model instanceof TriedParameters ? model.meta : await model.meta();
    if (meta.kind !== 'images') throw new NoRun();
    const [height = 1, width = 1, channels] = meta.shape;
    const pixels = await new ImageDecoder(width, height).decode(file);
    return Float32Array.from(channels === 1 ? toGrey(pixels) : pixels, (value) => value / 255);
  }

  /** What the current job's own pictures ask of its live parameters. @throws NoRun, CannotLook */
  look(request: unknown): Promise<unknown> {
    return this.model().look(request);
  }

  /** The live parameters as a file: safetensors, or one of the job's own. @throws NoRun, UnknownExport */
  async download(extension: string): Promise<Uint8Array> {
    const run = this.openedRun();
    const tables = await run.readTables();
    const plan = this.cluster?.plan;
    if (plan == null) throw new NoRun();
    return exportRun(extension, plan, await run.meta(), tables);
  }

  /** Keeps the newest complete checkpoint in this browser. @throws CheckpointFailure */
  saveCheckpoint(history: RunHistory): Promise<KeptCheckpoint | null> {
    return this.checkpoints.save(history, Date.now());
  }

  /** What this browser keeps of the room. */
  keptCheckpoint(): Promise<KeptCheckpoint | null> {
    return this.checkpoints.newest();
  }

  /** @throws CheckpointFailure */
  checkpointFile(): Promise<{ step: number; bytes: Uint8Array }> {
    return this.checkpoints.file();
  }

  /** Makes a checkpoint ready to go on from; null is the newest that this browser keeps. @throws CheckpointFailure */
  async openCheckpoint(file: File | null): Promise<OpenedCheckpoint> {
    const opened = await this.checkpoints.openCheckpoint(file);
    this.own.publish(opened.info.plan.data);
    return opened;
  }

  /** What a dropped file of parameters says of itself; null for a checkpoint. @throws UnfitParameters */
  async readParameters(file: File): Promise<ParametersSummary | null> {
    return summariseParameters(file.name, new Uint8Array(await file.arrayBuffer()));
  }

  /** From now on a file's model answers, until a run begins; null lets go of it. @throws UnfitParameters */
  async tryParameters(file: File | null): Promise<void> {
    const model = file && (await TriedParameters.open(file.name, new Uint8Array(await file.arrayBuffer())));
    this.tried?.dispose();
    this.tried = model;
  }

  /** What is asked about: a file's model where one is tried, else the run's. */
  private model(): TriedParameters | TrainerRun {
    return this.tried ?? this.openedRun();
  }

  /** Makes a file's parameters ready for a run to begin with. @returns parts for its plan @throws UnfitParameters */
  async holdParameters(file: File, plan: RunPlan): Promise<string[]> {
    return this.checkpoints.holdCuts(parametersAsCuts(file.name, new Uint8Array(await file.arrayBuffer()), plan));
  }

  /** SHA-256 of all parameters, tables in order. */
  async parametersHash(): Promise<string> {
    const tables = await this.openedRun().readTables();
    const all = new Uint8Array(tables.reduce((sum, values) => sum + values.byteLength, 0));
    let at = 0;
    for (const values of tables) {
      all.set(bytesOf(values), at);
      at += values.byteLength;
    }
    return hashBlock(all);
  }

  /** Extra figures that the job has of the whole model. */
  figures(): Promise<Record<string, number>> {
    return this.openedRun().figures();
  }

  /** Trains the current run again, alone, and compares. */
  async oracle(mode: OracleBatches): Promise<{ maxAbsDiff: number; samplesPerSecond: number }> {
    const run = this.openedRun();
    const { cluster } = this;
    if (cluster === null) throw new NoRun();
    const alone = await trainOracle(cluster, mode, this.exchange);
    const together = await run.readTables();
    return { maxAbsDiff: maxAbsDiff(alone.tables, together), samplesPerSecond: alone.samplesPerSecond };
  }

  /** Makes this tab compute so many times slower, on purpose; 1 is as fast as it can. */
  slowDown(factor: number): void {
    this.computer = { ...this.computer, factor };
  }

  /** Makes every gradient of this tab take so many milliseconds at least, on purpose. */
  computeFor(leastMs: number): void {
    this.computer = { ...this.computer, leastMs };
  }

  /** What dense jobs shall compute with in this tab, from the next run on. */
  wishDevice(device: DeviceWish): void {
    this.deviceWish = device;
  }

  /** When the steps of the current run were done. */
  stepLog(): readonly LoggedStep[] {
    return this.steps.all;
  }

  private report(): TrainerReport {
    const { shard, trainer } = this.links;
    const own = this.run?.report();
    return {
      run: this.run?.run ?? 0,
      isPrepared: this.run?.isPrepared ?? false,
      problem: this.run?.problem ?? this.checkpoints.problem,
      divergedAt: own?.divergedAt ?? null,
      worker: own?.worker ?? null,
      acknowledged: own?.acknowledged ?? 0,
      abandoned: own?.abandoned ?? 0,
      holdsAllBlocks: own?.holdsAllBlocks ?? false,
      cut: this.checkpoints.report(),
      traffic: own?.traffic ?? { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } },
      bytes: [...shard.bytes(), ...trainer.bytes()],
      egress: egressOf([shard.sentByKind, trainer.sentByKind], this.exchange.dataBytesSent),
      fetched: this.exchange.fetched,
      device: this.run?.device ?? null,
      links: shard.count(),
      broken: [...shard.broken(), ...trainer.broken()],
    };
  }

  /** What the shard of this tab cuts and asks for stays in the tab: nobody else may say so. */
  private receive(from: NodeId, frame: Frame, bytes: number): void {
    if (frame.kind !== 'cut' && frame.kind !== 'restore') this.run?.receive(from, frame, bytes);
    else if (from !== this.self) this.links.shard.detach(from, 'it sent what only a shard of this tab may');
    else if (frame.kind === 'cut') this.checkpoints.takeCut(frame);
    else this.checkpoints.takeRestore(frame);
  }

  private openRun(cluster: ClusterState): void {
    this.run?.close();
    this.run = null;
    this.own.forgetOthers();
    if (cluster.plan === null || this.self === null) return;
    void this.tryParameters(null);
    moment('run opened');
    this.steps = new StepLog(epochMs);
    this.run = new TrainerRun({
      self: this.self,
      plan: cluster.plan,
      exchange: this.exchange,
      own: () => this.own.manifest,
      cluster: () => this.cluster ?? cluster,
      changed: this.changed,
      send: (to, frame) => this.links.shard.send(to, frame),
      linked: () => this.links.shard.nodes(),
      pass: (to, frame) => this.links.trainer.send(to, frame),
      peers: () => this.links.trainer.nodes(),
      nextRequest: () => (this.requests = (this.requests + 1) >>> 0),
      now: () => performance.now(),
      emulate: this.emulate,
      deviceWish: () => this.deviceWish,
      steps: this.steps,
      onPrepared: () => this.tellPage(),
    });
  }

  private openedRun(): TrainerRun {
    if (this.run === null) throw new NoRun();
    return this.run;
  }

  private blockHolders(): NodeId[] {
    const holders = this.cluster?.holders ?? [];
    return this.links.trainer.nodes().sort((a, b) => Number(holders.includes(b)) - Number(holders.includes(a)));
  }

  private receiveFromTrainer(from: NodeId, frame: Frame, bytes: number): void {
    if (frame.kind === 'ringPush' || frame.kind === 'ringAnswer') this.run?.receiveRing(from, frame, bytes);
    else if (frame.kind === 'blockRequest' || frame.kind === 'blockAnswer') this.exchange.receive(from, frame);
  }
}

function maxAbsDiff(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let most = 0;
  a.forEach((values, table) => {
    values.forEach((value, at) => {
      most = Math.max(most, Math.abs(value - (b[table]?.[at] ?? Number.NaN)));
    });
  });
  return most;
}
