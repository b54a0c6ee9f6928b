// The scheduler's part in who serves and who works: brings map and leases to what nodes, roles, readiness and connections
// ask for, epoch by epoch, and says when a run can begin or has lost what it was trained into. Pure.
import type { ClusterState, Report, RunPlan } from '../protocol/control.ts';
import type { NodeId, WorkerId } from '../protocol/ids.ts';
import type { RolePolicy } from '../protocol/ratio.ts';
import { admit, isActive, isSameLeases, isSameMap, leaseBlocks, sameNodes } from './cluster-state.ts';
import { lostInWords } from './lost-segments.ts';
import { isPrivateRun } from './privacy.ts';
import { type RatioRequest, rolesAfter, rolesWithout } from './ratio/role-policy.ts';
import { type Conflict, Reachability, sideline } from './reachability.ts';
import { assignSegments } from './ring.ts';
import { chooseServers, mayWork } from './roles.ts';
import type { KnownNode, RoomNodes } from './room-nodes.ts';
import type { RoomState } from './room-state.ts';
import type { RunSteering } from './run-steering.ts';
import { SegmentMoves } from './segment-moves.ts';
import { cutSegments } from './table.ts';

/** Workers that aren't ready by then join later, so that one slow phone doesn't keep the room from starting. */
export const PREPARE_TIMEOUT_MS = 20_000;

/** A checkpoint that isn't in its places by then never will be: the tab that had it has gone. */
export const RESTORE_TIMEOUT_MS = 60_000;

export class RoomRoles {
  private readonly moves: SegmentMoves;
  private readonly reach: Reachability;
  /** Pairs that the room has waited for long enough. */
  private conflicts: readonly Conflict[] = [];
  private preparingSince: number;
  /** Without signaling a scheduler can't know whether another one was elected: then it moves nothing. */
  canDecide = true;

  constructor(
    private readonly room: RoomState,
    private readonly nodes: RoomNodes,
    private readonly steering: RunSteering,
    now: number,
  ) {
    this.preparingSince = now;
    this.moves = new SegmentMoves(nodes);
    this.reach = new Reachability(room.cluster.sidelined, now);
    this.moveEpoch({});
    this.settle(now);
  }

  private get cluster(): ClusterState {
    return this.room.cluster;
  }

  /** The first map of a run: everybody who may serve does, nobody works yet. */
  begin(plan: RunPlan, nodes: readonly KnownNode[], now: number): void {
    this.preparingSince = now;
    const servers = chooseServers(nodes, [], plan.replicas);
    const chains = assignSegments(servers, cutSegments(plan.tables), plan.replicas);
    const placements = chains.map((chain) => ({ chain, learners: [] }));
    this.moveEpoch({ run: plan.run, servers, placements, workers: [] });
  }

  forget(node: NodeId): void {
    this.moves.forget(node);
    this.reach.forget(node);
  }

  /** Whom a node doesn't reach, whatever run its report is of; a sign of life may be what a segment waits for. */
  hear(from: NodeId, { unreachable }: Report, now: number): void {
    this.nodes.hear(from, now);
    if (this.reach.note(from, unreachable, now) || this.moves.isWaiting) this.settle(now);
  }

  /** What a node reports of this run: settled segments, failures, readiness, whom its shard has dropped. */
  take(known: KnownNode, report: Report, plan: RunPlan, now: number): void {
    const { node, failedRun, preparedRun, steppedRun } = known;
    const { run } = plan;
    if (this.moves.note(node, report, this.cluster.map)) this.settle(now);
    this.shutOut(report.hostile, now);
    if (report.problem !== null && failedRun !== run) {
      known.failedRun = run;
      this.settle(now);
      this.beginWhenReady(now);
    }
    // Of a private run: other files were dropped meanwhile.
    if (report.problem === null && failedRun === run && isPrivateRun(plan)) {
      known.failedRun = 0;
      this.settle(now);
    }
    if ((report.worker?.samples ?? 0) > 0 && steppedRun !== run) {
      known.steppedRun = run;
      this.settle(now);
    }
    if (report.isPrepared && preparedRun !== run) {
      known.preparedRun = run;
      this.settle(now);
      this.beginWhenReady(now);
    }
  }

  tick(now: number): void {
    this.weigh(now);
    this.beginWhenReady(now);
  }

  /**
   * Brings map and leases to what nodes, roles and readiness ask for. Changes nothing where nothing follows.
   * @param loss what has just been lost, for the message if that was the last copy of something
   */
  settle(now: number, loss = ''): void {
    const { map, plan } = this.cluster;
    if (plan === null || !this.canDecide) return;
    const kept = rolesWithout(this.cluster.roles, this.nodes.willing(this.cluster));
    if (kept !== null) this.assign(kept);
    const candidates = isActive(this.cluster) ? this.nodes.candidates(this.cluster) : [];
    const holders = this.cluster.leases.map(({ worker }) => worker);
    if (isActive(this.cluster) && (!sameNodes(candidates, holders) || isPrivateRun(plan))) {
      const leases = leaseBlocks(plan, this.cluster.leases, candidates, this.cluster.privacy);
      if (!isSameLeases(leases, this.cluster.leases)) this.room.change({ leases });
    }
    const servers = chooseServers(this.nodes.servers(this.cluster), map.servers, plan.replicas);
    const placements = this.moves.next(plan, map, servers, this.conflicts, now);
    if (placements === null) return this.pauseForLoss(loss, now);
    this.resumeAfterLoss(now);
    const change = { servers: [...servers], placements, workers: this.workersOf(plan, candidates) };
    if (!isSameMap(map, change)) this.moveEpoch(change);
  }

  changeRatio(request: RatioRequest, now: number): void {
    this.assign(rolesAfter(request, this.nodes.willing(this.cluster), this.cluster));
    this.settle(now);
  }

  private assign(roles: RolePolicy): void {
    for (const { node, role } of roles.assigned) this.nodes.assign(node, role);
    this.room.change({ roles });
  }

  /** Some segment has no copy that can be reached. If its node was only cut off and comes back, the run goes on. */
  private pauseForLoss(loss: string, now: number): void {
    const { plan, map, checkpoint, phase } = this.cluster;
    if (!isActive(this.cluster) || plan === null) return;
    this.steering.progress?.setRunning(false, now);
    const newest = checkpoint.newest ?? plan.from;
    const what = lostInWords(plan.tables, map.placements, (node) => this.nodes.has(node));
    const advice = newest === null ? 'Start again.' : `Resume from step ${newest.clock + 1}, or start again.`;
    const text = `The last copy of ${what} is lost: ${loss || 'its server has gone'}. ${advice}`;
    this.room.change({ phase: 'failed', lostIn: phase, message: text.slice(0, MAX_SENTENCE) });
  }

  private resumeAfterLoss(now: number): void {
    const { lostIn } = this.cluster;
    if (lostIn === null) return;
    this.steering.progress?.setRunning(lostIn === 'running' || lostIn === 'finishing', now);
    this.room.change({ phase: lostIn, lostIn: null, message: null });
  }

  /** Whom a shard has dropped can't take part: the others would wait for it for ever. */
  private shutOut(hostile: readonly NodeId[], now: number): void {
    const { shutOut } = this.cluster;
    const added = hostile.filter((node) => this.nodes.has(node) && !shutOut.includes(node));
    if (added.length === 0) return;
    this.room.change({ shutOut: [...shutOut, ...added] });
    this.settle(now);
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
      if (now - this.preparingSince >= RESTORE_TIMEOUT_MS) this.room.change({ phase: 'failed', message: NOT_RESTORED });
      return;
    }
    if (ready.length === 0 || (ready.length < candidates.length && !isTimeUp)) return;
    this.steering.progress?.setRunning(true, now);
    this.room.change({ phase: 'running' });
    this.settle(now);
  }

  private workersOf(plan: RunPlan, candidates: readonly KnownNode[]): WorkerId[] {
    if (!isActive(this.cluster)) return this.stayingWorkers();
    if (this.cluster.phase === 'preparing') return [];
    return admit(this.cluster.map, this.admissible(candidates, plan));
  }

  /** Who is prepared and reaches every server; who works already is waited for a while when it doesn't. */
  private admissible(candidates: readonly KnownNode[], { run }: RunPlan): KnownNode[] {
    const { servers, workers } = this.cluster.map;
    const working = new Set(workers.map(({ node }) => node));
    return candidates.filter(
      ({ node, preparedRun }) => preparedRun === run && (working.has(node) || this.reach.reaches(node, servers)),
    );
  }

  /** Takes roles from those whom others have waited for long enough, and gives them back. */
  private weigh(now: number): void {
    const { cluster } = this;
    if (cluster.plan === null || !this.canDecide) return;
    const conflicts = this.reach.conflicts(now);
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
    if (!isSame) this.room.change({ sidelined });
    if (!isSame || isNew) this.settle(now);
  }

  /** Between runs nobody is admitted, and who may work stays, so that nothing moves without need. */
  private stayingWorkers(): WorkerId[] {
    return this.cluster.map.workers.filter(({ node }) => {
      const known = this.nodes.get(node);
      return known !== undefined && mayWork(known);
    });
  }

  private moveEpoch(change: Partial<Omit<ClusterState['map'], 'epoch'>>): void {
    this.moves.reset();
    this.room.moveEpoch(change);
  }
}

const NOT_RESTORED =
  'No tab here has all of the checkpoint any more. Resume again from a tab that has it, or from a file.';

/** What a sentence in a message may have. */
const MAX_SENTENCE = 500;
