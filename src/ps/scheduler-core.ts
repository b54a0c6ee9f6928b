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
import { compareEpochs, NO_CLOCK, NO_EPOCH, type NodeId, type WorkerId } from '../protocol/ids.ts';
import { CheckpointCuts } from './checkpoint-cuts.ts';
import type { Placement } from './cluster-map.ts';
import { type Consistency, changeSchedule, scheduleAt } from './consistency.ts';
import { expandRuns, rebalance, toRuns } from './leases.ts';
import { lostInWords } from './lost-segments.ts';
import { isSamePlacement, nextPlacement } from './placement.ts';
import { assignSegments } from './ring.ts';
import { chooseServers, mayWork } from './roles.ts';
import { type NodeRole, RunProgress } from './run-progress.ts';
import { cutSegments } from './table.ts';

/** Workers that aren't ready by then join later, so that one slow phone doesn't keep the room from starting. */
export const PREPARE_TIMEOUT_MS = 20_000;

/** Reports come four times a second: who missed two may be dead, though nobody has noticed. */
const FRESH_MS = 500;

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

/** A node as it introduces itself. */
export interface NodeIntroduction {
  readonly node: NodeId;
  readonly label: string;
  readonly role: RoleChoice;
}

interface KnownNode extends NodeIntroduction {
  role: RoleChoice;
  isLeaving: boolean;
  /** Number of the run that it is ready for. */
  preparedRun: number;
  /** Number of the run in which its part has failed. */
  failedRun: number;
}

const EMPTY_MAP_STATE: ClusterState['map'] = { epoch: NO_EPOCH, run: 0, servers: [], placements: [], workers: [] };

/** What a room is before its first run. */
export function emptyCluster(scheduler: NodeId, term: number): ClusterState {
  return {
    kind: 'cluster',
    term,
    revision: 0,
    scheduler,
    phase: 'idle',
    message: null,
    map: EMPTY_MAP_STATE,
    plan: null,
    schedule: [],
    clockLimit: 0,
    leases: [],
    holders: [],
    shutOut: [],
    checkpoint: { cutAt: null, newest: null },
  };
}

export class SchedulerCore {
  private cluster: ClusterState;
  private readonly nodes = new Map<NodeId, KnownNode>();
  private progress: RunProgress | null = null;
  private cuts: CheckpointCuts | null = null;
  /** Segments (indexes) that each owner has reported as settled in the newest epoch. */
  private readonly settled = new Map<NodeId, ReadonlySet<number>>();
  private preparingSince = 0;
  private effects: SchedulerEffect[] = [];
  private isChanged = false;
  private metricsAt = Number.NEGATIVE_INFINITY;
  /** When each node introduced itself or reported last: the newest proof that it lives. */
  private readonly heardAt = new Map<NodeId, number>();
  /** A segment waits for a sign of life of those who would be its only copies. */
  private isWaiting = false;
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
    const working = new Set(this.workerNodes());
    for (const introduction of [...this.presumed(), ...known]) {
      const preparedRun = working.has(introduction.node) ? last.map.run : 0;
      this.nodes.set(introduction.node, { ...introduction, isLeaving: false, preparedRun, failedRun: 0 });
    }
    this.moveEpoch({});
    this.settle();
  }

  /** Nodes of the map that haven't introduced themselves yet: they stay what they are until they are gone. */
  private presumed(): NodeIntroduction[] {
    const { map } = this.cluster;
    const working = new Set(this.workerNodes());
    return [...new Set([...map.servers, ...working])].map((node) => {
      const isServer = map.servers.includes(node);
      const role = isServer ? (working.has(node) ? 'auto' : 'server') : 'worker';
      return { node, label: 'a tab', role };
    });
  }

  /** Every node it counts on, whether it has introduced itself or not. */
  get members(): NodeId[] {
    return [...this.nodes.keys()];
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
        if (this.nodes.has(event.from)) this.heardAt.set(event.from, now);
        if (this.isWaiting) this.settle();
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

  private addNode({ node, label, role }: SchedulerEvent & { kind: 'node' }): void {
    const known = this.nodes.get(node);
    this.heardAt.set(node, this.now);
    this.nodes.set(node, { node, label, role, isLeaving: false, preparedRun: known?.preparedRun ?? 0, failedRun: 0 });
    this.settle();
    this.isChanged = true;
    if (this.progress !== null) this.effects.push({ to: node, message: this.progress.metrics(this.roles(), true) });
  }

  private loseNode(node: NodeId, reason: string): void {
    const label = this.nodes.get(node)?.label ?? 'a tab';
    this.nodes.delete(node);
    this.heardAt.delete(node);
    this.progress?.forget(node);
    this.cuts?.forget(node);
    this.settled.delete(node);
    this.change({ holders: this.cluster.holders.filter((holder) => holder !== node) });
    this.settle(`node ${node} (${label}) ${reason}`);
  }

  private get isActive(): boolean {
    return ['preparing', 'running', 'paused', 'finishing'].includes(this.cluster.phase);
  }

  /** Some segment has no copy that can be reached. If its node was only cut off and comes back, the run goes on. */
  private pauseForLoss(loss: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.progress?.setRunning(false, this.now);
    const { plan, map, checkpoint } = this.cluster;
    if (!this.isActive || plan === null) return;
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
        if (this.isActive) this.stop(now);
        return;
      case 'checkpoint':
        this.cuts?.ask();
        return this.considerCheckpoint(now);
      case 'consistency':
        if (isUnfit(this.cluster.plan, request.consistency)) return this.deny(from, ...NEEDS_BSP);
        return this.changeFrom({ consistency: request.consistency });
      case 'learning-rate':
        return this.changeFrom({ learningRate: request.learningRate });
      case 'filters':
        return this.changeFrom({ filters: request.filters });
      case 'role':
      case 'leave':
        return this.changeRole(from, request);
      default:
        request satisfies never;
    }
  }

  private start(from: NodeId, request: Request & { ask: 'start' }, now: number): void {
    if (this.isActive) return this.deny(from, 'A run is going on.', 'Stop it before you start another.');
    const nodes = [...this.nodes.values()].sort((a, b) => a.node - b.node);
    if (!nodes.some(mayWork))
      return this.deny(from, 'No tab may work.', 'Set the role of a tab to auto, worker or both.');
    if (isUnfit(request.plan, request.consistency)) return this.deny(from, ...NEEDS_BSP);
    const servers = chooseServers(nodes, [], request.plan.replicas);
    if (servers.length === 0)
      return this.deny(from, 'No tab may serve.', 'Set the role of a tab to auto, server or both.');
    const plan: RunPlan = { ...request.plan, run: (this.cluster.plan?.run ?? 0) + 1 };
    const { consistency, learningRate, filters } = request;
    const past = plan.from?.clock ?? NO_CLOCK;
    this.progress = new RunProgress(plan, request.history ? { ...request.history, run: plan.run, clock: past } : null);
    this.cuts = new CheckpointCuts(plan.checkpoint, past, now);
    this.isLost = false;
    this.preparingSince = now;
    this.change({
      phase: 'preparing',
      message: null,
      plan,
      schedule: plan.from?.schedule ?? [
        { fromClock: 0, consistency, learningRate, ...(filters === undefined ? {} : { filters }) },
      ],
      checkpoint: { cutAt: null, newest: null },
      clockLimit: plan.steps,
      leases: this.lease(plan, [], nodes.filter(mayWork)),
      shutOut: [],
      holders: plan.data.source.kind === 'blocks' ? [from] : [],
    });
    const chains = assignSegments(servers, cutSegments(plan.tables), plan.replicas);
    const placements = chains.map((chain) => ({ chain, learners: [] }));
    this.moveEpoch({ run: plan.run, servers, placements, workers: [] });
    // Nobody has the curves that it goes on from.
    if (request.history) this.effects.push({ to: null, message: this.progress.metrics(this.roles(), true) });
  }

  private deny(to: NodeId, text: string, advice: string): void {
    this.effects.push({ to, message: { kind: 'denied', text, advice } });
  }

  private pause(message: string | null, now: number): void {
    this.progress?.setRunning(false, now);
    this.change({ phase: 'paused', message, clockLimit: Math.min(this.cluster.clockLimit, this.nextChange()) });
  }

  private resume(now: number): void {
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
    const workers = this.workerNodes();
    const past = this.cluster.plan?.from?.clock ?? NO_CLOCK;
    const front = Math.max(this.progress?.span(workers).front ?? 0, past);
    return front + 2 + Math.ceil((this.progress?.clocksPerSecond(workers) ?? 0) * CHANGE_LEAD_SECONDS);
  }

  private changeFrom(change: { consistency?: Consistency; learningRate?: number; filters?: Filters }): void {
    const { schedule } = this.cluster;
    if (schedule.length === 0) return;
    const fromClock = this.nextChange();
    const last = scheduleAt(schedule, Number.POSITIVE_INFINITY);
    this.change({ schedule: [...changeSchedule(schedule, { ...last, ...change, fromClock })] });
  }

  private changeRole(from: NodeId, request: Request & { ask: 'role' | 'leave' }): void {
    const known = this.nodes.get(from);
    if (known === undefined) return;
    if (request.ask === 'leave') known.isLeaving = true;
    else known.role = request.role;
    this.settle();
    this.isChanged = true;
  }

  private takeReport(from: NodeId, report: Report, now: number): void {
    const known = this.nodes.get(from);
    const { plan, phase, holders } = this.cluster;
    if (known === undefined || plan === null || report.run !== plan.run) return;
    this.progress?.take(from, report, now);
    this.cuts?.take(from, report.cut);
    this.noteSettled(from, report);
    this.shutOut(report.hostile);
    if (report.holdsAllBlocks && !holders.includes(from)) this.change({ holders: [...holders, from] });
    if (report.problem !== null && known.failedRun !== plan.run) {
      known.failedRun = plan.run;
      this.settle();
      this.beginWhenReady(now);
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
      floor: this.progress?.span(this.workerNodes()).floor ?? NO_CLOCK,
      soonest: this.nextChange(),
      last: clockLimit - 1,
      segments: map.placements.length,
      isBsp: (clock: number) => scheduleAt(schedule, clock).consistency.kind === 'bsp',
    };
    const next = this.cuts?.next(checkpoint, situation) ?? checkpoint;
    if (next !== checkpoint) this.change({ checkpoint: next });
  }

  /** What is settled counts only for the map of now: the next step builds on it. */
  private noteSettled(from: NodeId, { epoch, settled }: Report): void {
    if (compareEpochs(epoch, this.cluster.map.epoch) !== 0) return;
    const old = this.settled.get(from);
    if (old !== undefined && old.size === settled.length) return;
    this.settled.set(from, new Set(settled));
    this.settle();
  }

  /** Training begins when every candidate is prepared, or some are and time is up. */
  private beginWhenReady(now: number): void {
    const { plan, phase } = this.cluster;
    if (phase !== 'preparing' || plan === null) return;
    const candidates = this.candidates();
    const ready = candidates.filter(({ preparedRun }) => preparedRun === plan.run);
    const isTimeUp = now - this.preparingSince >= PREPARE_TIMEOUT_MS;
    if (plan.from !== null && !this.isRestored()) {
      if (now - this.preparingSince >= RESTORE_TIMEOUT_MS) this.change({ phase: 'failed', message: NOT_RESTORED });
      return;
    }
    if (ready.length === 0 || (ready.length < candidates.length && !isTimeUp)) return;
    this.progress?.setRunning(true, now);
    this.change({ phase: 'running' });
    this.settle();
  }

  /** Has every segment, with all its copies, the state that the run goes on from? */
  private isRestored(): boolean {
    return this.cluster.map.placements.every(({ chain: [owner] }, index) => {
      return owner !== undefined && this.settled.get(owner)?.has(index) === true;
    });
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
    this.beginWhenReady(now);
    this.considerCheckpoint(now);
    if (this.progress === null) return;
    this.progress.closeBuckets(this.progress.span(this.workerNodes()).floor, now);
    if (now - this.metricsAt < Math.min(METRICS_MAX_MS, METRICS_MS_PER_NODE * this.nodes.size)) return;
    this.metricsAt = now;
    this.effects.push({ to: null, message: this.progress.metrics(this.roles(), false) });
  }

  /**
   * Brings map and leases to what nodes, roles and readiness ask for. Changes nothing where nothing follows.
   * @param loss what has just been lost, for the message if that was the last copy of something
   */
  private settle(loss = ''): void {
    const { map, plan, phase } = this.cluster;
    if (plan === null || !this.canDecide) return;
    const nodes = [...this.nodes.values()].sort((a, b) => a.node - b.node);
    const candidates = this.isActive ? this.candidates() : [];
    const holders = this.cluster.leases.map(({ worker }) => worker);
    if (this.isActive && !sameNodes(candidates, holders)) {
      this.change({ leases: this.lease(plan, this.cluster.leases, candidates) });
    }
    const trusted = nodes.filter(({ node }) => !this.cluster.shutOut.includes(node));
    const servers = chooseServers(trusted, map.servers, plan.replicas);
    const placements = this.place(plan, servers);
    if (placements === null) return this.pauseForLoss(loss);
    if (this.isLost) this.resumeAfterLoss();
    const workers = this.isActive
      ? phase === 'preparing'
        ? []
        : this.admit(candidates, plan.run)
      : this.stayingWorkers();
    const isSame =
      sameNodes(servers, map.servers) &&
      sameNodes(workers, map.workers) &&
      placements.every((placement, index) => isSameAs(placement, map.placements[index]));
    if (!isSame) this.moveEpoch({ servers: [...servers], placements, workers });
  }

  /** The next step of every segment towards where it should be, or null when some segment has no copy left. */
  private place(plan: RunPlan, servers: readonly NodeId[]): ClusterState['map']['placements'] | null {
    const { map } = this.cluster;
    const ranges = cutSegments(plan.tables);
    const wanted = assignSegments(servers, ranges, plan.replicas);
    const isAlive = (node: NodeId) => this.nodes.has(node);
    const placements: ClusterState['map']['placements'] = [];
    this.isWaiting = false;
    for (const [index, current] of map.placements.entries()) {
      const [owner] = current.chain;
      const isSettled = owner !== undefined && (this.settled.get(owner)?.has(index) ?? false);
      const next = this.keepProven(current, nextPlacement(current, wanted[index] ?? [], isAlive, isSettled));
      if (next === null) return null;
      placements.push({ chain: [...next.chain], learners: [...next.learners] });
    }
    return placements;
  }

  /**
   * Who is dropped from a chain has a copy that is worth nothing from then on, and may only have been cut off. So one of
   * those who stay must have shown that it lives; else the segment waits until it does, or is gone too.
   */
  private keepProven(current: Placement, next: Placement | null): Placement | null {
    if (next === null || next.chain.some((node) => this.isFresh(node))) return next;
    if (current.chain.every((node) => next.chain.includes(node))) return next;
    this.isWaiting = true;
    return current;
  }

  private isFresh(node: NodeId): boolean {
    return this.now - (this.heardAt.get(node) ?? Number.NEGATIVE_INFINITY) <= FRESH_MS;
  }

  /** Between runs nobody is admitted, and who may work stays, so that nothing moves without need. */
  private stayingWorkers(): WorkerId[] {
    return this.cluster.map.workers.filter(({ node }) => {
      const known = this.nodes.get(node);
      return known !== undefined && mayWork(known);
    });
  }

  /** Who may work and hasn't said that it can't: the others must not wait for a tab whose part has failed. */
  private candidates(): KnownNode[] {
    const run = this.cluster.plan?.run;
    const { shutOut } = this.cluster;
    const able = [...this.nodes.values()].filter(
      (known) => mayWork(known) && known.failedRun !== run && !shutOut.includes(known.node),
    );
    return able.sort((a, b) => a.node - b.node);
  }

  /** Workers that are there keep their incarnation; newcomers get the counter of the epoch that admits them. */
  private admit(candidates: readonly KnownNode[], run: number): WorkerId[] {
    const { map } = this.cluster;
    const incarnation = map.epoch.counter + 1;
    return candidates
      .filter(({ preparedRun }) => preparedRun === run)
      .map(({ node }) => map.workers.find((worker) => worker.node === node) ?? { node, incarnation });
  }

  private lease(
    plan: RunPlan,
    previous: ClusterState['leases'],
    candidates: readonly KnownNode[],
  ): ClusterState['leases'] {
    const { blocks, blockSamples, samples } = plan.data.train;
    const sizes = Array.from({ length: blocks }, (_, block) => Math.min(blockSamples, samples - block * blockSamples));
    const before = new Map(previous.map(({ worker, runs }) => [worker, expandRuns(runs, blocks)]));
    const after = rebalance(
      before,
      sizes,
      candidates.map(({ node }) => node),
    );
    return candidates.map(({ node }) => ({ worker: node, runs: toRuns(after.get(node) ?? []) }));
  }

  private workerNodes(): NodeId[] {
    return this.cluster.map.workers.map(({ node }) => node);
  }

  private roles(): NodeRole[] {
    const { servers } = this.cluster.map;
    const workers = this.workerNodes();
    return [...this.nodes.values()]
      .sort((a, b) => a.node - b.node)
      .map(({ node, label }) => ({ node, label, isWorker: workers.includes(node), isServer: servers.includes(node) }));
  }

  /** A new map. The counter never falls, also across terms: it numbers incarnations. */
  private moveEpoch(change: Partial<Omit<ClusterState['map'], 'epoch'>>): void {
    const { map, term } = this.cluster;
    this.settled.clear();
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

/** The same nodes in the same order, whatever else is known of them. */
function sameNodes(a: readonly (NodeId | { node: NodeId })[], b: readonly (NodeId | { node: NodeId })[]): boolean {
  const idOf = (item: NodeId | { node: NodeId } | undefined) => (typeof item === 'object' ? item.node : item);
  return a.length === b.length && a.every((item, index) => idOf(item) === idOf(b[index]));
}

const NOT_RESTORED =
  'No tab here has all of the checkpoint any more. Resume again from a tab that has it, or from a file.';

/** What a sentence in a message may have. */
const MAX_SENTENCE = 500;

const isSameAs = (placement: Placement, other: Placement | undefined): boolean =>
  other !== undefined && isSamePlacement(placement, other);

/** A robust rule compares the pushes of one clock: outside BSP each is applied on arrival, and nothing would be compared. */
const isUnfit = (plan: Pick<RunPlan, 'aggregator'> | null, consistency: Consistency): boolean =>
  (plan?.aggregator?.kind ?? 'mean') !== 'mean' && consistency.kind !== 'bsp';

const NEEDS_BSP = [
  'This run compares the gradients of each clock.',
  'Choose BSP, or the mean as its aggregator.',
] as const;
