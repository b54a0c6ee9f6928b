// One tab's node: runs a NodeCore on the signaling client, the mesh and the two workers. Numbers never come here, only
// figures.

import type { DeviceChoice } from '../jobs/compute-device.ts';
import { canTransferChannel, hasWebRtc, WebRtcMissing } from '../net/capabilities.ts';
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
  type Request,
  type RoleChoice,
} from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Machine } from '../protocol/ratio.ts';
import { BadMessage } from '../protocol/signaling.ts';
import { isServing, newestNode } from '../ps/cluster-map.ts';
import { PROBE_TIMEOUT_MS } from '../ps/membership-core.ts';
import { NodeCore, type NodeEffect, type NodeEvent } from '../ps/node-core.ts';
import type { Fetched } from './block-exchange.ts';
import { addEgress, type Egress } from './egress.ts';
import type { Endpoint } from './frame-link.ts';
import { moment } from './moments.ts';
import { mergeReports, TrafficMeter } from './reports.ts';
import type { RoomAddress } from './room-link.ts';
import type { ShardReport } from './shard-host.ts';
import type { TrainerReport } from './trainer-host.ts';
import type { WorkerHandles } from './worker-handles.ts';

export interface NodeOptions {
  readonly signalingUrl: string;
  readonly openSocket: (url: string) => WebSocket;
  readonly address: RoomAddress;
  readonly role: RoleChoice;
  /** "Chromium on Linux". */
  readonly label: string;
  readonly machine: Machine;
  readonly iceServers: readonly RTCIceServer[];
  readonly random: () => number;
  readonly now: () => number;
  /** Comes into the room as a new node, everything begun anew. */
  readonly rejoin: () => void;
}

/** What the page learns. */
export interface NodeHandlers {
  onStatus(status: SignalingStatus): void;
  onJoined(self: NodeId, lanUrls: readonly string[]): void;
  onCluster(cluster: ClusterState, isScheduler: boolean): void;
  onMetrics(metrics: Metrics, history: Metrics): void;
  onPeer(peer: NodeId, state: PeerState): void;
  onHello(peer: NodeId, label: string): void;
  onGone(peer: NodeId, reason: string): void;
  onDenied(text: string, advice: string): void;
  /** What this tab has sent to others so far, and what data came from whom. */
  onTransfers(sent: Egress, fetched: readonly Fetched[]): void;
  /** What this tab computes with in the newest run. */
  onDevice(choice: DeviceChoice): void;
  /** This tab can't train, and why. */
  onProblem(problem: string): void;
}

export class RoomNode {
  private core: NodeCore | null = null;
  private mesh: Mesh | null = null;
  private problem: string | null = null;
  private bandwidth: number | null = null;
  /** What each of the two workers was told. */
  private share: number | null = null;
  private readonly traffic = new TrafficMeter();
  /** Null in a browser that can't reach other tabs: it joins nothing. */
  private readonly signaling: SignalingClient | null;
  private readonly canTransfer = canTransferChannel();

  constructor(
    private readonly options: NodeOptions,
    private readonly workers: WorkerHandles,
    private readonly handlers: NodeHandlers,
  ) {
    this.signaling = hasWebRtc() ? this.openSignaling() : null;
    if (this.signaling === null) {
      const { message: reason } = new WebRtcMissing();
      handlers.onStatus({ phase: 'failed', code: 'not-joined', reason, advice: 'Open this link in another browser.' });
    }
    void workers.reportTo((trainer, shard, drains) => this.report(trainer, shard, drains));
  }

  private openSignaling(): SignalingClient {
    const { options, handlers } = this;
    const { address, random, now, openSocket, signalingUrl: url } = options;
    return new SignalingClient(
      { url, ...address, random, now, startTimer, openSocket },
      {
        onStatus: (status) => {
          if (status.phase === 'reconnecting') this.step({ kind: 'signaling', isUp: false });
          handlers.onStatus(status);
        },
        onWelcome: (welcome) => this.join(welcome),
        onJoined: (node) => this.step({ kind: 'joined', node }),
        onLeft: (node, reason) => this.step({ kind: 'left', node, reason }),
        onTerm: (scheduler, term) => this.step({ kind: 'term', scheduler, term }),
        onSignal: (from, connection, data) => {
          this.mesh?.connect(from);
          this.mesh?.receiveSignal(from, connection, data);
        },
        onRefused: () => undefined,
        onRoundTrip: () => undefined,
      },
    );
  }

  /** Asks the scheduler, whoever that is now. */
  request(request: Request): void {
    this.step({ kind: 'request', request });
  }

  /** Says goodbye. What this node owns should have been handed over before. */
  leave(): void {
    this.signaling?.leave();
    this.mesh?.close();
    this.workers.close();
  }

  /** Ends as a crash would: without a word to anybody. */
  crash(): void {
    this.signaling?.stop();
    this.workers.close();
    this.mesh?.close();
  }

  /** Loses the connection to one node, to see what follows. */
  cut(peer: NodeId): void {
    this.mesh?.cut(peer);
  }

  /** @param bytesPerSecond that this tab may send, and take; null lifts the cap */
  setBandwidth(bytesPerSecond: number | null): void {
    this.bandwidth = bytesPerSecond;
    this.shareBandwidth();
  }

  /** A tab of both roles moves about as much for one as for the other; where it has one, that gets all. */
  private shareBandwidth(): void {
    const { bandwidth: all, core } = this;
    const [map, self] = [core?.newest?.map, core?.self];
    const isBoth = map !== undefined && self !== undefined && isServing(map, self) && isWorking(map, self);
    const share = all === null || !isBoth ? all : all / 2;
    if (share === this.share) return;
    this.share = share;
    void this.workers.setBandwidth(share, share);
  }

  /** Does this node own or compute anything by the newest map? */
  get isNeeded(): boolean {
    const map = this.core?.newest?.map;
    const self = this.core?.self;
    if (map === undefined || self === undefined) return false;
    return isServing(map, self) || isWorking(map, self);
  }

  private join(welcome: Welcome): void {
    moment('joined');
    const { node, members, scheduler, term, lanUrls, isResumed } = welcome;
    if (this.core !== null && this.core.self !== node) {
      // The room no longer knows this tab. As who it was it must be gone before it comes in anew: the others count on it.
      this.leave();
      this.options.rejoin();
      return;
    }
    if (this.core === null) this.start(node);
    this.handlers.onJoined(node, lanUrls);
    if (isResumed) this.mesh?.retry();
    this.step({ kind: 'welcome', members, scheduler, term });
  }

  private start(self: NodeId): void {
    const { iceServers, random, label, role } = this.options;
    this.core = new NodeCore(self, label, role);
    void this.workers.init(self);
    this.mesh = new Mesh(
      { self, iceServers, random, startTimer },
      {
        onBulkChannel: (peer, kind, channel) => this.handOver(peer, kind, channel),
        onControl: (peer, text) => this.receive(peer, text),
        onPeerState: (peer, state) => this.setPeerState(peer, state),
        onSignal: (peer, connection, data) => this.signaling?.signal(peer, connection, data),
      },
    );
    this.handlers.onHello(self, label);
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

  private setPeerState(node: NodeId, state: PeerState): void {
    this.handlers.onPeer(node, state);
    if (state.phase === 'connected') {
      moment('connected');
      this.step({ kind: 'connected', node });
    } else if (state.phase === 'failed') this.step({ kind: 'disconnected', node });
  }

  private receive(from: NodeId, text: string): void {
    let message: ControlMessage;
    try {
      message = parseControl(text);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      const reason = `sent an unknown message: ${error.message}`;
      this.handlers.onPeer(from, { phase: 'failed', reason, retryInMs: null });
      return;
    }
    this.step({ kind: 'control', from, message });
  }

  /** Driven by the trainer worker's timer, which hidden tabs keep. */
  private report(trainer: TrainerReport, shard: ShardReport, drains: readonly [NodeId, number][]): void {
    if (trainer.problem !== null && trainer.problem !== this.problem) this.handlers.onProblem(trainer.problem);
    this.problem = trainer.problem;
    if (trainer.device !== null) this.handlers.onDevice(trainer.device);
    this.handlers.onTransfers(addEgress(trainer.egress, shard.egress), trainer.fetched);
    const flows = this.traffic.flows(trainer, shard, this.options.now());
    const broken = [...new Set([...trainer.broken, ...shard.broken])];
    const { machine } = this.options;
    const report = { ...mergeReports(trainer, shard, { flows, drains, bandwidth: this.bandwidth }), machine };
    this.step({ kind: 'report', report, broken });
  }

  private step(event: NodeEvent): void {
    for (const effect of this.core?.step(event, this.options.now()) ?? []) this.perform(effect);
  }

  /** For the server, should that have forgotten. */
  private hear({ map, scheduler, term }: ClusterState): void {
    this.signaling?.hear(newestNode(map, scheduler), scheduler, term);
  }

  private perform(effect: NodeEffect): void {
    const { handlers, mesh, workers } = this;
    switch (effect.kind) {
      case 'send':
        mesh?.sendControl(effect.to, JSON.stringify(effect.message));
        break;
      case 'connect':
        mesh?.connect(effect.node);
        break;
      case 'rebuild':
        mesh?.cut(effect.node, effect.reason);
        break;
      case 'gone':
        mesh?.close(effect.node);
        void workers.detach(effect.node);
        handlers.onGone(effect.node, effect.reason);
        break;
      case 'hello':
        handlers.onHello(effect.node, effect.label);
        break;
      case 'cluster':
        if (effect.cluster.plan !== null) moment('run heard');
        this.hear(effect.cluster);
        void workers.setCluster(effect.cluster);
        this.shareBandwidth();
        handlers.onCluster(effect.cluster, effect.cluster.scheduler === this.core?.self);
        break;
      case 'metrics':
        handlers.onMetrics(effect.metrics, effect.history);
        break;
      case 'denied':
        handlers.onDenied(effect.text, effect.advice);
        break;
      case 'incompatible':
        handlers.onPeer(effect.node, { phase: 'failed', reason: effect.reason, retryInMs: null });
        break;
      case 'wake':
        startTimer(() => this.step({ kind: 'tick' }), PROBE_TIMEOUT_MS + 1);
        break;
      default:
        effect satisfies never;
    }
  }
}

const isWorking = ({ workers }: ClusterState['map'], self: NodeId): boolean =>
  workers.some(({ node }) => node === self);
