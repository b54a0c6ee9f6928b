// One tab's part in the room, as a state machine: who is there, who schedules, what the newest cluster state is; and the
// scheduler itself when its turn comes. Pure: the page runs it on a mesh and a signaling client, the simulator on virtual
// ones.

import { applyChange, type ClusterChange, type StateVersion, UnfitChange } from '../protocol/cluster-change.ts';
import type { ClusterState, ControlMessage, Metrics, Report, Request, RoleChoice } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_ROOM_NODES, PROTOCOL_VERSION } from '../protocol/limits.ts';
import { ClusterTeller } from './cluster-teller.ts';
import { ConnectionHealth, LONG_SLEEP_MS } from './connection-health.ts';
import { Election, isNewer, versionOf } from './election.ts';
import { History } from './history.ts';
import { MembershipCore, type MembershipEffect, type MembershipEvent } from './membership-core.ts';
import { ReportLists } from './report-lists.ts';
import { SchedulerCore, type SchedulerEvent } from './scheduler-core.ts';

/** Between two pings to the scheduler, and of the scheduler to everybody: liveness, and the round trip on the page. */
export const PING_INTERVAL_MS = 1_000;

/** A report without what only the page knows. */
export type OwnReport = Omit<Report, 'rttMs' | 'unreachable'>;

export type NodeEvent =
  | { readonly kind: 'welcome'; readonly members: readonly NodeId[]; readonly scheduler: NodeId; readonly term: number }
  | { readonly kind: 'joined'; readonly node: NodeId }
  | { readonly kind: 'left'; readonly node: NodeId; readonly reason: 'leave' | 'closed' }
  | { readonly kind: 'term'; readonly scheduler: NodeId; readonly term: number }
  /** Whether the signaling server can be reached: without it a scheduler can't know that it still is one. */
  | { readonly kind: 'signaling'; readonly isUp: boolean }
  | { readonly kind: 'connected'; readonly node: NodeId }
  | { readonly kind: 'disconnected'; readonly node: NodeId }
  | { readonly kind: 'control'; readonly from: NodeId; readonly message: ControlMessage }
  /** What this tab's workers report, several times a second; drives everything that needs time. `broken`: nodes to which
   * a link of a worker has died. */
  | { readonly kind: 'report'; readonly report: OwnReport; readonly broken: readonly NodeId[] }
  /** Time to look whether a probe was answered. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'request'; readonly request: Request };

export type NodeEffect =
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: ControlMessage }
  | { readonly kind: 'connect'; readonly node: NodeId }
  /** The connection lives, but not all that it should carry: make a new one. */
  | { readonly kind: 'rebuild'; readonly node: NodeId; readonly reason: string }
  /** The node is gone: end the connection and every link to it. */
  | { readonly kind: 'gone'; readonly node: NodeId; readonly reason: string }
  | { readonly kind: 'hello'; readonly node: NodeId; readonly label: string }
  /** The newest state of the cluster: for the workers and for the page. */
  | { readonly kind: 'cluster'; readonly cluster: ClusterState }
  | { readonly kind: 'metrics'; readonly metrics: Metrics; readonly history: Metrics }
  | { readonly kind: 'denied'; readonly text: string; readonly advice: string }
  /** The other end speaks another version of the protocol. */
  | { readonly kind: 'incompatible'; readonly node: NodeId; readonly reason: string }
  /** A probe is out: tick again after `PROBE_TIMEOUT_MS`. */
  | { readonly kind: 'wake' };

export class NodeCore {
  private schedulerNode: NodeId | null = null;
  private term = 0;
  private scheduler: SchedulerCore | null = null;
  private cluster: ClusterState | null = null;
  /** What this node gathers before it begins as scheduler; null while it doesn't. */
  private election: Election | null = null;
  /** Who is in the room, as the signaling server says. */
  private roster = new Set<NodeId>();
  /** Of those whom it was told to connect to: who hasn't introduced itself yet. */
  private readonly unmet = new Set<NodeId>();
  private readonly connections = new ConnectionHealth();
  private hasSignaling = false;
  private rttMs: number | null = null;
  private pingedAt = Number.NEGATIVE_INFINITY;
  private readonly known = new Map<NodeId, { label: string; role: RoleChoice }>();
  private readonly membership = new MembershipCore();
  private readonly history = new History();
  private readonly teller = new ClusterTeller();
  private readonly lists = new ReportLists();
  private effects: NodeEffect[] = [];
  private now = 0;

  constructor(
    readonly self: NodeId,
    private readonly label: string,
    private role: RoleChoice,
  ) {
    this.known.set(self, { label, role });
  }

  step(event: NodeEvent, now: number): NodeEffect[] {
    this.effects = [];
    const isAwake = now - this.now < LONG_SLEEP_MS;
    this.now = now;
    if (!isAwake) this.wake();
    switch (event.kind) {
      case 'welcome':
        this.setSignaling(true);
        this.enter(event.members);
        this.setTerm(event.scheduler, event.term);
        break;
      case 'signaling':
        this.setSignaling(event.isUp);
        break;
      case 'joined':
        this.roster.add(event.node);
        this.approach(event.node);
        break;
      case 'left':
        this.roster.delete(event.node);
        this.member({ kind: 'left', node: event.node, reason: event.reason });
        this.giveUp(event.node);
        break;
      case 'term':
        this.setTerm(event.scheduler, event.term);
        break;
      case 'connected':
        this.connections.connected(event.node, now);
        this.teller.forget(event.node);
        this.send(event.node, { kind: 'hello', version: PROTOCOL_VERSION, label: this.label, role: this.role });
        if (this.election?.missing.has(event.node)) this.ask(event.node);
        break;
      case 'disconnected':
        this.connections.lost(event.node);
        this.teller.forget(event.node);
        this.miss(event.node);
        break;
      case 'control':
        this.member({ kind: 'heard', node: event.from, answers: answered(event.message) });
        this.take(event.from, event.message);
        break;
      case 'report':
        this.report(event.report, event.broken);
        break;
      case 'tick':
        this.member(this.tick);
        break;
      case 'request':
        this.request(event.request);
        break;
      default:
        event satisfies never;
    }
    return this.effects;
  }

  get isScheduler(): boolean {
    return this.scheduler !== null;
  }

  /** Is it gathering what it needs to begin as scheduler? */
  get isElecting(): boolean {
    return this.election !== null;
  }

  get newest(): ClusterState | null {
    return this.cluster;
  }

  private request(request: Request): void {
    if (request.ask === 'role') this.role = request.role;
    if (this.schedulerNode !== null) this.send(this.schedulerNode, { kind: 'request', request });
  }

  private take(from: NodeId, message: ControlMessage): void {
    switch (message.kind) {
      case 'hello':
        return this.takeHello(from, message);
      case 'ping':
        return this.send(from, { kind: 'pong', at: message.at });
      case 'pong':
        this.connections.answered(from, message.at);
        if (from === this.schedulerNode) this.rttMs = this.now - message.at;
        return;
      case 'ask':
        return this.answer(from, message.term, message.known);
      case 'state':
        return this.gather(from, message);
      case 'request':
        return this.takeRequest(from, message.request);
      case 'report':
        return this.schedule({ kind: 'report', from, report: message });
      case 'denied':
        this.effects.push({ kind: 'denied', text: message.text, advice: message.advice });
        return;
      case 'cluster':
        // Only a scheduler speaks for itself; an old one that comes back has an old term.
        if (message.scheduler === from && message.term >= this.term) this.follow(message);
        return;
      case 'change':
        return this.followChange(from, message);
      case 'behind':
        this.teller.forget(from);
        if (this.scheduler !== null) this.tell(from, this.scheduler.state);
        return;
      case 'metrics':
        if (message.run === this.cluster?.plan?.run) {
          const history = this.history.add(message);
          const { tallies, nodes, advice } = history;
          this.effects.push({ kind: 'metrics', metrics: { ...message, tallies, nodes, advice }, history });
        }
        return;
      default:
        message satisfies never;
    }
  }

  private takeHello(from: NodeId, { version, label, role }: ControlMessage & { kind: 'hello' }): void {
    this.connections.greeted(from);
    if (version !== PROTOCOL_VERSION) {
      const reason = `has version ${version} of the page, this tab ${PROTOCOL_VERSION}: reload the older one`;
      this.effects.push({ kind: 'incompatible', node: from, reason });
      return;
    }
    this.known.set(from, { label, role });
    this.unmet.delete(from);
    this.effects.push({ kind: 'hello', node: from, label });
    this.member({ kind: 'hello', node: from, label, role });
  }

  private member(event: MembershipEvent): void {
    for (const effect of this.membership.step(event, this.now)) this.perform(effect);
  }

  private perform(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'up':
        return this.schedule({ kind: 'node', node: effect.node, label: effect.label, role: effect.role });
      case 'probe':
        this.effects.push({ kind: 'wake' });
        return this.send(effect.node, { kind: 'ping', at: this.now });
      case 'gone':
        this.known.delete(effect.node);
        this.unmet.delete(effect.node);
        this.connections.lost(effect.node);
        this.teller.forget(effect.node);
        this.election?.missing.delete(effect.node);
        this.effects.push({ kind: 'gone', node: effect.node, reason: effect.reason });
        this.schedule({ kind: 'gone', node: effect.node, reason: effect.reason });
        return this.beginWhenGathered();
      default:
        effect satisfies never;
    }
  }

  private approach(node: NodeId): void {
    if (!this.known.has(node)) this.unmet.add(node);
    this.effects.push({ kind: 'connect', node });
  }

  /** It left before it could introduce itself: nobody else will say that it has gone. */
  private giveUp(node: NodeId): void {
    if (this.unmet.delete(node)) this.effects.push({ kind: 'gone', node, reason: 'left' });
  }

  /** The signaling server names the scheduler; a new one first asks what it has missed. */
  private setTerm(scheduler: NodeId, term: number): void {
    if (term < this.term || (term === this.term && scheduler === this.schedulerNode)) return;
    this.term = term;
    this.schedulerNode = scheduler;
    this.rttMs = null;
    this.scheduler = null;
    this.election = null;
    this.teller.clear();
    if (scheduler === this.self) this.elect();
    else if (this.known.has(scheduler)) this.member({ kind: 'expected', node: scheduler });
  }

  /**
   * Whoever holds acknowledged pushes has heard the map under which they were acknowledged. So the newest state that any
   * live node knows is enough, and everybody in the room must be asked: this node may have been cut off for a while.
   */
  private elect(): void {
    this.election = new Election([...this.roster, ...this.known.keys()], this.cluster);
    this.election.missing.delete(this.self);
    for (const node of this.election.missing) {
      this.member({ kind: 'expected', node });
      this.ask(node);
    }
    this.beginWhenGathered();
  }

  private ask(node: NodeId): void {
    this.send(node, { kind: 'ask', term: this.term, known: versionOf(this.cluster) });
  }

  private answer(from: NodeId, term: number, known: StateVersion | null): void {
    this.setTerm(from, term);
    if (term !== this.term || from !== this.schedulerNode) return;
    const cluster = this.cluster !== null && isNewer(this.cluster, known) ? this.cluster : null;
    this.send(from, { kind: 'state', term, known: versionOf(this.cluster), cluster });
  }

  private gather(from: NodeId, { term, known, cluster }: ControlMessage & { kind: 'state' }): void {
    if (this.election === null || term !== this.term) return;
    this.election.take(from, known, cluster);
    this.beginWhenGathered();
  }

  private beginWhenGathered(): void {
    const { election } = this;
    if (election === null || election.missing.size > 0) return;
    this.election = null;
    this.rttMs = 0;
    const nodes = [...this.known].map(([node, { label, role }]) => ({ node, label, role }));
    const history = this.history.all();
    const { newest } = election;
    for (const node of election.upToDate) if (newest !== null) this.teller.note(node, newest);
    this.scheduler = new SchedulerCore(this.self, this.term, nodes, newest, history, this.now);
    this.schedule({ kind: 'signaling', isUp: this.hasSignaling });
    for (const node of this.scheduler.members) this.expect(node);
    for (const { from, request } of election.requests) this.schedule({ kind: 'request', from, request });
  }

  /** A node that the cluster counts on: it introduces itself soon, or is gone; who left the room is gone already. */
  private expect(node: NodeId): void {
    if (node === this.self || this.known.has(node)) return;
    if (this.roster.has(node)) this.member({ kind: 'expected', node });
    else this.schedule({ kind: 'gone', node, reason: 'left' });
  }

  private takeRequest(from: NodeId, request: Request): void {
    if (this.election === null) this.schedule({ kind: 'request', from, request });
    else this.election.keep(from, request);
  }

  private setSignaling(isUp: boolean): void {
    this.hasSignaling = isUp;
    this.schedule({ kind: 'signaling', isUp });
  }

  private schedule(event: SchedulerEvent): void {
    for (const { to, message } of this.scheduler?.step(event, this.now) ?? []) {
      if (to === null) this.broadcast(message);
      else if (message.kind === 'cluster') this.tell(to, message);
      else this.send(to, message);
    }
  }

  /** The newest cluster state counts: later terms, then later revisions. */
  private follow(cluster: ClusterState): void {
    if (!isNewer(cluster, this.cluster)) return;
    this.cluster = cluster;
    this.adopt(cluster);
    this.history.follow(cluster.plan?.run ?? 0);
    this.effects.push({ kind: 'cluster', cluster });
  }

  /** What it was given is its own role from now on: so it introduces itself, to later schedulers too. */
  private adopt({ roles }: ClusterState): void {
    const given = roles?.assigned.find(({ node }) => node === this.self);
    if (given === undefined || given.role === this.role) return;
    this.role = given.role;
    this.known.set(this.self, { label: this.label, role: given.role });
  }

  /** A state that this node has, changed: late ones are old, of any other state it knows nothing. */
  private followChange(from: NodeId, change: ClusterChange): void {
    if (change.term < this.term || !isNewer(change, this.cluster)) return;
    try {
      if (this.cluster === null) throw new UnfitChange('a change of a state that was never told');
      const next = applyChange(this.cluster, change);
      if (next.scheduler === from) this.follow(next);
    } catch (error) {
      if (!(error instanceof UnfitChange)) throw error;
      this.send(from, { kind: 'behind' });
    }
  }

  /** Back in the room, or in it for the first time: who of the old acquaintances isn't there has gone meanwhile. */
  private enter(members: readonly NodeId[]): void {
    this.roster = new Set(members);
    for (const node of members) this.approach(node);
    for (const node of this.unmet) if (!this.roster.has(node)) this.giveUp(node);
    for (const node of this.known.keys())
      if (node !== this.self && !this.connections.isConnected(node)) this.miss(node);
  }

  /**
   * No connection. Only the scheduler, or who watches it, has to know whether that means gone; to all others a node of the
   * room is out of reach until the signaling server says more.
   */
  private miss(node: NodeId): void {
    const isWatched = this.watched === undefined || this.watched === node;
    if (isWatched || !this.roster.has(node)) this.member({ kind: 'disconnected', node });
  }

  private unreachable(): NodeId[] {
    const isAway = (node: NodeId): boolean => node !== this.self && !this.connections.isConnected(node);
    return [...this.roster].filter(isAway).slice(0, MAX_ROOM_NODES);
  }

  /** A connection to somebody whom this tab's sleep has kept waiting may get nothing through for long: who doesn't answer gets
   * a new one. */
  private wake(): void {
    for (const node of this.connections.woke(this.now)) this.send(node, { kind: 'ping', at: this.now });
  }

  /** Asks for new connections where the old ones fail. Who was shut out is refused for good reason. */
  private mend(broken: readonly NodeId[]): void {
    const { shutOut = [] } = this.cluster ?? {};
    for (const { node, reason } of this.connections.failing(broken, this.hasSignaling, this.now)) {
      if (shutOut.includes(node) || shutOut.includes(this.self)) continue;
      this.effects.push({ kind: 'rebuild', node, reason });
    }
  }

  private report(report: OwnReport, broken: readonly NodeId[]): void {
    this.member(this.tick);
    this.mend(broken);
    const unreachable = this.unreachable();
    if (this.now - this.pingedAt >= PING_INTERVAL_MS) {
      this.pingedAt = this.now;
      // Also who was taken for gone and isn't: whoever of a pair may open a connection does so.
      for (const node of unreachable) this.effects.push({ kind: 'connect', node });
      const watched = this.watched === undefined ? [...this.known.keys()] : [this.watched];
      for (const node of watched) {
        if (node !== null && node !== this.self) this.send(node, { kind: 'ping', at: this.now });
      }
    }
    if (this.schedulerNode !== null) {
      const thin = this.lists.thin(report, this.schedulerNode, this.now);
      this.send(this.schedulerNode, { ...thin, unreachable, rttMs: this.rttMs });
    }
    this.schedule({ kind: 'tick' });
  }

  /** Who must be heard of: the scheduler, and of everybody the scheduler. Pings of all pairs would grow with their number. */
  private get watched(): NodeId | null | undefined {
    return this.schedulerNode === this.self ? undefined : this.schedulerNode;
  }

  private get tick(): MembershipEvent {
    return { kind: 'tick', watched: this.watched };
  }

  private broadcast(message: ControlMessage): void {
    for (const node of this.known.keys()) {
      if (node === this.self) continue;
      if (message.kind === 'cluster') this.tell(node, message);
      else this.send(node, message);
    }
    this.take(this.self, message);
  }

  /** To itself a scheduler says everything. */
  private tell(node: NodeId, cluster: ClusterState): void {
    this.send(node, node === this.self ? cluster : this.teller.tell(node, cluster));
  }

  private send(to: NodeId, message: ControlMessage): void {
    if (to === this.self) this.take(to, message);
    else this.effects.push({ kind: 'send', to, message });
  }
}

/** When the ping was sent that this answers. */
const answered = (message: ControlMessage): number | undefined => (message.kind === 'pong' ? message.at : undefined);
