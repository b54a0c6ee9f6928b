// A tab in virtual time: the same NodeCore, ShardCore and ClientCore as in a browser, joined by a virtual network.
import type { ClusterState, ControlMessage, RoleChoice } from '../protocol/control.ts';
import { decodeFrame, encodeFrame } from '../protocol/frame-codec.ts';
import type { Answer, FilteredAnswer, Frame } from '../protocol/frames.ts';
import { NO_CLOCK, type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import { newestNode } from '../ps/cluster-map.ts';
import type { Schedule, ScheduleEntry } from '../ps/consistency.ts';
import { PROBE_TIMEOUT_MS } from '../ps/membership-core.ts';
import { NodeCore, type NodeEffect, type NodeEvent, type OwnReport } from '../ps/node-core.ts';
import { RingInbox } from '../ps/ring-inbox.ts';
import { ringRuleOf } from '../ps/ring-push.ts';
import type { Rows } from '../ps/segment.ts';
import { ShardCore, type ShardEvent } from '../ps/shard-core.ts';
import { DENSE_TABLE } from './counting-job.ts';
import { CONTROL_LANE, type Network } from './network.ts';
import type { SignalingLine } from './signaling.ts';
import { type SimCheckpoint, SimCuts } from './sim-checkpoints.ts';
import { SimWorker } from './sim-worker.ts';
import { Standstill } from './standstill.ts';
import type { VirtualTime } from './virtual-time.ts';

/** As in the page: reports drive everything that needs time. */
const REPORT_INTERVAL_MS = 250;

/** From a lease to a worker that is ready: data fetched, kernels compiled. */
const PREPARE_MS = 300;

/** A round trip inside a tab, from worker to worker. */
const LOCAL_MS = 0.05;

/** A control message's size on the wire, about: what it is exactly changes nothing. */
const CONTROL_BYTES = 2_000;

/** These stay in the order in which they were sent: on a real link they have one priority (`runtime/frame-link.ts`). */
const COPIES: ReadonlySet<Frame['kind']> = new Set(['update', 'codedUpdate', 'snapshot']);

/** The simulator's plans have few segments, and nobody invents others. */
const ANY = { has: () => true };

/** Clocks of the longest rounds that are drawn. */
const LONGEST_ROUND = 8;

/** Of messages that were measured: a broadcast is one message. */
const SIZES = new WeakMap<ControlMessage, number>();

export interface NodeSite {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly isSlow: boolean;
  /** What a resumed run goes on from. */
  readonly from: SimCheckpoint | null;
  computeMs(): number;
  rows(worker: WorkerId, clock: number, covers: number): readonly Rows[];
  samplesOf(clocks: number): number;
  onStart(worker: WorkerId, clock: number, required: number, floor: number): void;
  /** An answer leaves the shard, of the dense table as it is now. */
  onAnswer(worker: NodeId, answer: Answer | FilteredAnswer, values: Float32Array): void;
  onRead(worker: NodeId, answer: Answer | FilteredAnswer, values: Float32Array): void;
  /** A push's acknowledgement leaves the shard. */
  onAcknowledge(frame: Frame & { kind: 'ack' }): void;
  onCluster(node: NodeId, cluster: ClusterState): void;
  nodeOf(node: NodeId): SimNode | undefined;
  trace(line: string): void;
  /** Are control messages to be measured, instead of taken for average ones? */
  readonly isMeasured: boolean;
  /** How far this node's clock is off. */
  readonly skewMs: number;
}

export class SimNode {
  readonly core: NodeCore;
  readonly shard: ShardCore;
  worker: SimWorker | null = null;
  isAlive = true;
  /** All of the tab stands still. */
  readonly frozen: Standstill;
  /** Its page does, with all that reaches it: the tab's workers go on, by what they know. */
  readonly busy: Standstill;
  /** Computes slower until then. */
  slowUntil = 0;
  private incarnation = 0;
  private pastSkipped = 0;
  private preparedRun = 0;
  private preparing = 0;
  private requests = 0;
  /** The newest schedule that it has heard of, and where what it did by older ones ends. */
  private heard: Schedule = [];
  private lateUpTo = NO_CLOCK;
  private readonly links = new Set<NodeId>();
  readonly cuts = new SimCuts();
  private readonly ringInbox = new RingInbox();

  constructor(
    readonly self: NodeId,
    role: RoleChoice,
    readonly line: SignalingLine,
    private readonly site: NodeSite,
  ) {
    this.frozen = new Standstill(site.time);
    this.busy = new Standstill(site.time);
    this.core = new NodeCore(self, `virtual ${self}`, role);
    this.shard = new ShardCore(self);
    this.links.add(self);
    this.scheduleReport();
  }

  get isStill(): boolean {
    return this.frozen.isOn || this.busy.isOn;
  }

  /** Runs something in this tab's workers: at once, or when it thaws, in order. */
  on(run: () => void): void {
    this.frozen.pass(() => {
      if (this.isAlive) run();
    });
  }

  /** The same on its page. */
  onPage(run: () => void): void {
    this.on(() =>
      this.busy.pass(() => {
        if (this.isAlive) run();
      }),
    );
  }

  linkUp(peer: NodeId): void {
    this.links.add(peer);
    this.stepShard({ kind: 'link', node: peer });
    this.worker?.step({ kind: 'link', node: peer, isUp: true });
    this.worker?.step({ kind: 'peer', node: peer, isUp: true });
    this.step({ kind: 'connected', node: peer });
  }

  linkDown(peer: NodeId): void {
    this.links.delete(peer);
    this.worker?.step({ kind: 'link', node: peer, isUp: false });
    this.worker?.step({ kind: 'peer', node: peer, isUp: false });
    this.step({ kind: 'disconnected', node: peer });
  }

  step(event: NodeEvent): void {
    for (const effect of this.core.step(event, this.site.time.now + this.site.skewMs)) this.perform(effect);
  }

  private perform(effect: NodeEffect): void {
    const { network, time } = this.site;
    switch (effect.kind) {
      case 'send':
        this.transmit(effect.to, CONTROL_LANE, this.sizeOf(effect.message), (peer) =>
          peer.step({ kind: 'control', from: this.self, message: effect.message }),
        );
        break;
      case 'connect':
        network.connect(this.self, effect.node);
        break;
      case 'rebuild':
        this.site.trace(`${this.self} makes a new connection to ${effect.node}`);
        network.cut(this.self, effect.node);
        break;
      case 'gone':
        this.site.trace(`${this.self} takes ${effect.node} for gone: ${effect.reason}`);
        network.cut(this.self, effect.node);
        break;
      case 'cluster':
        this.follow(effect.cluster);
        break;
      case 'wake':
        time.after(PROBE_TIMEOUT_MS + 1, () => this.onPage(() => this.step({ kind: 'tick' })));
        break;
      case 'hello':
      case 'metrics':
      case 'denied':
      case 'incompatible':
        break;
      default:
        effect satisfies never;
    }
  }

  private sizeOf(message: ControlMessage): number {
    if (!this.site.isMeasured) return CONTROL_BYTES;
    const known = SIZES.get(message) ?? JSON.stringify(message).length;
    SIZES.set(message, known);
    return known;
  }

  private follow(cluster: ClusterState): void {
    this.site.onCluster(this.self, cluster);
    this.line.client.hear(newestNode(cluster.map, cluster.scheduler), cluster.scheduler, cluster.term);
    const { plan, map, schedule, leases } = cluster;
    if (plan === null) return;
    this.noteLateness(schedule);
    const { run, tables, seed, updater, aggregator, reduce, hasBackups, batch, steps, from } = plan;
    this.stepShard({
      kind: 'plan',
      plan: { run, tables, seed, updater, aggregator, reduce, hasBackups, batch, steps, isResumed: from !== null },
    });
    this.stepShard({ kind: 'schedule', schedule });
    this.stepShard({ kind: 'map', map });
    this.stepShard({ kind: 'cut', clock: cluster.checkpoint.cutAt });
    if (leases.some(({ worker }) => worker === this.self) && this.preparing !== run) {
      this.preparing = run;
      this.site.time.after(PREPARE_MS, () => this.onPage(() => this.prepared(run)));
    }
    this.work(cluster);
  }

  /** Remembers until which clock this node's worker may go by an older schedule than others do. */
  private noteLateness(schedule: Schedule): void {
    const begun = this.worker?.begun ?? NO_CLOCK;
    const isLate = schedule.some((entry) => entry.fromClock <= begun && !this.hasHeard(entry));
    this.heard = schedule;
    if (isLate) this.lateUpTo = begun + LONGEST_ROUND;
  }

  /** May others meet a `clock` of this node's worker that follows an older schedule than `newest`? */
  isLateFor(clock: number, newest: Schedule): boolean {
    if (this.worker === null) return false;
    return clock <= this.lateUpTo || !newest.every((entry) => this.hasHeard(entry));
  }

  private hasHeard(entry: ScheduleEntry): boolean {
    return this.heard.some((known) => known === entry || JSON.stringify(known) === JSON.stringify(entry));
  }

  private prepared(run: number): void {
    this.preparedRun = run;
    const cluster = this.core.newest;
    if (cluster !== null) this.work(cluster);
  }

  /** Starts, stops or goes on working, as the map says. */
  private work(cluster: ClusterState): void {
    const { plan, map } = cluster;
    const incarnation = map.workers.find(({ node }) => node === this.self)?.incarnation ?? 0;
    if (incarnation !== this.incarnation) {
      this.pastSkipped = this.skippedPushes;
      this.worker?.end();
      this.worker = null;
      this.incarnation = 0;
    }
    if (plan !== null && this.worker === null && incarnation !== 0 && this.preparedRun === plan.run) {
      this.incarnation = incarnation;
      this.worker = this.hire({ node: this.self, incarnation }, cluster);
      for (const node of this.links) this.worker.step({ kind: 'peer', node, isUp: true });
      this.worker.step({ kind: 'map', map });
      for (const node of this.links) this.worker.step({ kind: 'link', node, isUp: true });
      this.worker.start();
    } else this.worker?.step({ kind: 'map', map });
    this.worker?.proceed();
  }

  private hire(self: WorkerId, { plan }: ClusterState): SimWorker {
    const { site } = this;
    const rule = plan === null ? undefined : ringRuleOf(plan);
    return new SimWorker({
      self,
      run: plan?.run ?? 0,
      steps: plan?.steps ?? 0,
      tables: plan?.tables ?? [],
      cluster: () => {
        const newest = this.core.newest;
        if (newest === null) throw new Error('a worker without a cluster');
        return newest;
      },
      send: (to, frame) => this.sendFrame(to, 'shard', frame),
      rows: site.rows,
      samplesOf: site.samplesOf,
      computeMs: site.computeMs,
      now: () => site.time.now,
      after: (delayMs, run) => site.time.after(delayMs, () => this.on(run)),
      onStart: (clock, required, floor) => site.onStart(self, clock, required, floor),
      onRead: (answer, values) => site.onRead(self.node, answer, values),
      nextRequest: () => ++this.requests,
      ring: rule === undefined ? undefined : { rule, inbox: this.ringInbox },
      pass: (to, frame) => this.sendFrame(to, 'trainer', frame),
    });
  }

  private stepShard(event: ShardEvent): void {
    for (const { to, role, frame } of this.shard.step(event)) {
      if (frame.kind === 'ack') this.site.onAcknowledge(frame);
      if (frame.kind === 'answer' || frame.kind === 'filteredAnswer') this.noteAnswer(to, frame);
      if (frame.kind === 'cut') this.cuts.keep(frame);
      else if (frame.kind === 'restore') this.restore(frame);
      else this.sendFrame(to, role, frame);
    }
  }

  /** Unless the segment has gone on meanwhile: one step of a shard may answer, apply and answer again. */
  private noteAnswer(to: NodeId, answer: Answer | FilteredAnswer): void {
    if (answer.table !== DENSE_TABLE) return;
    const dense = this.shard.segments().find(({ segment }) => segment.range.table === DENSE_TABLE)?.segment;
    if (dense?.version === answer.version) this.site.onAnswer(to, answer, dense.read(null));
  }

  /** As the trainer of the tab would: finds the segment's state, after a while, and brings it. */
  private restore({ run, table, segment }: Frame & { kind: 'restore' }): void {
    const cut = this.site.from?.cuts.get(segmentKey(table, segment));
    if (cut === undefined) throw new Error('a segment that the checkpoint does not have');
    const bytes = join(encodeFrame({ ...cut, run }));
    this.site.time.after(this.site.computeMs(), () =>
      this.on(() => this.stepShard({ kind: 'frame', from: this.self, frame: decodeFrame(bytes) })),
    );
  }

  /** Frames travel as bytes, as they do for real. */
  private sendFrame(to: NodeId, role: 'trainer' | 'shard', frame: Frame): void {
    const bytes = join(encodeFrame(frame));
    const lane = `${role} ${COPIES.has(frame.kind) ? 'copy' : frame.kind}`;
    this.transmit(to, lane, bytes.byteLength, (peer) => {
      const received = decodeFrame(bytes);
      if (role === 'shard') peer.stepShard({ kind: 'frame', from: this.self, frame: received });
      else peer.takeAsTrainer(this.self, received);
    });
  }

  /** What goes round a ring is kept until this node works. */
  takeAsTrainer(from: NodeId, frame: Frame): void {
    if (this.worker !== null) this.worker.step({ kind: 'frame', from, frame });
    else if (frame.kind === 'ringPush' || frame.kind === 'ringAnswer') this.ringInbox.keep(from, frame, ANY);
  }

  private transmit(to: NodeId, lane: string, bytes: number, deliver: (peer: SimNode) => void): void {
    const where = lane === CONTROL_LANE ? 'onPage' : 'on';
    if (to === this.self) this.site.time.after(LOCAL_MS, () => this[where](() => deliver(this)));
    else
      this.site.network.send(this.self, to, lane, bytes, () => {
        const peer = this.site.nodeOf(to);
        peer?.[where](() => deliver(peer));
      });
  }

  private scheduleReport(): void {
    this.site.time.after(REPORT_INTERVAL_MS, () => {
      if (!this.isAlive) return;
      this.onPage(() => {
        this.worker?.step({ kind: 'tick', now: this.site.time.now });
        this.step({ kind: 'report', report: this.report(), broken: this.site.network.deadBulk(this.self) });
        this.scheduleReport();
      });
    });
  }

  /** Pushes that its workers left to others. */
  get skippedPushes(): number {
    return this.pastSkipped + (this.worker?.skippedPushes ?? 0);
  }

  private report(): OwnReport {
    const run = this.core.newest?.plan?.run ?? 0;
    const { worker } = this;
    const figures = this.shard.counters.figures();
    return {
      kind: 'report',
      run,
      isPrepared: this.preparedRun === run,
      holdsAllBlocks: false,
      problem: null,
      divergedAt: null,
      worker:
        worker === null
          ? null
          : {
              clock: worker.finishedClock,
              samples: Math.max(0, worker.finishedClock + 1),
              losses: [],
              evaluations: [],
              ...worker.takeTimes(),
              spanMs: REPORT_INTERVAL_MS,
              sinceClockMs: 0,
              isDone: worker.isDone,
              device: 'virtual',
            },
      acknowledged: worker?.acknowledged ?? 0,
      abandoned: this.skippedPushes,
      shard: {
        ...figures,
        pushes: this.shard.pushes(),
        refused: [...figures.refused],
        workers: [...figures.workers],
      },
      epoch: this.shard.epoch,
      settled: this.shard.settledSegments(),
      hostile: this.shard.hostileNodes(),
      cut: this.cuts.report(this.self, this.core.newest),
      bytesIn: 0,
      bytesOut: 0,
      traffic: { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } },
      flows: [],
      links: { webrtc: 0, port: 0 },
    };
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
