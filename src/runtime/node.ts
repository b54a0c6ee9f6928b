// One tab's node: joins the room, keeps a connection to every other node, follows the scheduler, and is the scheduler
// when its turn comes. Runs MembershipCore and SchedulerCore on the page; numbers never come here, only figures.
import { canTransferChannel } from '../net/capabilities.ts';
import { type BulkKind, Mesh } from '../net/mesh.ts';
import type { PeerState } from '../net/peer-pair.ts';
import { relayChannel } from '../net/relay.ts';
import { SignalingClient, type SignalingStatus, type Welcome } from '../net/signaling-client.ts';
import { startTimer } from '../net/timers.ts';
import {
  type ClusterState,
  type ControlMessage,
  type Metrics,
  parseControl,
  type Report,
  type Request,
  type RoleChoice,
} from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { PROTOCOL_VERSION } from '../protocol/limits.ts';
import { BadMessage } from '../protocol/signaling.ts';
import { MembershipCore, type MembershipEffect, type MembershipEvent } from '../ps/membership-core.ts';
import { SchedulerCore, type SchedulerEvent } from '../ps/scheduler-core.ts';
import type { Endpoint } from './frame-link.ts';
import { History } from './history.ts';
import { mergeReports, TrafficMeter } from './reports.ts';
import type { RoomAddress } from './room-link.ts';
import type { ShardReport } from './shard-host.ts';
import type { TrainerReport } from './trainer-host.ts';
import type { WorkerHandles } from './worker-handles.ts';

/** Between two pings to the scheduler: liveness, and the round trip that the page shows. */
const PING_INTERVAL_MS = 1_000;

export interface NodeOptions {
  readonly signalingUrl: string;
  readonly address: RoomAddress;
  readonly role: RoleChoice;
  /** "Chromium on Linux". */
  readonly label: string;
  readonly iceServers: readonly RTCIceServer[];
  readonly random: () => number;
  readonly now: () => number;
}

/** What the page learns, in the words of the view. */
export interface NodeHandlers {
  onStatus(status: SignalingStatus): void;
  onJoined(self: NodeId, lanUrls: readonly string[]): void;
  onCluster(cluster: ClusterState, isScheduler: boolean): void;
  onMetrics(metrics: Metrics, history: Metrics): void;
  onPeer(peer: NodeId, state: PeerState): void;
  onHello(peer: NodeId, label: string): void;
  onGone(peer: NodeId, reason: string): void;
  onDenied(text: string, advice: string): void;
  /** This tab can't train, and why. */
  onProblem(problem: string): void;
}

export class RoomNode {
  private self: NodeId | null = null;
  private mesh: Mesh | null = null;
  private schedulerNode: NodeId | null = null;
  private term = 0;
  private scheduler: SchedulerCore | null = null;
  private cluster: ClusterState | null = null;
  private role: RoleChoice;
  private rttMs: number | null = null;
  private pingedAt = 0;
  private problem: string | null = null;
  private readonly known = new Map<NodeId, { label: string; role: RoleChoice }>();
  private readonly membership = new MembershipCore();
  private readonly history = new History();
  private readonly traffic = new TrafficMeter();
  private readonly signaling: SignalingClient;
  private readonly canTransfer = canTransferChannel();

  /** @throws WebRtcMissing on joining */
  constructor(
    private readonly options: NodeOptions,
    private readonly workers: WorkerHandles,
    private readonly handlers: NodeHandlers,
  ) {
    this.role = options.role;
    const { address, random, now } = options;
    this.signaling = new SignalingClient(
      {
        url: options.signalingUrl,
        ...address,
        random,
        now,
        startTimer,
        openSocket: (url) => new WebSocket(url),
      },
      {
        onStatus: (status) => handlers.onStatus(status),
        onWelcome: (welcome) => this.join(welcome),
        onJoined: (node) => this.mesh?.connect(node),
        onLeft: (node, reason) => this.member({ kind: 'left', node, reason }),
        onTerm: (scheduler, term) => this.setTerm(scheduler, term),
        onSignal: (from, connection, data) => this.takeSignal(from, connection, data),
        onRefused: () => undefined,
        onRoundTrip: () => undefined,
      },
    );
    void workers.reportTo((trainer, shard) => this.report(trainer, shard));
  }

  /** Asks the scheduler, whoever that is now. */
  request(request: Request): void {
    if (this.schedulerNode === null || this.self === null) return;
    if (request.ask === 'role') this.role = request.role;
    this.sendTo(this.schedulerNode, { kind: 'request', request });
  }

  /** Says goodbye. What this node owns should have been handed over before. */
  leave(): void {
    this.signaling.leave();
    this.mesh?.close();
    this.workers.close();
  }

  /** Does this node own or compute anything by the newest map? */
  get isNeeded(): boolean {
    const map = this.cluster?.map;
    const { self } = this;
    return (
      self !== null &&
      map !== undefined &&
      (map.servers.includes(self) || map.workers.some(({ node }) => node === self))
    );
  }

  private join(welcome: Welcome): void {
    if (this.self !== null && this.self !== welcome.node) {
      const [reason, advice] = ['The room no longer knows this tab.', 'Reload the page to join again.'];
      this.handlers.onStatus({ phase: 'failed', code: 'not-joined', reason, advice });
      return;
    }
    if (this.self === null) this.start(welcome.node);
    this.handlers.onJoined(welcome.node, welcome.lanUrls);
    for (const member of welcome.members) this.mesh?.connect(member);
    if (welcome.isResumed) this.mesh?.retry();
    this.setTerm(welcome.scheduler, welcome.term);
  }

  private start(self: NodeId): void {
    this.self = self;
    void this.workers.init(self);
    const { iceServers, random } = this.options;
    this.mesh = new Mesh(
      { self, iceServers, random, startTimer },
      {
        onBulkChannel: (peer, kind, channel) => this.handOver(peer, kind, channel),
        onControl: (peer, text) => this.receive(peer, text),
        onPeerState: (peer, state) => this.setPeerState(peer, state),
        onSignal: (peer, connection, data) => this.signaling.signal(peer, connection, data),
      },
    );
    this.known.set(self, { label: this.options.label, role: this.role });
    this.handlers.onHello(self, this.options.label);
  }

  /** Gives a bulk channel to the worker that uses it, in the task that made it: later the browser refuses. */
  private handOver(peer: NodeId, kind: BulkKind, channel: RTCDataChannel): void {
    const endpoint = this.endpointOf(channel);
    switch (kind) {
      case 'trainer-shard':
        void this.workers.attachTrainer(peer, 'shard', endpoint);
        break;
      case 'trainer-trainer':
        void this.workers.attachTrainer(peer, 'trainer', endpoint);
        break;
      case 'shard-trainer':
        void this.workers.attachShard(peer, 'trainer', endpoint);
        break;
      case 'shard-shard':
        void this.workers.attachShard(peer, 'shard', endpoint);
        break;
      default:
        kind satisfies never;
    }
  }

  private endpointOf(channel: RTCDataChannel): Endpoint {
    if (this.canTransfer) return { kind: 'channel', channel };
    const { port1, port2 } = new MessageChannel();
    relayChannel(channel, port1);
    return { kind: 'relay', port: port2 };
  }

  private takeSignal(from: NodeId, connection: number, data: unknown): void {
    this.mesh?.connect(from);
    this.mesh?.receiveSignal(from, connection, data);
  }

  private setPeerState(peer: NodeId, state: PeerState): void {
    this.handlers.onPeer(peer, state);
    if (state.phase === 'connected') {
      const { label } = this.options;
      this.send(peer, { kind: 'hello', version: PROTOCOL_VERSION, label, role: this.role });
    } else if (state.phase === 'failed') this.member({ kind: 'disconnected', node: peer });
  }

  private receive(from: NodeId, text: string): void {
    let message: ControlMessage;
    try {
      message = parseControl(text);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.handlers.onPeer(from, {
        phase: 'failed',
        reason: `sent an unknown message: ${error.message}`,
        retryInMs: null,
      });
      return;
    }
    this.member({ kind: 'heard', node: from });
    this.take(from, message);
  }

  private take(from: NodeId, message: ControlMessage): void {
    switch (message.kind) {
      case 'hello':
        return this.takeHello(from, message);
      case 'ping':
        return void this.send(from, { kind: 'pong', at: message.at });
      case 'pong':
        if (from === this.schedulerNode) this.rttMs = this.options.now() - message.at;
        return;
      case 'request':
        return this.schedule({ kind: 'request', from, request: message.request });
      case 'report':
        return this.schedule({ kind: 'report', from, report: message });
      case 'denied':
        return this.handlers.onDenied(message.text, message.advice);
      case 'cluster':
        // Only a scheduler speaks for itself; an old one that comes back has an old term.
        if (message.scheduler === from && message.term >= this.term) this.follow(message);
        return;
      case 'metrics':
        if (message.run !== this.cluster?.plan?.run) return;
        return this.handlers.onMetrics(message, this.history.add(message));
      default:
        message satisfies never;
    }
  }

  private takeHello(from: NodeId, { version, label, role }: ControlMessage & { kind: 'hello' }): void {
    if (version !== PROTOCOL_VERSION) {
      const reason = `has version ${version} of the page, this tab ${PROTOCOL_VERSION}: reload the older one`;
      this.handlers.onPeer(from, { phase: 'failed', reason, retryInMs: null });
      return;
    }
    this.known.set(from, { label, role });
    this.handlers.onHello(from, label);
    this.member({ kind: 'hello', node: from, label, role });
  }

  private member(event: MembershipEvent): void {
    for (const effect of this.membership.step(event, this.options.now())) this.perform(effect);
  }

  private perform(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'up':
        return this.schedule({ kind: 'node', node: effect.node, label: effect.label, role: effect.role });
      case 'probe':
        return void this.send(effect.node, { kind: 'ping', at: this.options.now() });
      case 'gone':
        this.known.delete(effect.node);
        this.mesh?.close(effect.node);
        void this.workers.detach(effect.node);
        this.handlers.onGone(effect.node, effect.reason);
        return this.schedule({ kind: 'gone', node: effect.node, reason: effect.reason });
      default:
        effect satisfies never;
    }
  }

  /** The signaling server names the scheduler. When it is this node, it goes on from the newest state it has heard. */
  private setTerm(scheduler: NodeId, term: number): void {
    if (term < this.term) return;
    const isNew = term > this.term || scheduler !== this.schedulerNode;
    this.term = term;
    this.schedulerNode = scheduler;
    this.rttMs = null;
    if (!isNew) return;
    if (scheduler !== this.self) {
      this.scheduler = null;
      return;
    }
    this.rttMs = 0;
    this.scheduler = new SchedulerCore(scheduler, term, this.cluster, this.history.all(), this.options.now());
    for (const [node, { label, role }] of this.known) this.schedule({ kind: 'node', node, label, role });
  }

  private schedule(event: SchedulerEvent): void {
    if (this.scheduler === null || this.self === null) return;
    for (const { to, message } of this.scheduler.step(event, this.options.now())) {
      if (to === null) this.broadcast(message);
      else this.sendTo(to, message);
    }
  }

  /** The newest cluster state counts: later terms, then later revisions. */
  private follow(cluster: ClusterState): void {
    const old = this.cluster;
    if (old !== null && (cluster.term - old.term || cluster.revision - old.revision) <= 0) return;
    this.cluster = cluster;
    if (cluster.plan?.run !== old?.plan?.run) this.problem = null;
    this.history.follow(cluster.plan?.run ?? 0);
    void this.workers.setCluster(cluster);
    this.handlers.onCluster(cluster, cluster.scheduler === this.self);
  }

  /** Driven by the trainer worker's timer, which hidden tabs keep: liveness, figures, and the scheduler's own tick. */
  private report(trainer: TrainerReport, shard: ShardReport): void {
    const now = this.options.now();
    this.member({ kind: 'tick' });
    if (now - this.pingedAt >= PING_INTERVAL_MS) {
      this.pingedAt = now;
      for (const node of this.known.keys()) if (node !== this.self) this.send(node, { kind: 'ping', at: now });
    }
    if (trainer.problem !== null && trainer.problem !== this.problem) this.handlers.onProblem(trainer.problem);
    this.problem = trainer.problem;
    const report: Report = mergeReports(trainer, shard, this.traffic.flows(trainer, shard, now), this.rttMs);
    if (this.schedulerNode !== null) this.sendTo(this.schedulerNode, report);
    this.schedule({ kind: 'tick' });
  }

  private sendTo(node: NodeId, message: ControlMessage): void {
    if (node === this.self) this.take(node, message);
    else this.send(node, message);
  }

  private broadcast(message: ControlMessage): void {
    for (const node of this.known.keys()) if (node !== this.self) this.send(node, message);
    if (this.self !== null) this.take(this.self, message);
  }

  private send(node: NodeId, message: ControlMessage): boolean {
    return this.mesh?.sendControl(node, JSON.stringify(message)) ?? false;
  }
}
