// The scheduler of a room, as a state machine: who serves and works, on which blocks, from which clock on with which
// consistency and rate, and how far everybody is. Everything it decides goes out in one `cluster` message, so that the
// next scheduler can go on from the newest one. Pure: time comes in with each event.
import type {
  ClusterState,
  ControlMessage,
  Metrics,
  Report,
  Request,
  RoleChoice,
  RunPlan,
} from '../protocol/control.ts';
import type { Filters } from '../protocol/filters.ts';
import { NO_CLOCK, type NodeId, type WorkerId } from '../protocol/ids.ts';
import type { RolePolicy } from '../protocol/ratio.ts';
import { CheckpointCuts } from './checkpoint-cuts.ts';
import {
  admit,
  emptyCluster,
  isActive,
  isSameLeases,
  isSameMap,
  leaseBlocks,
  sameNodes,
  workerNodes,
} from './cluster-state.ts';
import {
  type Consistency,
  changeSchedule,
  localStepsOf,
  roundEnd,
  type ScheduleEntry,
  scheduleAt,
} from './consistency.ts';
import type { Denial } from './denial.ts';
import { DynamicDelay } from './dynamic-delay.ts';
import { AutoFilters } from './filters/auto-filters.ts';
import { lostInWords } from './lost-segments.ts';
import { changePrivacy, isPrivateRun } from './privacy.ts';
import { RatioAdvisor } from './ratio/ratio-advisor.ts';
import { type RatioRequest, rolesAfter, rolesWithout, withoutRole } from './ratio/role-policy.ts';
import { type Conflict, Reachability, sideline } from './reachability.ts';
import { assignSegments } from './ring.ts';
import { chooseServers, mayWork } from './roles.ts';
import { type KnownNode, type NodeIntroduction, RoomNodes } from './room-nodes.ts';
import { type NodeRole, RunProgress } from './run-progress.ts';
import { beginning, whyNoFilters, whyNotStart, whyUnfit } from './run-start.ts';
import { SegmentMoves } from './segment-moves.ts';
import { cutSegments } from './table.ts';

/** Workers that aren't ready by then join later, so that one slow phone doesn't keep the room from starting. */
export const PREPARE_TIMEOUT_MS = 20_000;

/** A checkpoint that isn't in its places by then never will be: the tab that had it has gone. */
export const RESTORE_TIMEOUT_MS = 60_000;

/** Figures of every node go to every node, so in a large room they go less often: the scheduler's traffic grows with the
 * nodes, not with their square. Up to 15 nodes every tick, 64 once a second, never less than every two seconds. */
const METRICS_MS_PER_NODE = 16;
const METRICS_MAX_MS = 2_000;

/** A change takes effect this far ahead of the newest clock heard of, so that every shard hears of it before. */
const CHANGE_LEAD_SECONDS = 0.4;

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
  private cluster: ClusterState;
  private readonly nodes: RoomNodes;
  private readonly moves: SegmentMoves;
  private readonly reach: Reachability;
  /** Pairs that the room has waited for long enough. */
  private conflicts: readonly Conflict[] = [];
  private progress: RunProgress | null = null;
  private cuts: CheckpointCuts | null = null;
  private delay = new DynamicDelay();
  private readonly auto = new AutoFilters();
  private readonly advisor = new RatioAdvisor();
  private preparingSince = 0;
  private effects: SchedulerEffect[] = [];
  private isChanged = false;
  private metricsAt = Number.NEGATIVE_INFINITY;
  /** The last copy of some segment can't be reached. */
  private isLost = false;
  private now = 0;
  private canDecide = true;

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
    this.cluster = { ...last, term, scheduler: self, revision: last.revision + 1 };
    this.now = now;
    this.preparingSince = now;
    if (last.plan !== null) {
      this.progress = new RunProgress(last.plan, history);
      this.progress.setRunning(last.phase === 'running', now);
      this.cuts = new CheckpointCuts(last.plan.checkpoint, last.plan.from?.clock ?? NO_CLOCK, now);
    }
    this.isLost = last.phase === 'failed';
    this.nodes = new RoomNodes(last, known);
    this.moves = new SegmentMoves(this.nodes);
    this.reach = new Reachability(last.sidelined, now);
    this.moveEpoch({});
    this.settle();
  }

  /** Every node it counts on, whether it has introduced itself or not. */
  get members(): NodeId[] {
    return this.nodes.ids;
  }

  get state(): ClusterState {
    return this.cluster;
  }

  step(event: SchedulerEvent, now: number): SchedulerEffect[] {
    this.effects = [];
    this.now = now;
    switch (event.kind) {
      case 'node':
        this.addNode(event);
        break;
      case 'gone':
        this.loseNode(event.node, event.reason);
        break;
      case 'request':
        this.takeRequest(event.from, event.request, now);
        break;
      case 'report':
        this.nodes.hear(event.from, now);
        if (this.reach.note(event.from, event.report.unreachable, now) || this.moves.isWaiting) this.settle();
        this.takeReport(event.from, event.report, now);
        break;
      case 'signaling':
        this.canDecide = event.isUp;
        this.settle();
        break;
      case 'tick':
        this.tick(now);
        break;
      default:
        event satisfies never;
    }
    if (this.isChanged) this.broadcast();
    return this.effects;
  }

  private addNode(introduction: NodeIntroduction): void {
    this.nodes.add(introduction, this.now);
    this.settle();
    this.isChanged = true;
    if (this.progress !== null)
      this.effects.push({ to: introduction.node, message: this.progress.metrics(this.roles(), true) });
  }

  private loseNode(node: NodeId, reason: string): void {
    const label = this.nodes.get(node)?.label ?? 'a tab';
    this.nodes.remove(node);
    this.progress?.forget(node);
    this.cuts?.forget(node);
    this.delay.forget(node);
    this.moves.forget(node);
    this.reach.forget(node);
    const { holders, privacy } = this.cluster;
    this.change({
      holders: holders.filter((holder) => holder !== node),
      privacy: { ...privacy, offers: privacy.offers.filter((offer) => offer.node !== node) },
    });
    this.settle(`node ${node} (${label}) ${reason}`);
  }

  /** Some segment has no copy that can be reached. If its node was only cut off and comes back, the run goes on. */
  private pauseForLoss(loss: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.progress?.setRunning(false, this.now);
    const { plan, map, checkpoint } = this.cluster;
    if (!isActive(this.cluster) || plan === null) return;
    const newest = checkpoint.newest ?? plan.from;
    const what = lostInWords(plan.tables, map.placements, (node) => this.nodes.has(node));
    const advice = newest === null ? 'Start again.' : `Resume from step ${newest.clock + 1}, or start again.`;
    const text = `The last copy of ${what} is lost: ${loss || 'its server has gone'}. ${advice}`;
    this.change({ phase: 'failed', message: text.slice(0, MAX_SENTENCE) });
  }

  private resumeAfterLoss(): void {
    this.isLost = false;
    if (this.cluster.phase !== 'failed') return;
    this.progress?.setRunning(true, this.now);
    this.change({ phase: 'running', message: null });
  }

  private takeRequest(from: NodeId, request: Request, now: number): void {
    switch (request.ask) {
      case 'start':
        return this.start(from, request, now);
      case 'pause':
        if (this.cluster.phase === 'running') this.pause(null, now);
        return;
      case 'resume':
        if (this.cluster.phase === 'paused') this.resume(now);
        return;
      case 'stop':
        if (isActive(this.cluster)) this.stop(now);
        return;
      case 'checkpoint':
        this.cuts?.ask();
        return this.considerCheckpoint(now);
      case 'consistency':
        return this.changeConsistency(from, request.consistency);
      case 'learning-rate':
        return this.changeFrom({ learningRate: request.learningRate });
      case 'staleness-aware':
        return this.changeFrom({ isStalenessAware: request.isStalenessAware });
      case 'filters':
        return this.changeFilters(from, request.filters);
      case 'privacy':
      case 'offer':
        return this.changePrivacy(from, request);
      case 'role':
      case 'leave':
        return this.changeRole(from, request);
      case 'ratio':
      case 'automatic-ratio':
        return this.changeRatio(request);
      default:
        request satisfies never;
    }
  }

  private start(from: NodeId, request: Request & { ask: 'start' }, now: number): void {
    if (isActive(this.cluster)) return this.deny(from, ['A run is going on.', 'Stop it before you start another.']);
    const isOut = (node: NodeId) => this.cluster.sidelined.some((entry) => entry.node === node);
    const nodes = this.nodes.sorted().filter(({ node }) => !isOut(node));
    const denial = whyNotStart(request, nodes, this.cluster.privacy);
    if (denial !== null) return this.deny(from, denial);
    const plan: RunPlan = { ...request.plan, run: (this.cluster.plan?.run ?? 0) + 1 };
    const past = plan.from?.clock ?? NO_CLOCK;
    this.progress = new RunProgress(plan, request.history ? { ...request.history, run: plan.run, clock: past } : null);
    this.cuts = new CheckpointCuts(plan.checkpoint, past, now);
    this.delay = new DynamicDelay();
    this.isLost = false;
    this.preparingSince = now;
    this.change(beginning(plan, request, from, nodes, this.cluster.privacy));
    const servers = chooseServers(nodes, [], plan.replicas);
    const chains = assignSegments(servers, cutSegments(plan.tables), plan.replicas);
    const placements = chains.map((chain) => ({ chain, learners: [] }));
    this.moveEpoch({ run: plan.run, servers, placements, workers: [] });
    // Nobody has the curves that it goes on from.
    if (request.history) this.effects.push({ to: null, message: this.progress.metrics(this.roles(), true) });
  }

  private deny(to: NodeId, [text, advice]: Denial): void {
    this.effects.push({ to, message: { kind: 'denied', text, advice } });
  }

  private pause(message: string | null, now: number): void {
    this.progress?.setRunning(false, now);
    this.change({ phase: 'paused', message, clockLimit: Math.min(this.cluster.clockLimit, this.nextChange()) });
  }

  private resume(now: number): void {
    this.delay.reset();
    this.progress?.setRunning(true, now);
    this.change({ phase: 'running', message: null, clockLimit: this.cluster.plan?.steps ?? 0 });
  }

  private stop(now: number): void {
    const hasWorkers = this.cluster.map.workers.length > 0;
    this.progress?.setRunning(hasWorkers, now);
    const clockLimit = Math.min(this.cluster.clockLimit, this.nextChange());
    this.change({ phase: hasWorkers ? 'finishing' : 'stopped', message: null, clockLimit });
  }

  /** A clock that no worker has reached when the change arrives, as far as the scheduler can tell. */
  private nextChange(): number {
    const workers = workerNodes(this.cluster);
    const past = this.cluster.plan?.from?.clock ?? NO_CLOCK;
    const front = Math.max(this.progress?.span(workers).front ?? 0, past);
    const { schedule } = this.cluster;
    const round = schedule.length === 0 ? 1 : localStepsOf(scheduleAt(schedule, Number.POSITIVE_INFINITY));
    return front + 2 * round + Math.ceil((this.progress?.clocksPerSecond(workers) ?? 0) * CHANGE_LEAD_SECONDS);
  }

  private changeConsistency(from: NodeId, consistency: Consistency): void {
    const denial = whyUnfit(this.cluster.plan, consistency);
    if (denial !== null) this.deny(from, denial);
    else this.changeFrom({ consistency });
  }

  private changeFilters(from: NodeId, filters: Filters): void {
    const denial = whyNoFilters(this.cluster.plan, filters);
    if (denial !== null) this.deny(from, denial);
    else this.changeFrom({ filters });
  }

  private changeFrom(change: Partial<ScheduleEntry>, soonest = this.nextChange()): void {
    const { schedule } = this.cluster;
    if (schedule.length === 0) return;
    // Between two rounds, so that no worker is in the middle of one.
    const fromClock = roundEnd(schedule, soonest - 1, Number.POSITIVE_INFINITY) + 1;
    const last = scheduleAt(schedule, Number.POSITIVE_INFINITY);
    this.change({ schedule: [...changeSchedule(schedule, { ...last, ...change, fromClock })] });
  }

  private changePrivacy(from: NodeId, request: Request & { ask: 'privacy' | 'offer' }): void {
    const known = this.nodes.get(from);
    if (known === undefined) return;
    const changed = changePrivacy(this.cluster, isActive(this.cluster), from, request);
    if (!('offers' in changed)) return this.deny(from, changed);
    this.change({ privacy: changed });
    // With other data it may be able to work.
    if (request.ask === 'offer') known.failedRun = 0;
    this.settle();
  }

  private changeRole(from: NodeId, request: Request & { ask: 'role' | 'leave' }): void {
    const known = this.nodes.get(from);
    if (known === undefined) return;
    if (request.ask === 'leave') known.isLeaving = true;
    else {
      known.role = request.role;
      this.change({ roles: withoutRole(this.cluster.roles, from) });
    }
    this.settle();
    this.isChanged = true;
  }

  private changeRatio(request: RatioRequest): void {
    this.assignRoles(rolesAfter(request, this.nodes.willing(this.cluster), this.cluster));
    this.settle();
  }

  private assignRoles(roles: RolePolicy): void {
    for (const { node, role } of roles.assigned) this.nodes.assign(node, role);
    this.change({ roles });
  }

  /** Hears what the advisor makes of the figures, and follows it where that was asked for. */
  private considerRatio(now: number): void {
    const wanted = this.advisor.consider(this.cluster, this.nodes.willing(this.cluster), now);
    if (wanted !== null && this.canDecide) this.changeRatio({ ask: 'ratio', ratio: wanted, isAutomatic: true });
  }

  private takeReport(from: NodeId, report: Report, now: number): void {
    const known = this.nodes.get(from);
    const { plan, phase, holders } = this.cluster;
    if (known === undefined || plan === null || report.run !== plan.run) return;
    this.progress?.take(from, report, now);
    this.auto.take(from, report);
    this.advisor.take(from, report, now);
    this.cuts?.take(from, report.cut);
    if (phase === 'running' && report.worker !== null) this.delay.take(from, report.worker);
    if (this.moves.note(from, report, this.cluster.map)) this.settle();
    this.shutOut(report.hostile);
    if (report.holdsAllBlocks && !holders.includes(from)) this.change({ holders: [...holders, from] });
    if (report.problem !== null && known.failedRun !== plan.run) {
      known.failedRun = plan.run;
      this.settle();
      this.beginWhenReady(now);
    }
    // Of a private run: other files were dropped meanwhile.
    if (report.problem === null && known.failedRun === plan.run && isPrivateRun(plan)) {
      known.failedRun = 0;
      this.settle();
    }
    if (report.isPrepared && known.preparedRun !== plan.run) {
      known.preparedRun = plan.run;
      this.settle();
      this.beginWhenReady(now);
    }
    if (report.divergedAt !== null && phase === 'running') {
      const rate = scheduleAt(this.cluster.schedule, report.divergedAt).learningRate;
      this.pause(
        `The loss is not a number since step ${report.divergedAt}. Lower the learning rate (now ${rate}) and start again.`,
        now,
      );
    }
    this.finishWhenDone(now);
    this.considerCheckpoint(now);
  }

  /** Whom a shard has dropped can't take part: the others would wait for it for ever. */
  private shutOut(hostile: readonly NodeId[]): void {
    const { shutOut } = this.cluster;
    const added = hostile.filter((node) => this.nodes.has(node) && !shutOut.includes(node));
    if (added.length === 0) return;
    this.change({ shutOut: [...shutOut, ...added] });
    this.settle();
  }

  /** Announces the next cut, and a checkpoint that is complete. */
  private considerCheckpoint(now: number): void {
    const { plan, phase, map, schedule, clockLimit, checkpoint } = this.cluster;
    if (plan === null || phase === 'idle' || phase === 'preparing' || phase === 'failed') return;
    const situation = {
      now,
      floor: this.progress?.span(workerNodes(this.cluster)).floor ?? NO_CLOCK,
      soonest: this.nextChange(),
      last: clockLimit - 1,
      segments: map.placements.length,
      isBsp: (clock: number) => scheduleAt(schedule, clock).consistency.kind === 'bsp',
      roundEnd: (clock: number) => roundEnd(schedule, clock, clockLimit),
    };
    const next = this.cuts?.next(checkpoint, situation) ?? checkpoint;
    if (next !== checkpoint) this.change({ checkpoint: next });
  }

  /** Moves a dynamic bound. Shards need not know beforehand, as for them nothing changes: it holds from the next clock on. */
  private considerDelay(now: number): void {
    const { plan, phase, schedule } = this.cluster;
    const newest = schedule.at(-1);
    if (plan === null || phase !== 'running' || newest?.consistency.kind !== 'dynamic') return;
    const { fromClock, consistency } = newest;
    const workers = workerNodes(this.cluster).filter((node) => this.progress?.report(node)?.worker?.isDone === false);
    const delay = this.delay.next({ now, delay: consistency.delay, fromClock, workers, most: plan.steps });
    if (delay === consistency.delay) return;
    const front = this.progress?.span(workers).front ?? NO_CLOCK;
    this.changeFrom({ consistency: { kind: 'dynamic', delay } }, Math.max(fromClock, front + 1));
  }

  /** Training begins when every candidate is prepared, or some are and time is up. */
  private beginWhenReady(now: number): void {
    const { plan, phase } = this.cluster;
    if (phase !== 'preparing' || plan === null) return;
    const candidates = this.nodes.candidates(this.cluster);
    const ready = this.admissible(candidates, plan);
    const isTimeUp = now - this.preparingSince >= PREPARE_TIMEOUT_MS;
    // Every segment needs, with all its copies, the state that the run goes on from.
    if (plan.from !== null && !this.moves.areAllSettled(this.cluster.map.placements)) {
      if (now - this.preparingSince >= RESTORE_TIMEOUT_MS) this.change({ phase: 'failed', message: NOT_RESTORED });
      return;
    }
    if (ready.length === 0 || (ready.length < candidates.length && !isTimeUp)) return;
    this.progress?.setRunning(true, now);
    this.change({ phase: 'running' });
    this.settle();
  }

  private finishWhenDone(now: number): void {
    const { phase, map, plan, clockLimit } = this.cluster;
    if (plan === null || (phase !== 'running' && phase !== 'finishing') || map.workers.length === 0) return;
    if (!map.workers.every(({ node }) => this.progress?.report(node)?.worker?.isDone === true)) return;
    this.progress?.finish();
    this.progress?.closeBuckets(plan.steps, now);
    this.change({ phase: clockLimit >= plan.steps ? 'finished' : 'stopped' });
  }

  private tick(now: number): void {
    this.weighRoles();
    this.beginWhenReady(now);
    this.considerCheckpoint(now);
    this.considerDelay(now);
    const choice = this.auto.consider(this.cluster, now);
    if (choice !== null) this.changeFrom({ filters: { kind: 'auto', choice } });
    this.considerRatio(now);
    if (this.progress === null) return;
    this.progress.closeBuckets(this.progress.span(workerNodes(this.cluster)).floor, now);
    if (now - this.metricsAt < Math.min(METRICS_MAX_MS, METRICS_MS_PER_NODE * this.nodes.size)) return;
    this.metricsAt = now;
    const { advice } = this.advisor;
    const metrics = this.progress.metrics(this.roles(), false);
    this.effects.push({ to: null, message: advice === null ? metrics : { ...metrics, advice } });
  }

  /**
   * Brings map and leases to what nodes, roles and readiness ask for. Changes nothing where nothing follows.
   * @param loss what has just been lost, for the message if that was the last copy of something
   */
  private settle(loss = ''): void {
    const { map, plan } = this.cluster;
    if (plan === null || !this.canDecide) return;
    const kept = rolesWithout(this.cluster.roles, this.nodes.willing(this.cluster));
    if (kept !== null) this.assignRoles(kept);
    const candidates = isActive(this.cluster) ? this.nodes.candidates(this.cluster) : [];
    const holders = this.cluster.leases.map(({ worker }) => worker);
    if (isActive(this.cluster) && (!sameNodes(candidates, holders) || isPrivateRun(plan))) {
      const leases = leaseBlocks(plan, this.cluster.leases, candidates, this.cluster.privacy);
      if (!isSameLeases(leases, this.cluster.leases)) this.change({ leases });
    }
    const isOut = (node: NodeId) => this.cluster.sidelined.some((entry) => entry.node === node && entry.server);
    const trusted = this.nodes.trusted(this.cluster).filter(({ node }) => !isOut(node));
    const servers = chooseServers(trusted, map.servers, plan.replicas);
    const placements = this.moves.next(plan, map, servers, this.conflicts, this.now);
    if (placements === null) return this.pauseForLoss(loss);
    if (this.isLost) this.resumeAfterLoss();
    const change = { servers: [...servers], placements, workers: this.workersOf(plan, candidates) };
    if (!isSameMap(map, change)) this.moveEpoch(change);
  }

  private workersOf(plan: RunPlan, candidates: readonly KnownNode[]): WorkerId[] {
    if (!isActive(this.cluster)) return this.stayingWorkers();
    if (this.cluster.phase === 'preparing') return [];
    return admit(this.cluster.map, this.admissible(candidates, plan));
  }

  /** Who is prepared and reaches every server; who works already is waited for a while when it doesn't. */
  private admissible(candidates: readonly KnownNode[], { run }: RunPlan): KnownNode[] {
    const { servers, workers } = this.cluster.map;
    return candidates.filter(
      ({ node, preparedRun }) =>
        preparedRun === run && (workers.some((worker) => worker.node === node) || this.reach.reaches(node, servers)),
    );
  }

  /** Takes roles from those whom others have waited for long enough, and gives them back. */
  private weighRoles(): void {
    const { cluster } = this;
    if (cluster.plan === null || !this.canDecide) return;
    const conflicts = this.reach.conflicts(this.now);
    const isNew = JSON.stringify(conflicts) !== JSON.stringify(this.conflicts);
    if (!isNew && conflicts.length === 0 && cluster.sidelined.length === 0) return;
    this.conflicts = conflicts;
    const sidelined = sideline(conflicts, {
      nodes: this.nodes.trusted(cluster),
      workers: isActive(cluster) ? this.nodes.able(cluster).map(({ node }) => node) : [],
      map: cluster.map,
      replicas: cluster.plan.replicas,
      sidelined: cluster.sidelined,
    });
    const isSame = JSON.stringify(sidelined) === JSON.stringify(cluster.sidelined);
    if (!isSame) this.change({ sidelined });
    if (!isSame || isNew) this.settle();
  }

  /** Between runs nobody is admitted, and who may work stays, so that nothing moves without need. */
  private stayingWorkers(): WorkerId[] {
    return this.cluster.map.workers.filter(({ node }) => {
      const known = this.nodes.get(node);
      return known !== undefined && mayWork(known);
    });
  }

  private roles(): NodeRole[] {
    const { servers } = this.cluster.map;
    const workers = workerNodes(this.cluster);
    return this.nodes
      .sorted()
      .map(({ node, label }) => ({ node, label, isWorker: workers.includes(node), isServer: servers.includes(node) }));
  }

  /** A new map. The counter never falls, also across terms: it numbers incarnations. */
  private moveEpoch(change: Partial<Omit<ClusterState['map'], 'epoch'>>): void {
    const { map, term } = this.cluster;
    this.moves.reset();
    this.change({ map: { ...map, ...change, epoch: { term, counter: map.epoch.counter + 1 } } });
  }

  private change(change: Partial<ClusterState>): void {
    this.cluster = { ...this.cluster, ...change };
    this.isChanged = true;
  }

  private broadcast(): void {
    this.isChanged = false;
    this.cluster = { ...this.cluster, revision: this.cluster.revision + 1 };
    this.effects.unshift({ to: null, message: this.cluster });
  }
}

const NOT_RESTORED =
  'No tab here has all of the checkpoint any more. Resume again from a tab that has it, or from a file.';

/** What a sentence in a message may have. */
const MAX_SENTENCE = 500;
