// Turns what the node learns into view state. The only writer of the store besides the commands.
import type { DeviceChoice } from '../jobs/compute-device.ts';
import type { PeerState } from '../net/peer-pair.ts';
import type { SignalingStatus } from '../net/signaling-client.ts';
import type { ClusterState, Metrics, NodeMetrics, Point, RunHistory, RunPlan, WayBytes } from '../protocol/control.ts';
import { type Filters, NO_FILTERS, pullFiltersText, pushFiltersText } from '../protocol/filters.ts';
import type { NodeId } from '../protocol/ids.ts';
import { CLASSIFIER_MEASURES, type Measures } from '../protocol/measures.ts';
import { consistencyAt, localStepsOf, scheduleAt } from '../ps/consistency.ts';
import { ringPoints, segmentPosition } from '../ps/ring.ts';
import { cutSegments } from '../ps/table.ts';
import type { ViewStore } from '../store/store.ts';
import type {
  AdviceView,
  FiltersView,
  NodeView,
  NoticeView,
  PeerView,
  RingView,
  RunView,
  SeriesView,
  ViewState,
  WayView,
} from '../store/view.ts';
import type { Fetched } from './block-exchange.ts';
import type { Egress } from './egress.ts';
import type { NodeHandlers } from './node.ts';
import { nextPeerView } from './peer-view.ts';
import { type RoomAddress, roomLink } from './room-link.ts';
import { Timeline } from './timeline.ts';
import { WorkerTimes } from './worker-times.ts';

export class ViewWriter implements NodeHandlers {
  private readonly labels = new Map<NodeId, string>();
  private readonly peers = new Map<NodeId, PeerView>();
  /** Numbers are never used twice: a few for every tab that this one has outlived. */
  private readonly gone = new Set<NodeId>();
  private readonly timeline: Timeline;
  private readonly times = new WorkerTimes();
  private metrics: Metrics | null = null;
  private cluster: ClusterState | null = null;
  private history: RunHistory = NO_HISTORY;
  /** Called with every checkpoint that is complete, and with the curves until now. */
  onCheckpoint: (history: RunHistory) => void = () => undefined;

  constructor(
    private readonly store: ViewStore,
    private readonly address: RoomAddress,
    private readonly pageUrl: string,
    now: () => number,
  ) {
    this.timeline = new Timeline(store, now);
    this.set({ roomLink: roomLink(pageUrl, address), connection: { phase: 'joining' } });
  }

  onStatus(status: SignalingStatus): void {
    const { connection } = this.store.getState();
    // Whoever leaves needs no news of the room's server.
    if (['leaving', 'left', 'killed'].includes(connection.phase)) return;
    // An attempt is a part of the absence, shown as one.
    if (status.phase === 'joining' && connection.phase === 'reconnecting') {
      return this.set({ connection: { ...connection, retryInMs: 0 } });
    }
    const shown = 'reason' in status ? { ...status, reason: sentence(status.reason) } : status;
    this.set({ connection: shown });
    if (status.phase === 'reconnecting' && connection.phase === 'joined') this.note('warning', sentence(status.reason));
    if (status.phase === 'joined' && connection.phase === 'reconnecting')
      this.note('good', 'The signaling server is back.');
  }

  onJoined(self: NodeId, lanUrls: readonly string[]): void {
    const lanLinks = lanUrls.map((url) => roomLink(url, this.address));
    this.set({ self, lanLinks, roomLink: roomLink(this.pageUrl, this.address) });
    this.showNodes();
  }

  onHello(peer: NodeId, label: string): void {
    const isNew = !this.labels.has(peer);
    this.labels.set(peer, label);
    if (isNew && peer !== this.store.getState().self && this.peers.has(peer))
      this.note('info', `Node ${peer} joined (${label}).`);
    this.showNodes();
  }

  onPeer(peer: NodeId, state: PeerState): void {
    // Who is gone is shown again when it is really back, not while somebody looks for it.
    if (this.gone.has(peer) && state.phase !== 'connected') return;
    if (this.gone.delete(peer)) this.showRing();
    const before = this.peers.get(peer);
    const after = nextPeerView(before, state);
    this.timeline.onPeer(peer, before, after);
    this.peers.set(peer, after);
    this.showNodes();
  }

  onGone(peer: NodeId, reason: string): void {
    this.timeline.onGone(peer, reason);
    this.gone.add(peer);
    this.showRing();
    this.peers.delete(peer);
    this.labels.delete(peer);
    this.showNodes();
  }

  onDenied(text: string, advice: string): void {
    this.set({ problem: { text, advice } });
  }

  onProblem(problem: string): void {
    this.set({ problem: { text: `This tab can't train: ${problem}`, advice: 'The other tabs go on without it.' } });
    this.note('error', problem);
  }

  onTransfers(sent: Egress, fetched: readonly Fetched[]): void {
    this.set({ transfers: { ...sent, fetched: fetched.map((from) => ({ ...from })) } });
  }

  onDevice(choice: DeviceChoice): void {
    const { device } = this.store.getState();
    if (JSON.stringify(device.choice) !== JSON.stringify(choice)) this.set({ device: { ...device, choice } });
  }

  onCluster(cluster: ClusterState, _isScheduler: boolean): void {
    const old = this.cluster;
    this.cluster = cluster;
    if (cluster.plan?.run !== old?.plan?.run) {
      this.metrics = null;
      this.history = NO_HISTORY;
      this.times.clear();
      this.set({ advice: null, series: { ...emptySeries(), version: this.store.getState().series.version + 1 } });
    }
    this.timeline.onCluster(cluster);
    const { isPrivate, offers } = cluster.privacy;
    const tabs = offers.map(({ node, train, shape }) => ({ node, samples: train.samples, shape }));
    this.set({ privacy: { ...this.store.getState().privacy, isPrivate, tabs } });
    this.set({ run: this.runView(), isRatioAutomatic: cluster.roles?.isAutomatic ?? false });
    this.showRole(cluster);
    this.showRing();
    this.showNodes();
    const { newest } = cluster.checkpoint;
    const before = old?.plan?.run === cluster.plan?.run ? old?.checkpoint.newest : null;
    if (newest !== null && newest.clock !== before?.clock) this.onCheckpoint(this.history);
  }

  onMetrics(metrics: Metrics, history: Metrics): void {
    this.metrics = metrics;
    this.history = history;
    this.times.add(metrics.nodes);
    const { series } = this.store.getState();
    const measures = this.cluster?.plan?.measures ?? CLASSIFIER_MEASURES;
    const hasNew = metrics.isHistory || metrics.loss.length > 0 || metrics.accuracy.length > 0;
    const flows = metrics.nodes.flatMap(({ node, flows }) =>
      flows.map(([to, bytesPerSecond]) => ({ from: node, to, bytesPerSecond })),
    );
    this.set({
      flows,
      advice: this.adviceOf(metrics),
      run: this.runView(history),
      ...(hasNew
        ? {
            series: {
              version: series.version + 1,
              loss: columns(history.loss),
              accuracy: scoreColumns(history, measures),
            },
          }
        : {}),
    });
    this.showNodes();
  }

  note(level: NoticeView['level'], text: string): void {
    this.timeline.note(level, text);
  }

  private runView(history?: Metrics): RunView | null {
    const { cluster } = this;
    if (cluster?.plan == null) return null;
    const { plan, phase, message } = cluster;
    const { measures } = plan;
    const metrics = history ?? null;
    const old = this.store.getState().run;
    const kept = old?.number === plan.run ? old : null;
    const first = (plan.from?.clock ?? -1) + 1;
    const clock = Math.max(first, metrics === null ? (kept?.clock ?? 0) : metrics.clock + 1);
    const entry = scheduleAt(cluster.schedule, clock);
    const { learningRate, filters = NO_FILTERS, isStalenessAware = false, localSteps = 1 } = entry;
    const samples = metrics?.samples ?? kept?.samples ?? 0;
    const seconds = metrics?.seconds ?? kept?.seconds ?? 0;
    return {
      number: plan.run,
      job: plan.job,
      title: plan.title,
      // The same object for the whole run, so that nothing is drawn again for it.
      measures: kept?.measures ?? measuresView(measures),
      phase,
      message: message ?? waitingMessage(cluster),
      clock,
      steps: plan.steps,
      batch: plan.batch,
      samples,
      samplesPerSecond: rateOf(phase, samples, seconds, metrics?.samplesPerSecond ?? kept?.samplesPerSecond ?? 0),
      seconds,
      loss: metrics === null ? (kept?.loss ?? null) : (metrics.loss.at(-1)?.[3] ?? null),
      accuracy: metrics === null ? (kept?.accuracy ?? null) : lastScore(metrics, measures),
      parameters: parametersOf(plan),
      consistency: consistencyAt(cluster.schedule, clock),
      learningRate,
      isStalenessAware,
      updater: plan.updater.kind,
      replicas: plan.replicas,
      filters: filtersView(filters),
      aggregator: plan.aggregator ?? MEAN,
      reduce: plan.reduce ?? 'server',
      localSteps,
      roundSteps: localStepsOf(entry),
      outer: plan.outer ?? null,
      filterChoice: filters.kind === 'auto' ? (filters.choice?.reason ?? null) : null,
      near: filters.kind === 'auto' ? (filters.choice?.near ?? []) : [],
      traffic: trafficView(metrics ?? this.metrics, kept),
      data: plan.data.name,
      isPrivate: plan.data.source.kind === 'private',
      checkpoints: plan.checkpoint,
      startedAt: plan.startedAt,
    };
  }

  /** The same object while it says the same, so that nothing is drawn again for it. */
  private adviceOf({ advice }: Metrics): AdviceView | null {
    const { advice: shown } = this.store.getState();
    return JSON.stringify(shown ?? undefined) === JSON.stringify(advice) ? shown : (advice ?? null);
  }

  /** A role that this tab was given is shown as its own. */
  private showRole({ roles }: ClusterState): void {
    const { self, role } = this.store.getState();
    const given = roles?.assigned.find(({ node }) => node === self)?.role;
    if (given !== undefined && given !== role) this.set({ role: given });
  }

  private showRing(): void {
    if (this.cluster !== null) this.set({ ring: ringView(this.cluster, (node) => !this.gone.has(node)) });
  }

  private showNodes(): void {
    const { self } = this.store.getState();
    const ids = new Set<NodeId>([...this.labels.keys(), ...this.peers.keys()]);
    const nodes = [...ids].sort((a, b) => a - b).map((id) => this.nodeView(id, self));
    this.set({ nodes });
  }

  private nodeView(id: NodeId, self: NodeId | null): NodeView {
    const figures: Partial<NodeMetrics> = this.metrics?.nodes.find(({ node }) => node === id) ?? {};
    const map = this.cluster?.map;
    const helper = this.cluster?.backups?.find(({ worker }) => worker === id)?.helper;
    const isTraining = this.cluster?.phase === 'running' || this.cluster?.phase === 'finishing';
    return {
      id,
      label: this.labels.get(id) ?? 'connecting…',
      isSelf: id === self,
      isScheduler: id === this.cluster?.scheduler,
      isWorker: map?.workers.some(({ node }) => node === id) ?? false,
      isServer: map?.servers.includes(id) ?? false,
      peer: id === self ? { phase: 'self' } : this.peerView(id),
      clock: figures.clock == null ? null : figures.clock + 1,
      samplesPerSecond: isTraining ? (figures.samplesPerSecond ?? 0) : 0,
      ...this.times.of(id),
      ...(figures.device ? { device: figures.device } : {}),
      bytesIn: figures.bytesIn ?? 0,
      bytesOut: figures.bytesOut ?? 0,
      rttMs: figures.rttMs ?? null,
      staleness: figures.staleness ?? null,
      ...(isTraining && helper !== undefined ? { helper } : {}),
      isSlow: isTraining && (figures.isSlow ?? false),
      refused: figures.refused ?? {},
    };
  }

  /** Connected is who has said hello, too: before, the scheduler knows nothing of its role. */
  private peerView(id: NodeId): PeerView {
    const peer = this.peers.get(id) ?? { phase: 'connecting' };
    return peer.phase === 'connected' && !this.labels.has(id) ? { phase: 'connecting' } : peer;
  }

  private set(change: Partial<ViewState>): void {
    this.store.setState(change);
  }
}

const MEAN = { kind: 'mean' } as const;

const NO_HISTORY: RunHistory = { seconds: 0, loss: [], accuracy: [] };

const emptySeries = (): Omit<SeriesView, 'version'> => ({ loss: columns([]), accuracy: columns([]) });

/** Points as columns, as charts want them. */
function columns(points: readonly Point[]): SeriesView['loss'] {
  return {
    step: points.map(([clock]) => clock + 1),
    samples: points.map(([, samples]) => samples),
    seconds: points.map(([, , seconds]) => seconds),
    value: points.map(([, , , value]) => value),
  };
}

const measuresView = ({ loss, score }: Measures): RunView['measures'] => ({
  loss: { name: loss.name },
  score: score === null ? null : { name: score.name, format: score.format, isHigherBetter: score.isHigherBetter },
});

/** The mean score as people see it. */
function shownScore(mean: number, { score }: Measures): number {
  if (score?.isSquare) return Math.sqrt(mean);
  return score?.isLogarithm ? Math.exp(mean) : mean;
}

function lastScore({ accuracy }: Metrics, measures: Measures): number | null {
  const mean = accuracy.at(-1)?.[3];
  return mean === undefined ? null : shownScore(mean, measures);
}

function scoreColumns({ accuracy }: Metrics, measures: Measures): SeriesView['accuracy'] {
  const all = columns(accuracy);
  return { ...all, value: all.value.map((mean) => shownScore(mean, measures)) };
}

/** Reasons are written to follow a colon; alone they are sentences. */
function sentence(reason: string): string {
  const text = reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** While it trains the rate of now; after its end the mean of the run. */
function rateOf(phase: RunView['phase'], samples: number, seconds: number, now: number): number {
  if (phase === 'running' || phase === 'finishing') return now;
  const isOver = phase === 'finished' || phase === 'stopped' || phase === 'failed';
  return isOver && seconds > 0 ? samples / seconds : 0;
}

const parametersOf = (plan: RunPlan): number => plan.tables.reduce((sum, { keys, width }) => sum + keys * width, 0);

function waitingMessage({ phase, map }: ClusterState): string | null {
  if (phase === 'preparing') return 'Preparing: every tab loads its data and compiles the model.';
  if (phase === 'running' && map.workers.length === 0) return 'Waiting for a worker: open the link in another tab.';
  return null;
}

/** What only nodes hold that are gone is nobody's, until the scheduler has moved it. */
function ringView({ map, plan }: ClusterState, isHere: (node: NodeId) => boolean): RingView {
  if (plan === null) return { points: [], segments: [] };
  const ranges = cutSegments(plan.tables);
  return {
    points: ringPoints(map.servers.filter(isHere)).map(({ position, node }) => ({ position, node })),
    segments: ranges.map((range, index) => {
      const { chain, learners } = map.placements[index] ?? { chain: [], learners: [] };
      const [owner = null, ...replicas] = chain.filter(isHere);
      return {
        table: plan.tables[range.table]?.name ?? String(range.table),
        segment: range.segment,
        startKey: range.start,
        endKey: range.end,
        floats: range.floats,
        owner,
        replicas,
        learners: learners.filter(isHere),
        position: segmentPosition(range),
      };
    }),
  };
}

const filtersView = (filters: Filters): FiltersView =>
  filters.kind === 'fixed'
    ? { kind: 'fixed', push: pushFiltersText(filters.push), pull: pullFiltersText(filters.pull) }
    : { kind: filters.kind };

/** What was sent so far; nothing before the first figures of a run. */
function trafficView(metrics: Metrics | null, kept: RunView | null): RunView['traffic'] {
  if (metrics === null) return kept?.traffic ?? { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } };
  const { push, pull } = metrics.traffic;
  return { push: wayView(push), pull: wayView(pull) };
}

const wayView = ({ raw, wire, kept = raw, values = kept, places = 0, keys = 0, ...rest }: WayBytes): WayView => ({
  ...{ raw, wire, kept, coded: values + places + keys },
  ...{ saved: rest.saved ?? 0, milliseconds: rest.milliseconds ?? 0 },
});
