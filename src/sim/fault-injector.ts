// Commits the faults of a history: picks who is hit among those who are there, and leaves out what would destroy the last
// copy of something, for no system could survive that.
import type { ClusterState, RoleChoice } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { isServing } from '../ps/cluster-map.ts';
import { hash32 } from '../random.ts';
import type { Fault } from './faults.ts';
import type { Network } from './network.ts';
import type { VirtualSignaling } from './signaling.ts';
import type { SimNode } from './sim-node.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A kill that waits for its moment (a migration, an election) waits no longer, and looks this often. */
const AMBUSH_MS = 2_000;
const LOOK_MS = 1;

/** A polite leaver goes when nothing is placed on it any more, or when its person's patience is over. */
const PATIENCE_MS = 10_000;
const LEAVE_POLL_MS = 50;

/** A pair kept apart for so long is kept apart for ever. */
const FOR_EVER_FROM_MS = 4_000;

/** In steps of so much: a new scheduler is one before anybody takes the other for gone. */
const BLOCK_MS = 500;

/** How much a room may grow by joins. */
const MAX_GROWTH = 3;

/** The room that is hit. */
export interface Target {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly signaling: VirtualSignaling;
  /** Nodes at the start. */
  readonly startNodes: number;
  /** Nodes that were ever there. */
  readonly nodeCount: number;
  readonly cluster: ClusterState | null;
  alive(): SimNode[];
  add(role: RoleChoice): void;
  /** Its person changes how the room trains. @returns false where there is nothing to change */
  steer(node: SimNode, pick: number): boolean;
  trace(line: string): void;
}

export class FaultInjector {
  private readonly leaving = new Set<SimNode>();
  /** Kills that wait for their moment. */
  private waiting = 0;
  committed = 0;

  constructor(private readonly room: Target) {}

  /** Is nothing more to come of the faults so far? */
  get isIdle(): boolean {
    return this.waiting === 0;
  }

  commit(fault: Fault): void {
    if (this.act(fault)) this.committed++;
  }

  /** @returns false where the fault can't be had now: nobody to kill, or it would be the last copy of something */
  private act({ kind, pick, otherPick, durationMs }: Fault): boolean {
    const { room } = this;
    const alive = room.alive();
    const one = alive[Math.floor(pick * alive.length)];
    const other = alive[Math.floor(otherPick * alive.length)];
    if (one === undefined || other === undefined) return false;
    switch (kind) {
      case 'kill-server':
        return this.kill(this.pickServer(pick));
      case 'kill-worker':
        return this.kill(this.pickOf(pick, (node) => node.worker !== null));
      case 'kill-scheduler':
        return this.kill(alive.find((node) => node.core.isScheduler));
      case 'kill-in-migration':
        return this.ambush(() => this.killInMigration(pick, otherPick));
      case 'kill-in-election':
        return this.killInElection(pick, otherPick);
      case 'join':
        return this.join(otherPick < 0.5 ? 'both' : otherPick < 0.8 ? 'server' : 'worker');
      case 'join-server':
        return this.join('server');
      case 'leave':
        return this.leave(one);
      case 'leave-server':
        return this.leave(this.pickServer(pick));
      case 'break':
      case 'break-late':
        room.trace(`${kind} ${one.self}–${other.self}`);
        room.network.cut(one.self, other.self, kind === 'break-late');
        return true;
      case 'stall':
        room.trace(`stall ${one.self}→${other.self} ${durationMs} ms`);
        if (one !== other) room.network.stall(one.self, other.self, durationMs);
        return one !== other;
      case 'unreachable':
        return this.keepApart(one, other, durationMs);
      case 'dead-link':
        room.trace(`dead-link ${one.self}–${other.self}`);
        room.network.killBulk(one.self, other.self);
        return true;
      case 'partition':
      case 'partition-one-way':
        return this.partition(Math.floor(pick * 2 ** 32), durationMs, kind === 'partition-one-way');
      case 'cut-off':
        return this.cutOff(one, durationMs);
      case 'freeze':
        room.trace(`freeze ${one.self} ${durationMs} ms`);
        one.frozen.last(durationMs);
        room.time.after(durationMs, () => room.network.backOff(one.self, durationMs));
        return true;
      case 'busy-page':
        room.trace(`busy-page ${one.self} ${durationMs} ms`);
        one.busy.last(durationMs);
        return true;
      case 'steer':
        return room.steer(one, pick);
      case 'slow':
        room.trace(`slow ${one.self} ${durationMs} ms`);
        one.slowUntil = Math.max(one.slowUntil, room.time.now + durationMs);
        return true;
      case 'signaling':
        return this.stopSignaling(durationMs);
      default:
        return kind satisfies never;
    }
  }

  private pickOf(pick: number, isMeant: (node: SimNode) => boolean): SimNode | undefined {
    const candidates = this.room.alive().filter(isMeant);
    return candidates[Math.floor(pick * candidates.length)];
  }

  private pickServer(pick: number): SimNode | undefined {
    return this.pickOf(pick, ({ self }) => this.room.cluster?.map.servers.includes(self) ?? false);
  }

  private join(role: RoleChoice): boolean {
    if (this.room.nodeCount >= MAX_GROWTH * this.room.startNodes) return false;
    this.room.add(role);
    return true;
  }

  /** Would every segment keep a copy in its chain on a node that lives and can act, and would there be a worker left? */
  private canSpare(node: SimNode): boolean {
    const { room } = this;
    const others = room.alive().filter((other) => other !== node && !other.isStill && !this.leaving.has(other));
    const live = new Set(others.map(({ self }) => self));
    const scheduler = room.cluster?.scheduler;
    const canAct = (member: NodeId) =>
      live.has(member) &&
      (scheduler === undefined || scheduler === member || room.network.isFlowing(scheduler, member));
    const { plan, map } = room.cluster ?? {};
    // Without replicas the owner may be the only one by the time that the others hear of its death.
    const keepsCopies = map?.placements.every(({ chain }) =>
      plan?.replicas === 0 ? !chain.includes(node.self) : chain.some(canAct),
    );
    return keepsCopies === true && others.some(({ worker }) => worker !== null) && others.length >= 2;
  }

  private kill(node: SimNode | undefined): boolean {
    if (node === undefined || !node.isAlive || !this.canSpare(node)) return false;
    this.room.trace(`kill ${node.self}`);
    this.bury(node, 'closed');
    return true;
  }

  /** Kills a node, whatever comes of it. */
  crash(id: NodeId): void {
    const node = this.room.alive().find(({ self }) => self === id);
    if (node !== undefined) this.bury(node, 'closed');
  }

  private bury(node: SimNode, reason: 'leave' | 'closed'): void {
    node.isAlive = false;
    node.worker?.end();
    if (reason === 'leave') node.line.client.leave();
    else node.line.crash();
    this.room.network.forget(node.self);
  }

  /** The page of a node loads anew: who it was is gone. */
  reload(node: SimNode): void {
    this.bury(node, 'leave');
  }

  /** Tries again and again until the moment has come. */
  private ambush(attempt: () => boolean): boolean {
    const { time } = this.room;
    const deadline = time.now + AMBUSH_MS;
    const look = () => {
      if (attempt()) this.committed++;
      else if (time.now < deadline) {
        time.after(LOOK_MS, look);
        return;
      }
      this.waiting--;
    };
    this.waiting++;
    look();
    return false;
  }

  /** Kills the owner of a segment that has learners, one of the learners, or the scheduler that moves it. */
  private killInMigration(pick: number, otherPick: number): boolean {
    const moving = this.room.cluster?.map.placements.filter(({ learners }) => learners.length > 0) ?? [];
    const segment = moving[Math.floor(pick * moving.length)];
    if (segment === undefined) return false;
    const victims = [segment.chain[0], segment.learners[0], this.room.cluster?.scheduler];
    const victim = victims[Math.floor(otherPick * victims.length)];
    return this.kill(this.room.alive().find(({ self }) => self === victim));
  }

  /** Kills the scheduler, then the next one while it still asks the others, or a server just then. */
  private killInElection(pick: number, otherPick: number): boolean {
    if (!this.kill(this.room.alive().find((node) => node.core.isScheduler))) return false;
    this.ambush(() => {
      const next = this.room.alive().find((node) => node.core.isElecting);
      return next !== undefined && this.kill(otherPick < 0.5 ? next : this.pickServer(pick));
    });
    return true;
  }

  private partition(seed: number, durationMs: number, isOneWay: boolean): boolean {
    const { room } = this;
    const nodes = room.alive().map(({ self }) => self);
    const group = nodes.filter((node) => hash32(seed, node) % 2 === 0);
    const rest = nodes.filter((node) => !group.includes(node));
    if (group.length === 0 || rest.length === 0) return false;
    room.trace(`partition ${group.join(',')} ${isOneWay ? '→' : '|'} ${rest.join(',')} ${durationMs} ms`);
    for (const from of group) {
      for (const to of rest) {
        room.network.stall(from, to, durationMs);
        if (!isOneWay) room.network.stall(to, from, durationMs);
      }
    }
    return true;
  }

  /** Any two but the scheduler, whom both must reach. */
  private keepApart(one: SimNode, other: SimNode, durationMs: number): boolean {
    const { room } = this;
    if (one === other || [one, other].some(({ core }) => core.isScheduler)) return false;
    const isForEver = durationMs >= FOR_EVER_FROM_MS;
    room.trace(`unreachable ${one.self}–${other.self} ${isForEver ? 'for ever' : `${durationMs} ms`}`);
    this.blockUntil(one, other, isForEver ? Number.POSITIVE_INFINITY : room.time.now + durationMs);
    return true;
  }

  /** A scheduler reaches everybody, or it isn't one for them: where one of the two becomes it, they connect. */
  private blockUntil(one: SimNode, other: SimNode, endMs: number): void {
    const { time, network } = this.room;
    const isOver = !one.isAlive || !other.isAlive || one.core.isElecting || other.core.isElecting;
    if (isOver || one.core.isScheduler || other.core.isScheduler || time.now >= endMs) return;
    network.block(one.self, other.self, Math.min(BLOCK_MS, endMs - time.now));
    time.after(BLOCK_MS, () => this.blockUntil(one, other, endMs));
  }

  /** It is taken for gone before the others have heard of those who are. */
  private cutOff(node: SimNode, durationMs: number): boolean {
    const { room } = this;
    if (!this.canSpare(node)) return false;
    room.trace(`cut-off ${node.self} ${durationMs} ms`);
    for (const { self } of room.alive()) {
      if (self === node.self) continue;
      room.network.stall(self, node.self, durationMs);
      room.network.stall(node.self, self, durationMs);
    }
    node.line.cut();
    room.time.after(durationMs, () => node.line.restore());
    return true;
  }

  /** Asks to leave, and goes when nothing is placed on it any more. */
  private leave(node: SimNode | undefined): boolean {
    if (node === undefined || this.leaving.has(node) || !this.canSpare(node)) return false;
    this.leaving.add(node);
    this.room.trace(`${node.self} asks to leave`);
    node.on(() => node.step({ kind: 'request', request: { ask: 'leave' } }));
    this.departWhenFree(node, this.room.time.now + PATIENCE_MS);
    return true;
  }

  private departWhenFree(node: SimNode, deadline: number): void {
    if (!node.isAlive) return;
    const map = node.core.newest?.map;
    const isNeeded =
      map !== undefined && (isServing(map, node.self) || map.workers.some((worker) => worker.node === node.self));
    if (isNeeded) {
      const { time } = this.room;
      if (time.now < deadline) time.after(LEAVE_POLL_MS, () => this.departWhenFree(node, deadline));
      return;
    }
    this.room.trace(`${node.self} leaves`);
    this.bury(node, 'leave');
  }

  private stopSignaling(durationMs: number): boolean {
    const { room } = this;
    if (!room.signaling.isUp) return false;
    room.trace(`signaling away for ${durationMs} ms`);
    room.signaling.stop();
    room.time.after(durationMs, () => room.signaling.restart());
    return true;
  }
}
