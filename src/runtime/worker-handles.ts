// The page's handles on its three workers. The only page-side importer of Comlink; between tabs there is none, because
// Comlink trusts its peer.

import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { LoadSettings } from '../data/file-format.ts';
import type { DeviceWish } from '../jobs/compute-device.ts';
import type { ClusterState, DataPlan, RunHistory, RunPlan } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { JobView } from '../store/view.ts';
import type { KeptCheckpoint, OpenedCheckpoint } from './checkpoint-keeper.ts';
import type { DatasetSummary } from './dataset-summary.ts';
import type { Endpoint } from './frame-link.ts';
import type { LinksHost } from './links-host.ts';
import type { OracleBatches } from './oracle.ts';
import type { KeptData, LoadOutcome } from './own-data.ts';
import type { PlanRequest } from './run-plan.ts';
import type { ShardHost, ShardPeer, ShardReport } from './shard-host.ts';
import type { ParametersSummary } from './start-parameters.ts';
import type { LoggedStep } from './step-log.ts';
import type { PrivatePlan, TrainerHost, TrainerPeer, TrainerReport } from './trainer-host.ts';

/** The page's view of its workers: everything it may ask of them. */
export class WorkerHandles {
  private readonly trainer: Remote<TrainerHost>;
  private readonly shard: Remote<ShardHost>;
  private readonly links: Remote<LinksHost>;

  constructor(
    private readonly trainerWorker: Worker,
    private readonly shardWorker: Worker,
    private readonly linksWorker: Worker,
  ) {
    this.trainer = wrap<TrainerHost>(trainerWorker);
    this.shard = wrap<ShardHost>(shardWorker);
    this.links = wrap<LinksHost>(linksWorker);
  }

  /** Names the node in both workers and joins its own trainer to its own shard. */
  async init(self: NodeId): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await Promise.all([this.trainer.init(self), this.shard.init(self)]);
    await this.trainer.attach(self, 'shard', transfer({ kind: 'local', port: port1 }, [port1]));
    await this.attachShard(self, 'trainer', { kind: 'local', port: port2 });
  }

  /** Hands an end of a connection over. A data channel must be handed over in the task that made it. */
  async attachTrainer(peer: NodeId, role: TrainerPeer, endpoint: Endpoint): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const joined = this.links.join(
      role === 'shard' ? peer : null,
      transfer(endpoint, [handleOf(endpoint)]),
      transfer(port1, [port1]),
    );
    await this.trainer.attach(peer, role, transfer({ kind: 'joined', port: port2 }, [port2]));
    await joined;
  }

  attachShard(peer: NodeId, role: ShardPeer, endpoint: Endpoint): Promise<void> {
    return this.shard.attach(peer, role, transfer(endpoint, [handleOf(endpoint)]));
  }

  async detach(peer: NodeId): Promise<void> {
    await Promise.all([this.trainer.detach(peer), this.shard.detach(peer)]);
  }

  async setCluster(cluster: ClusterState): Promise<void> {
    await Promise.all([this.shard.setCluster(cluster), this.trainer.setCluster(cluster)]);
  }

  async reportTo(
    report: (trainer: TrainerReport, shard: ShardReport, drains: readonly [NodeId, number][]) => void,
  ): Promise<void> {
    const all = async (trainer: TrainerReport) => {
      const [shard, drains] = await Promise.all([this.shard.report(), this.links.drains()]);
      report(trainer, shard, [...drains, ...shard.drains]);
    };
    await this.trainer.reportTo(proxy((trainer: TrainerReport) => void all(trainer)));
  }

  loadFiles(
    files: readonly File[],
    job: string,
    settings: LoadSettings,
    onProgress: (label: string, fraction: number | null) => void,
  ): Promise<LoadOutcome> {
    return this.trainer.loadFiles(files, job, settings, proxy(onProgress));
  }

  cancelLoading(): Promise<void> {
    return this.trainer.cancelLoading();
  }

  restoreData(kept: KeptData): Promise<DatasetSummary | null> {
    return this.trainer.restoreData(kept);
  }

  generateData(job: string, samples: { train: number; test: number } | null): Promise<DatasetSummary> {
    return this.trainer.generateData(job, samples);
  }

  planPrivately(request: PlanRequest): Promise<PrivatePlan> {
    return this.trainer.planPrivately(request);
  }

  defaults(job: string, options: Record<string, unknown>, data: DataPlan): Promise<JobView['defaults']> {
    return this.trainer.defaults(job, options, data);
  }

  plan(request: PlanRequest, data: DataPlan): Promise<RunPlan> {
    return this.trainer.plan(request, data);
  }

  summary(): Promise<DatasetSummary> {
    return this.trainer.summary();
  }

  predict(values: Float32Array): Promise<Float32Array> {
    return this.trainer.predict(values);
  }

  readImage(file: Blob): Promise<Float32Array> {
    return this.trainer.readImage(file);
  }

  look(request: unknown): Promise<unknown> {
    return this.trainer.look(request);
  }

  download(extension: string): Promise<Uint8Array> {
    return this.trainer.download(extension);
  }

  openRoom(key: string): Promise<void> {
    return this.trainer.openRoom(key);
  }

  saveCheckpoint(history: RunHistory): Promise<KeptCheckpoint | null> {
    return this.trainer.saveCheckpoint(history);
  }

  keptCheckpoint(): Promise<KeptCheckpoint | null> {
    return this.trainer.keptCheckpoint();
  }

  checkpointFile(): Promise<{ step: number; bytes: Uint8Array }> {
    return this.trainer.checkpointFile();
  }

  openCheckpoint(file: File | null): Promise<OpenedCheckpoint> {
    return this.trainer.openCheckpoint(file);
  }

  readParameters(file: File): Promise<ParametersSummary | null> {
    return this.trainer.readParameters(file);
  }

  tryParameters(file: File | null): Promise<void> {
    return this.trainer.tryParameters(file);
  }

  holdParameters(file: File, plan: RunPlan): Promise<string[]> {
    return this.trainer.holdParameters(file, plan);
  }

  parametersHash(): Promise<string> {
    return this.trainer.parametersHash();
  }

  figures(): Promise<Record<string, number>> {
    return this.trainer.figures();
  }

  oracle(mode: OracleBatches): Promise<{ maxAbsDiff: number; samplesPerSecond: number }> {
    return this.trainer.oracle(mode);
  }

  slowDown(factor: number): Promise<void> {
    return this.trainer.slowDown(factor);
  }

  computeFor(leastMs: number): Promise<void> {
    return this.trainer.computeFor(leastMs);
  }

  wishDevice(device: DeviceWish): Promise<void> {
    return this.trainer.wishDevice(device);
  }

  /** Caps, in bytes per second each way, of what the trainer and the shard exchange with other tabs; null is none. */
  async setBandwidth(trainer: number | null, shard: number | null): Promise<void> {
    await Promise.all([this.links.setBandwidth(trainer), this.shard.setBandwidth(shard)]);
  }

  stepLog(): Promise<readonly LoggedStep[]> {
    return this.trainer.stepLog();
  }

  close(): void {
    this.trainerWorker.terminate();
    this.shardWorker.terminate();
    this.linksWorker.terminate();
  }
}

const handleOf = (endpoint: Endpoint): Transferable => (endpoint.kind === 'channel' ? endpoint.channel : endpoint.port);
