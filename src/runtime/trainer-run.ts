// One run in one tab's trainer worker: its data, its compiled trainer, its loop while the tab is a worker, and reads of
// the live parameters for whoever wants to look (predict, download, figures).
import type { Block, DatasetMeta, Manifest } from '../data/dataset.ts';
import { createOnDevice, type DeviceChoice, type DeviceWish, jaxDevices } from '../jobs/compute-device.ts';
import { leastRows } from '../jobs/dense-batches.ts';
import type { Evaluation, Job, TableValues, Trainer } from '../jobs/job.ts';
import { findJob } from '../jobs/registry.ts';
import type { ClusterState, Report, RunPlan, Traffic, WayBytes } from '../protocol/control.ts';
import type { Frame } from '../protocol/frames.ts';
import { NO_CLOCK, type NodeId, segmentKey } from '../protocol/ids.ts';
import type { RingFrame } from '../protocol/ring-frames.ts';
import { RingInbox } from '../ps/ring-inbox.ts';
import { type RingRule, ringRuleOf } from '../ps/ring-push.ts';
import { lossSpacing } from '../ps/spacing.ts';
import { cutSegments } from '../ps/table.ts';
import { Batches, type PickedBatch } from './batches.ts';
import type { BlockExchange } from './block-exchange.ts';
import { Abandoned, Client, type ClientTraffic } from './client.ts';
import type { Signal } from './deferred.ts';
import type { Emulate } from './emulation.ts';
import { gatherRows } from './gather-rows.ts';
import { moment } from './moments.ts';
import { openRunData, type RunData } from './run-data.ts';
import { RunFilters } from './run-filters.ts';
import { shardPlanOf } from './shard-host.ts';
import type { StepLog } from './step-log.ts';
import { TrainingLoop } from './training-loop.ts';
import { WorkerMeter } from './worker-meter.ts';

export interface RunParts {
  readonly self: NodeId;
  readonly plan: RunPlan;
  readonly exchange: BlockExchange;
  /** What this tab has read from files; null where that is nothing. */
  readonly own: () => Manifest | null;
  readonly cluster: () => ClusterState;
  readonly changed: Signal;
  readonly send: (to: NodeId, frame: Frame) => number;
  readonly linked: () => readonly NodeId[];
  /** The same to other trainers, and which of them can be reached. */
  readonly pass: (to: NodeId, frame: Frame) => number;
  readonly peers: () => readonly NodeId[];
  readonly nextRequest: () => number;
  readonly now: () => number;
  /** How long a gradient takes here, if not as long as it does. */
  readonly emulate: Emulate;
  /** Which compute device a person wants here; the fastest when absent. */
  readonly deviceWish?: () => DeviceWish;
  readonly steps: StepLog;
  /** The run waits for this tab: called once it is ready to train. */
  readonly onPrepared: () => void;
}

export type RunReport = Pick<
  Report,
  'worker' | 'acknowledged' | 'abandoned' | 'divergedAt' | 'holdsAllBlocks' | 'traffic'
>;

/** Data and compiled kernels of a run. */
interface Prepared {
  readonly data: RunData;
  readonly trainer: Trainer;
}

/** A job that has nothing to look at. */
export class CannotLook extends Error {
  override name = 'CannotLook';
  constructor(job: string) {
    super(`The job ${job} answers no questions about its parameters.`);
  }
}

/** A worker's identity in a map, as one number. */
type Incarnation = number;

export class TrainerRun {
  isPrepared = false;
  /** Opening data and compiling for training; looking at the data alone isn't that. */
  private isPreparing = false;
  /** Why this tab can't train; null while it can. */
  problem: string | null = null;
  private readonly job: Job;
  private readonly options: unknown;
  private readonly reader: Client;
  private readonly rule: RingRule | undefined;
  private readonly inbox = new RingInbox();
  private readonly segments: ReadonlySet<number>;
  private worker: { readonly client: Client; readonly incarnation: Incarnation } | null = null;
  private readonly meter: WorkerMeter;
  private preparing: Promise<Prepared> | null = null;
  private data: RunData | null = null;
  /** What it computes with; null before that is known. */
  device: DeviceChoice | null = null;
  private isClosed = false;
  private pastAcknowledged = 0;
  /** Pushes under way when this tab was taken off the map. */
  private abandoned = 0;
  private pastTraffic: Traffic = { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } };

  constructor(private readonly parts: RunParts) {
    this.job = findJob(parts.plan.job);
    this.options = this.job.options.parse(parts.plan.options);
    this.rule = ringRuleOf(shardPlanOf(parts.plan));
    this.segments = new Set(cutSegments(parts.plan.tables).map(({ table, segment }) => segmentKey(table, segment)));
    this.reader = this.openClient(0);
    this.meter = new WorkerMeter(lossSpacing(parts.plan), parts.now);
  }

  get run(): number {
    return this.parts.plan.run;
  }

  /** Follows the newest cluster state: prepares when given a lease, trains when in the map, stops when not. */
  follow(): void {
    const { self, cluster } = this.parts;
    const { leases, map } = cluster();
    this.reader.setMap(map);
    const incarnation = map.workers.find(({ node }) => node === self)?.incarnation ?? null;
    // Before it hears of the map: a worker that is not in it has nothing to say any more.
    if (this.worker !== null && this.worker.incarnation !== incarnation) this.stopWorking();
    this.worker?.client.setMap(map);
    if (leases.some(({ worker }) => worker === self)) this.prepareToTrain();
    if (this.worker === null && incarnation !== null && this.isPrepared) this.startWorking(incarnation);
  }

  setLink(node: NodeId, isUp: boolean): void {
    this.reader.setLink(node, isUp);
    this.worker?.client.setLink(node, isUp);
  }

  setPeer(node: NodeId, isUp: boolean): void {
    this.worker?.client.setPeer(node, isUp);
  }

  /** Takes what another trainer sent round a ring, also before this tab works. */
  receiveRing(from: NodeId, frame: RingFrame, bytes: number): void {
    if (this.worker !== null) this.worker.client.receive(from, frame, bytes);
    else if (this.rule !== undefined) this.inbox.keep(from, frame, this.segments);
  }

  receive(from: NodeId, frame: Frame, bytes: number): void {
    this.reader.receive(from, frame, bytes);
    this.worker?.client.receive(from, frame, bytes);
  }

  report(): RunReport {
    const isWorker = this.worker !== null;
    this.worker?.client.tick(this.parts.now());
    return {
      worker: isWorker ? this.meter.take(this.device?.used ?? '') : null,
      acknowledged: this.pastAcknowledged + (this.worker?.client.acknowledged ?? 0),
      abandoned: this.abandoned + (this.worker?.client.skipped ?? 0),
      divergedAt: this.meter.divergedAt,
      holdsAllBlocks: this.data?.holdsAll() ?? false,
      traffic: this.traffic(),
    };
  }

  private traffic(): Traffic {
    return sumTraffic(this.pastTraffic, this.worker?.client.traffic);
  }

  /** The live parameters, table by table. */
  async readTables(): Promise<readonly Float32Array[]> {
    const keys = this.parts.plan.tables.map(() => null);
    return (await this.reader.pull({ minClock: NO_CLOCK, keys }).done).tables;
  }

  async predict(sample: Block): Promise<Float32Array> {
    const { trainer } = await this.prepare();
    const keys = trainer.keysOf(sample);
    const { tables } = await this.reader.pull({ minClock: NO_CLOCK, keys }).done;
    return (await trainer.predict(withKeys(keys, tables), sample)).probabilities;
  }

  /** What the job's own pictures ask of the live parameters. @throws CannotLook */
  async look(request: unknown): Promise<unknown> {
    const { trainer, data } = await this.prepare();
    if (trainer.look === undefined) throw new CannotLook(this.job.name);
    const read = async (keys: readonly (Uint32Array | null)[]) =>
      withKeys(keys, (await this.reader.pull({ minClock: NO_CLOCK, keys }).done).tables);
    return trainer.look(request, read, (split, index) => data.block(split, index));
  }

  /** Figures of the whole model that the job defines, over all training data. */
  async figures(): Promise<Record<string, number>> {
    if (this.job.figures === undefined) return {};
    const { data, trainer } = await this.prepare();
    const tables = await this.readTables();
    const sum = { samples: 0, lossSum: 0, score: 0 };
    for (let index = 0; index < data.splits.train.blocks; index++) {
      addEvaluation(sum, await this.evaluateBlock(trainer, tables, await data.block('train', index)));
    }
    return this.job.figures(this.options, data.meta, tables, sum);
  }

  private evaluateBlock(trainer: Trainer, tables: readonly Float32Array[], block: Block): Promise<Evaluation> {
    const whole = tables.map((values) => ({ keys: null, values }));
    const keys = trainer.keysOf(block);
    return trainer.evaluate(keys.every((list) => list === null) ? whole : this.rowsOf(keys, tables), block);
  }

  private rowsOf(keys: readonly (Uint32Array | null)[], tables: readonly Float32Array[]): TableValues[] {
    return tables.map((values, table) => {
      const list = keys[table] ?? null;
      const width = this.parts.plan.tables[table]?.width ?? 1;
      return list === null ? { keys: null, values } : { keys: list, values: gatherRows(values, list, width) };
    });
  }

  /** What the data are, once this tab has them. */
  async meta(): Promise<DatasetMeta> {
    return (await this.prepare()).data.meta;
  }

  async block(split: 'train' | 'test', index: number): Promise<Block> {
    return (await this.prepare()).data.block(split, index);
  }

  /** Other files were read: a private run that couldn't use this tab's may do so now. */
  setOwnData(): void {
    if (this.parts.plan.data.source.kind !== 'private' || this.worker !== null) return;
    this.preparing?.then(({ trainer }) => trainer.dispose()).catch(() => undefined);
    this.preparing = null;
    this.isPrepared = false;
    this.problem = null;
    this.follow();
  }

  close(): void {
    this.isClosed = true;
    this.stopWorking();
    this.reader.close();
    this.preparing?.then(({ trainer }) => trainer.dispose()).catch(() => undefined);
  }

  /** Data opened and trainer made, once. A failure is tried again by the next who asks. */
  private prepare(): Promise<Prepared> {
    this.preparing ??= this.open().catch((error: unknown) => {
      this.preparing = null;
      throw error;
    });
    return this.preparing;
  }

  private async open(): Promise<Prepared> {
    const data = await openRunData(this.parts.plan.data, this.job, this.parts.exchange, this.parts.own());
    this.data = data;
    moment('data');
    const make = () => this.job.createTrainer(this.options, data.meta);
    const { now, deviceWish } = this.parts;
    const wish = deviceWish?.() ?? 'auto';
    const { trainer, choice } = await createOnDevice(jaxDevices, wish, make, await this.probe(data), now);
    this.device = choice;
    moment('library');
    return { data, trainer };
  }

  /** A step to measure devices by: on this tab's share of a batch, once it is known. */
  private async probe(data: RunData): Promise<((trainer: Trainer) => Promise<unknown>) | null> {
    const batch = await this.firstBatch(data);
    if (batch === null) return null;
    return (trainer) => trainer.gradient(this.zeroRows(trainer.keysOf(batch.block)), batch.block);
  }

  private prepareToTrain(): void {
    if (this.isPrepared || this.isPreparing) return;
    this.isPreparing = true;
    this.problem = null;
    this.prepare()
      .then((prepared) => this.warmUp(prepared))
      .then(() => {
        this.isPrepared = true;
        if (this.isClosed) return;
        this.follow();
        this.parts.onPrepared();
      })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.isPreparing = false;
      });
  }

  /**
   * Compiles by computing one gradient, so that nobody waits for that when the clocks run. In a run that goes on without
   * this tab its first step comes first: what an evaluation needs is compiled with the first one.
   */
  private async warmUp({ data, trainer }: Prepared): Promise<void> {
    const batch = await this.firstBatch(data);
    if (batch === null) return;
    await trainer.gradient(this.zeroRows(trainer.keysOf(batch.block)), batch.block);
    moment('compiled');
    if (this.isLate || data.splits.test.blocks === 0) return;
    const block = leastRows(await data.block('test', 0), trainer.rowsAtOnce);
    await trainer.evaluate(this.zeroRows(trainer.keysOf(block)), block);
  }

  /** Training goes on without this tab. */
  private get isLate(): boolean {
    return this.parts.cluster().phase !== 'preparing';
  }

  private async firstBatch(data: RunData): Promise<PickedBatch | null> {
    const { plan, cluster, self } = this.parts;
    const batches = new Batches(plan, data, self);
    if (this.isLate) batches.startAt(null);
    const batch = await batches.next(cluster());
    moment('batch');
    return batch;
  }

  private zeroRows(keys: readonly (Uint32Array | null)[]): TableValues[] {
    return this.parts.plan.tables.map((table, index) => ({
      keys: keys[index] ?? null,
      values: new Float32Array((keys[index]?.length ?? table.keys) * table.width),
    }));
  }

  private startWorking(incarnation: Incarnation): void {
    moment('admitted');
    const client = this.openClient(incarnation);
    this.worker = { client, incarnation };
    this.meter.isDone = false;
    this.work(client, incarnation).catch((error: unknown) => {
      if (!(error instanceof Abandoned)) this.fail(error);
    });
  }

  private async work(client: Client, incarnation: Incarnation): Promise<void> {
    const { self, plan, cluster, changed, emulate, steps } = this.parts;
    const { data, trainer } = await this.prepare();
    const batches = new Batches(plan, data, self);
    const isOver = () => this.isClosed || this.worker?.incarnation !== incarnation;
    const { meter } = this;
    const filters = new RunFilters(self, cluster);
    const loop = { self, plan, client, trainer, data, batches, meter, emulate };
    const parts = { ...loop, steps, filters, cluster, changed, isOver };
    await new TrainingLoop(parts).run();
  }

  private stopWorking(): void {
    if (this.worker === null) return;
    this.pastTraffic = sumTraffic(this.pastTraffic, this.worker.client.traffic);
    this.pastAcknowledged += this.worker.client.acknowledged;
    this.abandoned += this.worker.client.openPushes + this.worker.client.skipped;
    this.worker.client.close();
    this.worker = null;
    this.parts.changed.notify();
  }

  private fail(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
  }

  private openClient(incarnation: Incarnation): Client {
    const { self, plan, send, linked, cluster, nextRequest, pass, peers } = this.parts;
    const { rule, inbox } = this;
    // A reader asks for itself.
    const ring = rule === undefined || incarnation === 0 ? undefined : { rule, inbox, pass };
    const settings = { seed: plan.seed, l1: plan.updater.kind === 'ftrl' ? plan.updater.l1 : 0 };
    const id = { node: self, incarnation };
    const client = new Client(id, plan.run, plan.tables, send, nextRequest, settings, ring);
    for (const node of peers()) client.setPeer(node, true);
    client.setMap(cluster().map);
    for (const node of linked()) client.setLink(node, true);
    return client;
  }
}

const withKeys = (keys: readonly (Uint32Array | null)[], tables: readonly Float32Array[]): TableValues[] =>
  tables.map((values, table) => ({ keys: keys[table] ?? null, values }));

function addEvaluation(sum: { samples: number; lossSum: number; score: number }, part: Evaluation): void {
  sum.samples += part.samples;
  sum.lossSum += part.lossSum;
  sum.score += part.score;
}

function sumTraffic(a: Traffic, b: ClientTraffic | undefined): Traffic {
  if (b === undefined) return a;
  const stages = ['raw', 'wire', 'kept', 'values', 'places', 'keys', 'milliseconds'] as const;
  const add = (way: 'push' | 'pull'): WayBytes => {
    const sum: WayBytes = { raw: 0, wire: 0 };
    for (const stage of stages) sum[stage] = (a[way][stage] ?? 0) + (b[way][stage] ?? 0);
    return sum;
  };
  return { push: add('push'), pull: add('pull') };
}
