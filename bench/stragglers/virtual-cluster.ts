// A cluster in virtual time that learns for real: the scheduler's, the shards' and the workers' own code and a real job's
// gradients, on a network and with compute times that are emulated. Four workers need no four cores, and a busy machine
// changes no figure.
import type { ClusterState, ControlMessage, Report, Request, RunPlan } from '../../src/protocol/control.ts';
import { decodeFrame, encodeFrame } from '../../src/protocol/frame-codec.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { type NodeId, nodeId } from '../../src/protocol/ids.ts';
import { joined } from '../../src/protocol/testing.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { SchedulerCore, type SchedulerEvent } from '../../src/ps/scheduler-core.ts';
import { ShardCore } from '../../src/ps/shard-core.ts';
import { reportOf } from '../../src/ps/testing.ts';
import { Random } from '../../src/random.ts';
import { Signal } from '../../src/runtime/deferred.ts';
import type { Emulate } from '../../src/runtime/emulation.ts';
import { shardPlanOf } from '../../src/runtime/shard-host.ts';
import { StepLog } from '../../src/runtime/step-log.ts';
import { TrainerRun } from '../../src/runtime/trainer-run.ts';
import { VirtualTime } from '../../src/sim/virtual-time.ts';
import type { LoneData } from '../filters/lone-cluster.ts';

/** As in a tab. */
const REPORT_MS = 250;

/** One way between two machines of one network, and what a link carries in a millisecond: as measured between tabs. */
const LATENCY_MS = 1;
const BYTES_PER_MS = 40_000;

/** Computations vary a little, as they do. */
const JITTER = 0.1;

export interface VirtualRequest {
  readonly plan: RunPlan;
  readonly data: LoneData;
  readonly consistency: Consistency;
  readonly isStalenessAware: boolean;
  readonly learningRate: number;
  /** Emulated milliseconds that each worker's gradient takes. */
  readonly computeMs: readonly number[];
  /** Looks at the parameters this often, in virtual milliseconds. @returns whether that is enough */
  readonly lookEveryMs: number;
  look(tables: readonly Float32Array[]): Promise<boolean>;
}

export interface VirtualResult {
  /** Virtual seconds until the look was enough; null where it never was. */
  readonly seconds: number | null;
  /** Share of the workers' time spent waiting for another, until then. */
  readonly waiting: number;
  /** Clocks that all workers, and that the first of them, had finished by then. */
  readonly floor: number;
  readonly front: number;
  /** The delay bound at the end; null for one that is none. */
  readonly delay: number | null;
}

/** Server and scheduler share a node, each worker has one of its own. */
const SERVER = nodeId(1);

export class VirtualCluster {
  private readonly time = new VirtualTime();
  private readonly scheduler = new SchedulerCore(SERVER, 1, [], null, null, 0);
  private readonly shard = new ShardCore(SERVER);
  private readonly trainers = new Map<NodeId, TrainerRun>();
  private readonly states = new Map<NodeId, ClusterState>();
  private readonly changed = new Signal();
  /** When each link's last byte is through. */
  private readonly busyUntil = new Map<string, number>();
  /** Computations that take real time: virtual time stands still meanwhile. */
  private underWay = 0;
  private readonly clocks = new Map<NodeId, number>();
  private readonly sums = { waitMs: 0, spanMs: 0 };
  private requests = 0;

  constructor(private readonly request: VirtualRequest) {}

  private get workers(): NodeId[] {
    return this.request.computeMs.map((_, at) => nodeId(at + 2));
  }

  /** Trains until the look is enough, or to the end of the run. */
  async run(): Promise<VirtualResult> {
    const { plan, consistency, learningRate, isStalenessAware } = this.request;
    this.tell({ kind: 'node', node: SERVER, label: 'server', role: 'server' });
    for (const node of this.workers) this.tell({ kind: 'node', node, label: `worker ${node}`, role: 'worker' });
    const start: Request = { ask: 'start', plan, consistency, learningRate, isStalenessAware };
    this.tell({ kind: 'request', from: SERVER, request: start });
    for (const node of [SERVER, ...this.workers]) this.reportEvery(node);
    await this.settle();
    let began: number | null = null;
    let lookAt = 0;
    for (;;) {
      if (began === null && this.scheduler.state.phase === 'running') [began, lookAt] = [this.time.now, this.time.now];
      if (began !== null && this.time.now >= lookAt) {
        lookAt += this.request.lookEveryMs;
        if (await this.request.look(this.tables())) return this.result((this.time.now - began) / 1000);
      }
      if (this.scheduler.state.phase === 'finished') return this.result(null);
      if (!this.time.step()) throw new Error('Nothing happens any more.');
      await this.settle();
    }
  }

  private result(seconds: number | null): VirtualResult {
    const clocks = this.workers.map((node) => this.clocks.get(node) ?? -1);
    const consistency = this.scheduler.state.schedule.at(-1)?.consistency;
    for (const trainer of this.trainers.values()) trainer.close();
    return {
      seconds,
      waiting: this.sums.waitMs / Math.max(1, this.sums.spanMs),
      floor: Math.min(...clocks) + 1,
      front: Math.max(...clocks) + 1,
      delay: consistency !== undefined && 'delay' in consistency ? consistency.delay : null,
    };
  }

  /** Until every promise that can go on has. Compiling and computing take real time. */
  private async settle(): Promise<void> {
    const isPreparing = () => [...this.trainers.values()].some(({ isPrepared, problem }) => !isPrepared && !problem);
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.underWay > 0 || isPreparing());
  }

  private tell(event: SchedulerEvent): void {
    for (const { message } of this.scheduler.step(event, this.time.now)) this.spread(message);
  }

  private spread(message: ControlMessage): void {
    if (message.kind !== 'cluster') return;
    for (const node of [SERVER, ...this.workers]) {
      this.time.after(node === SERVER ? 0 : LATENCY_MS, () => this.follow(node, message));
    }
  }

  private follow(node: NodeId, cluster: ClusterState): void {
    if (cluster.plan === null) return;
    this.states.set(node, cluster);
    if (node !== SERVER) {
      const trainer = this.trainers.get(node) ?? this.hire(node, cluster.plan);
      this.trainers.set(node, trainer);
      trainer.follow();
      return this.changed.notify();
    }
    for (const event of [
      { kind: 'plan', plan: shardPlanOf(cluster.plan) },
      { kind: 'schedule', schedule: cluster.schedule },
      { kind: 'map', map: cluster.map },
    ] as const) {
      this.answer(this.shard.step(event));
    }
  }

  private answer(effects: ReturnType<ShardCore['step']>): void {
    for (const { to, frame } of effects) {
      this.transmit(SERVER, to, frame, (received, bytes) => this.trainers.get(to)?.receive(SERVER, received, bytes));
    }
  }

  private transmit(from: NodeId, to: NodeId, frame: Frame, deliver: (frame: Frame, bytes: number) => void): number {
    const bytes = joined(encodeFrame(frame));
    const link = `${from} ${to}`;
    const through = Math.max(this.time.now, this.busyUntil.get(link) ?? 0) + bytes.length / BYTES_PER_MS;
    this.busyUntil.set(link, through);
    this.time.after(through - this.time.now + LATENCY_MS, () => deliver(decodeFrame(bytes), bytes.length));
    return bytes.length;
  }

  private hire(self: NodeId, plan: RunPlan): TrainerRun {
    const at = this.workers.indexOf(self);
    return new TrainerRun({
      self,
      plan,
      exchange: this.request.data.exchange,
      steps: new StepLog(() => this.time.now),
      cluster: () => this.states.get(self) ?? this.scheduler.state,
      changed: this.changed,
      onPrepared: () => undefined,
      own: () => null,
      send: (to, frame) =>
        this.transmit(self, to, frame, (received) =>
          this.answer(this.shard.step({ kind: 'frame', from: self, frame: received })),
        ),
      linked: () => [SERVER],
      pass: () => 0,
      peers: () => [],
      nextRequest: () => ++this.requests,
      now: () => this.time.now,
      emulate: this.emulate(this.request.computeMs[at] ?? 0, new Random(at + 1)),
    });
  }

  /** Computes for real while virtual time stands, then lets the time pass that it shall take. */
  private emulate(computeMs: number, random: Random): Emulate {
    return async (work) => {
      this.underWay++;
      const result = await work();
      const ms = computeMs * (1 + JITTER * (2 * random.unit() - 1));
      await new Promise<void>((resolve) => {
        this.time.after(ms, resolve);
        this.underWay--;
      });
      return result;
    };
  }

  private reportEvery(node: NodeId): void {
    this.time.after(REPORT_MS, () => {
      const report = this.report(node);
      this.time.after(LATENCY_MS, () => {
        this.tell({ kind: 'report', from: node, report });
        if (node === SERVER) this.tell({ kind: 'tick' });
      });
      this.reportEvery(node);
    });
  }

  private report(node: NodeId): Report {
    const run = this.scheduler.state.plan?.run ?? 0;
    const trainer = this.trainers.get(node);
    if (trainer === undefined) {
      return reportOf({ run, epoch: this.shard.epoch, settled: this.shard.settledSegments() });
    }
    if (trainer.problem !== null) throw new Error(trainer.problem);
    const { worker, ...rest } = trainer.report();
    if (worker !== null) this.clocks.set(node, worker.clock);
    if (worker !== null && !worker.isDone) {
      this.sums.waitMs += worker.waitMs;
      this.sums.spanMs += worker.spanMs;
    }
    return reportOf({ run, ...rest, worker, isPrepared: trainer.isPrepared });
  }

  /** The parameters as they are. */
  private tables(): readonly Float32Array[] {
    const { plan } = this.request;
    const parts = plan.tables.map(({ keys, width }) => new Float32Array(keys * width));
    for (const { segment } of this.shard.segments()) {
      const { table, start } = segment.range;
      parts[table]?.set(segment.read(null), start * (plan.tables[table]?.width ?? 1));
    }
    return parts;
  }
}
