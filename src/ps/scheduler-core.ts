// The scheduler of a room, as a state machine: who serves and works, on which blocks, from which clock on with which
// consistency and rate, and how far everybody is. Everything it decides goes out in one `cluster` message, so that the
// next scheduler can go on from the newest one. What it decides of roles is in `room-roles.ts`, of the run in
// `run-steering.ts`. Pure: time comes in with each event.
import type {
  ClusterState,
  ControlMessage,
  Metrics,
  Report,
  Request,
  RoleChoice,
  RunPlan,
} from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { emptyCluster, isActive, workerNodes } from './cluster-state.ts';
import type { Denial } from './denial.ts';
import type { NodeRole } from './node-figures.ts';
import { changePrivacy } from './privacy.ts';
import { RatioAdvisor } from './ratio/ratio-advisor.ts';
import { withoutRole } from './ratio/role-policy.ts';
import { MS_PER_LINE } from './report-lists.ts';
import { type NodeIntroduction, RoomNodes } from './room-nodes.ts';
import { RoomRoles } from './room-roles.ts';
import { RoomState } from './room-state.ts';
import { beginning, whyNotStart } from './run-start.ts';
import { RunSteering } from './run-steering.ts';

/** Figures of every node go to every node: of a room too large for one message they take turns, at least so often. */
const LINES_MAX_MS = 2_000;

export type SchedulerEvent =
  | { readonly kind: 'node'; readonly node: NodeId; readonly label: string; readonly role: RoleChoice }
  | { readonly kind: 'gone'; readonly node: NodeId; readonly reason: string }
  | { readonly kind: 'request'; readonly from: NodeId; readonly request: Request }
  | { readonly kind: 'report'; readonly from: NodeId; readonly report: Report }
  /** Without signaling it can't know whether another scheduler was elected: then it moves nothing. */
  | { readonly kind: 'signaling'; readonly isUp: boolean }
  | { readonly kind: 'tick' };

export interface SchedulerEffect {
  /** Null is everybody, the scheduler's own page included. */
  readonly to: NodeId | null;
  readonly message: ControlMessage;
}

export class SchedulerCore {
  private readonly room: RoomState;
  private readonly nodes: RoomNodes;
  private readonly steering: RunSteering;
  private readonly roles: RoomRoles;
  private readonly advisor = new RatioAdvisor();
  private effects: SchedulerEffect[] = [];
  /** When figures of each node were sent last. */
  private linesAt = Number.NEGATIVE_INFINITY;

  /**
   * @param adopted the newest cluster state this node has heard of: a new scheduler goes on from it
   * @param history the curves so far, for a new scheduler in the middle of a run
   */
  constructor(
    self: NodeId,
    term: number,
    known: readonly NodeIntroduction[],
    adopted: ClusterState | null,
    history: Metrics | null,
    now: number,
  ) {
    const last = adopted ?? emptyCluster(self, term);
    this.room = new RoomState({ ...last, term, scheduler: self, revision: last.revision + 1 });
    this.steering = new RunSteering(this.room);
    if (last.plan !== null) this.steering.adopt(last.plan, last.phase === 'running', history, now);
    this.nodes = new RoomNodes(last, known);
    this.roles = new RoomRoles(this.room, this.nodes, this.steering, now);
  }

  /** Every node it counts on, whether it has introduced itself or not. */
  get members(): NodeId[] {
    return this.nodes.ids;
  }

  get state(): ClusterState {
    return this.room.cluster;
  }

  step(event: SchedulerEvent, now: number): SchedulerEffect[] {
    this.effects = [];
    switch (event.kind) {
      case 'node':
        this.addNode(event, now);
        break;
      case 'gone':
        this.loseNode(event.node, event.reason, now);
        break;
      case 'request':
        this.takeRequest(event.from, event.request, now);
        break;
      case 'report':
        this.roles.hear(event.from, event.report, now);
        this.takeReport(event.from, event.report, now);
        break;
      case 'signaling':
        this.roles.canDecide = event.isUp;
        this.roles.settle(now);
        break;
      case 'tick':
        this.tick(now);
        break;
      default:
        event satisfies never;
    }
    const changed = this.room.takeChange();
    if (changed !== null) this.effects.unshift({ to: null, message: changed });
    return this.effects;
  }

  private addNode(introduction: NodeIntroduction, now: number): void {
    this.nodes.add(introduction, now);
    this.roles.settle(now);
    // Where that has changed something everybody hears of it, the newcomer too.
    if (!this.room.isChanged) this.send(introduction.node, this.state);
    const { progress } = this.steering;
    if (progress !== null) this.send(introduction.node, progress.metrics(this.nodeRoles(), true));
  }

  private loseNode(node: NodeId, reason: string, now: number): void {
    const label = this.nodes.get(node)?.label ?? 'a tab';
    this.nodes.remove(node);
    this.steering.forget(node);
    this.roles.forget(node);
    const { holders, privacy } = this.state;
    this.room.change({
      holders: holders.filter((holder) => holder !== node),
      privacy: { ...privacy, offers: privacy.offers.filter((offer) => offer.node !== node) },
    });
    this.roles.settle(now, `node ${node} (${label}) ${reason}`);
  }

  private takeRequest(from: NodeId, request: Request, now: number): void {
    const { steering } = this;
    const { phase } = this.state;
    switch (request.ask) {
      case 'start':
        return this.start(from, request, now);
      case 'pause':
        return phase === 'running' ? steering.pause(null, now) : undefined;
      case 'resume':
        return phase === 'paused' ? steering.resume(now) : undefined;
      case 'stop':
        return steering.stop(now);
      case 'checkpoint':
        return steering.cutNow(now);
      case 'consistency':
        return this.deny(from, steering.changeConsistency(request.consistency));
      case 'learning-rate':
        return steering.changeFrom({ learningRate: request.learningRate });
      case 'staleness-aware':
        return steering.changeFrom({ isStalenessAware: request.isStalenessAware });
      case 'filters':
        return this.deny(from, steering.changeFilters(request.filters));
      case 'privacy':
      case 'offer':
        return this.changePrivacy(from, request, now);
      case 'role':
      case 'leave':
        return this.changeRole(from, request, now);
      case 'ratio':
      case 'automatic-ratio':
        return this.roles.changeRatio(request, now);
      default:
        request satisfies never;
    }
  }

  private start(from: NodeId, request: Request & { ask: 'start' }, now: number): void {
    const { state } = this;
    if (isActive(state)) return this.deny(from, ['A run is going on.', 'Stop it before you start another.']);
    const isOut = (node: NodeId) => state.sidelined.some((entry) => entry.node === node);
    const nodes = this.nodes.sorted().filter(({ node }) => !isOut(node));
    const denial = whyNotStart(request, nodes, state.privacy);
    if (denial !== null) return this.deny(from, denial);
    const plan: RunPlan = { ...request.plan, run: (state.plan?.run ?? 0) + 1 };
    this.steering.begin(plan, request.history, now);
    this.room.change(beginning(plan, request, from, nodes, state.privacy));
    this.roles.begin(plan, nodes, now);
    // Nobody has the curves that it goes on from.
    const { progress } = this.steering;
    if (request.history && progress !== null) this.send(null, progress.metrics(this.nodeRoles(), true));
  }

  private deny(to: NodeId, denial: Denial | null): void {
    if (denial !== null) this.send(to, { kind: 'denied', text: denial[0], advice: denial[1] });
  }

  private changePrivacy(from: NodeId, request: Request & { ask: 'privacy' | 'offer' }, now: number): void {
    const known = this.nodes.get(from);
    if (known === undefined) return;
    const changed = changePrivacy(this.state, isActive(this.state), from, request);
    if (!('offers' in changed)) return this.deny(from, changed);
    this.room.change({ privacy: changed });
    // With other data it may be able to work.
    if (request.ask === 'offer') known.failedRun = 0;
    this.roles.settle(now);
  }

  private changeRole(from: NodeId, request: Request & { ask: 'role' | 'leave' }, now: number): void {
    const known = this.nodes.get(from);
    if (known === undefined) return;
    if (request.ask === 'leave') known.isLeaving = true;
    else {
      known.role = request.role;
      this.room.change({ roles: withoutRole(this.state.roles, from) });
    }
    this.roles.settle(now);
    this.room.touch();
  }

  private takeReport(from: NodeId, report: Report, now: number): void {
    const known = this.nodes.get(from);
    const { plan, holders } = this.state;
    if (known === undefined || plan === null || report.run !== plan.run) return;
    this.steering.take(from, report, now);
    this.advisor.take(from, report, now);
    if (report.holdsAllBlocks && !holders.includes(from)) this.room.change({ holders: [...holders, from] });
    this.roles.take(known, report, plan, now);
    const wasActive = isActive(this.state);
    this.steering.judge(report, now);
    // The last report brings the last test: every page has it as soon as it hears of the end.
    if (wasActive && !isActive(this.state)) this.sendMetrics(now);
  }

  private tick(now: number): void {
    this.roles.tick(now);
    this.steering.tick(now);
    this.considerRatio(now);
    const { progress } = this.steering;
    if (progress === null) return;
    if (now - this.linesAt < Math.min(LINES_MAX_MS, MS_PER_LINE * this.nodes.size)) {
      return this.send(null, progress.summary(workerNodes(this.state)));
    }
    this.sendMetrics(now);
  }

  private sendMetrics(now: number): void {
    const { progress } = this.steering;
    if (progress === null) return;
    this.linesAt = now;
    const { advice } = this.advisor;
    const metrics = progress.metrics(this.nodeRoles(), false);
    this.send(null, advice === null ? metrics : { ...metrics, advice });
  }

  /** Hears what the advisor makes of the figures, and follows it where that was asked for. */
  private considerRatio(now: number): void {
    const wanted = this.advisor.consider(this.state, this.nodes.willing(this.state), now);
    if (wanted !== null && this.roles.canDecide) {
      this.roles.changeRatio({ ask: 'ratio', ratio: wanted, isAutomatic: true }, now);
    }
  }

  private nodeRoles(): NodeRole[] {
    const servers = new Set(this.state.map.servers);
    const workers = new Set(workerNodes(this.state));
    return this.nodes
      .sorted()
      .map(({ node, label }) => ({ node, label, isWorker: workers.has(node), isServer: servers.has(node) }));
  }

  private send(to: NodeId | null, message: ControlMessage): void {
    this.effects.push({ to, message });
  }
}
