// One segment on one shard, in whatever role the map gives it there. As owner: collects pushes, applies, answers pulls,
// acknowledges what the chain has confirmed. As follower: applies what its predecessor sends. Every epoch re-attaches
// the chain, so that no update of an older epoch is ever applied.
import type {
  CodedUpdate,
  Confirm,
  Cut,
  FilteredPull,
  FilteredPush,
  Follow,
  Frame,
  Push,
  Refusal,
  Restore,
  Snapshot,
  Update,
} from '../protocol/frames.ts';
import { NO_CLOCK, NO_EPOCH, type NodeId, type WorkerId } from '../protocol/ids.ts';
import { MAX_PARKED_PULLS, MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import type { RingPush } from '../protocol/ring-frames.ts';
import { aggregateRobustly } from './aggregate-robust.ts';
import { ChainPlace } from './chain-place.ts';
import type { Placement } from './cluster-map.ts';
import { CollectedPushes } from './collected-pushes.ts';
import { rateFor, scheduleAt } from './consistency.ts';
import { AnswerFilter } from './filters/answer-filter.ts';
import { codeUpdate, openUpdate } from './filters/coded-update.ts';
import { KeyMemory } from './filters/key-memory.ts';
import { openFrame, type WishedPull } from './filters/open-frame.ts';
import { HeldAcks } from './held-acks.ts';
import { pushesOf } from './ring-push.ts';
import type { Segment, SegmentUpdate } from './segment.ts';
import type { SegmentLoad, SegmentSite } from './segment-site.ts';

export class HostedSegment {
  private readonly chain: ChainPlace;
  /** Pushes of clocks that BSP has not yet aggregated. */
  private readonly collected = new CollectedPushes();
  /** Newest clock whose missing pushes were called for. */
  private calledClock = NO_CLOCK;
  private parked: { readonly from: NodeId; readonly pull: WishedPull }[] = [];
  private readonly answers: AnswerFilter;
  private readonly keys = new KeyMemory();
  private readonly acks = new HeldAcks();
  /** The next in the chain, once it has asked to follow in this epoch. */
  private follower: NodeId | null = null;
  /** A follower that asked before this segment could answer. */
  private waitingFollower: Follow | null = null;
  /** As follower: the predecessor has answered in this epoch, and updates come in order from there. */
  private isAttached = false;
  /** As follower: what it has confirmed in this epoch, and may not go back behind. */
  private vouchedVersion = -1;
  /** The last checkpoint that this owner has cut. */
  private cutAt = NO_CLOCK;

  /** @param isMissing the run goes on from a checkpoint, and its state of this segment has yet to come */
  constructor(
    readonly segment: Segment,
    private readonly site: SegmentSite,
    private isMissing = false,
  ) {
    this.chain = new ChainPlace(site.self);
    this.answers = new AnswerFilter(segment.range, site.encoder);
  }

  /** A filtered frame as the plain one that it stands for, or why it can't be. */
  open(frame: FilteredPush | FilteredPull | CodedUpdate): Push | WishedPull | Update | Refusal {
    if (frame.kind === 'codedUpdate') return openUpdate(frame, this.segment.range, this.site.width) ?? 'malformed';
    return openFrame(frame, this.segment.range, this.site.width, this.keys);
  }

  /** Is there something to read and to add to? Only while a resumed run begins there isn't. */
  get isThere(): boolean {
    return !this.isMissing;
  }

  get isOwner(): boolean {
    return this.chain.isOwner;
  }

  /** May the scheduler take the next step with this placement? Only the owner can tell. */
  get isSettled(): boolean {
    return this.isOwner && this.isThere && this.chain.isSettled;
  }

  private vouch(): void {
    if (this.isThere) this.chain.vouch(this.segment.version);
  }

  /** Begins an epoch: new placement, new workers, and the chain attached anew. */
  place(placement: Placement): void {
    this.chain.place(placement, this.segment.version);
    this.follower = null;
    this.waitingFollower = null;
    this.isAttached = false;
    this.answers.reset();
    this.keys.clear();
    this.vouchedVersion = -1;
    this.calledClock = NO_CLOCK;
    this.segment.clocks.setWorkers(this.site.workers);
    this.forgetInactive();
    if (this.isMissing && this.chain.isInChain) this.askForState();
    if (this.isOwner) {
      this.cutWhenDue();
      this.vouch();
      this.settle(null);
      this.acknowledgeSafe();
    } else {
      this.acks.clear();
      this.collected.clear();
      this.parked = [];
      this.followPredecessor();
    }
  }

  /** A link to another shard is there (again): what was sent on the old one may be lost. */
  linkUp(node: NodeId): void {
    if (this.isOwner) return;
    if (node === this.chain.predecessor) this.followPredecessor();
    else if (node === this.chain.owner && this.isAttached) this.confirm();
  }

  /** The schedule has changed: what was held back may be due. */
  reconsider(): void {
    if (this.isOwner) this.settle(null);
  }

  /** Tells the trainer of this tab the state as it is when every clock has passed the one at which a checkpoint is cut. */
  cutWhenDue(): void {
    const { cutClock: clock, run, self } = this.site;
    if (clock === null || clock === this.cutAt || !this.isOwner || this.isMissing) return;
    if (this.segment.clocks.floor() < clock) return;
    this.cutAt = clock;
    this.site.send(self, 'trainer', { kind: 'cut', epoch: this.site.epoch, run, clock, ...this.segment.toCut() });
  }

  private askForState(): void {
    const { epoch, run, self } = this.site;
    const { table, segment } = this.segment.range;
    const restore: Restore = { kind: 'restore', epoch, run, table, segment };
    this.site.send(self, 'trainer', restore);
  }

  /**
   * Goes on from a checkpoint: every worker is at its clock. Version and stamp come out the same on every copy, so that
   * replicas that were restored by themselves agree with their owner.
   */
  restore(cut: Cut): void {
    if (!this.isMissing) return;
    const state = { ...cut, stamp: NO_EPOCH, floor: cut.clock, clocks: [], pushes: [] };
    if (!this.segment.adopt(state, this.site.workers)) return;
    this.isMissing = false;
    this.chain.settleAt(this.segment.version);
    if (!this.isOwner) return;
    this.vouch();
    this.welcomeFollower();
  }

  private followPredecessor(): void {
    const { predecessor } = this.chain;
    if (predecessor === null) return;
    this.isAttached = false;
    const { version, stamp } = this.segment;
    this.sendShard(predecessor, { kind: 'follow', version, stamp });
  }

  /** @param from who sends it: its worker, or one that stands in for that */
  takePush(from: NodeId, push: Push): void {
    const { node } = push.worker;
    const { clocks } = this.segment;
    const standing = this.standingOf(push);
    if (standing === 'odd' && from !== node) return this.site.counters.duplicate();
    if (standing === 'odd') return this.site.refuse(from, push, 'out-of-order');
    this.acks.forgetBefore(node, push.settled);
    if (standing === 'next' && this.acks.countOf(node) >= MAX_UNACKED_CLOCKS)
      return this.site.refuse(from, push, 'too-many');
    clocks.advance(push.worker, push.settled - 1);
    if (standing !== 'next') {
      this.site.counters.duplicate();
      if (standing === 'applied') this.acknowledgeWhenSafe(push);
    } else if (this.collected.clocksOf(node).length > 0 || this.isBsp(push.clock)) {
      this.collect(push);
    } else {
      this.applyAlone(push);
      this.settle(node);
    }
  }

  /** Is it in, does it wait for others, is it what comes next of its worker, or neither? */
  private standingOf({ worker, clock, settled, covers = 1 }: Push): 'applied' | 'waiting' | 'next' | 'odd' {
    const applied = Math.max(this.segment.clocks.get(worker) ?? NO_CLOCK, settled - 1);
    const waiting = this.collected.clocksOf(worker.node);
    if (clock <= applied) return 'applied';
    if (waiting.includes(clock)) return 'waiting';
    const isNext = clock - covers === Math.max(applied, ...waiting) && waiting.length < MAX_UNACKED_CLOCKS;
    return isNext ? 'next' : 'odd';
  }

  /**
   * Pushes of several workers as one gradient: all of them are new here, or it can't be taken, for what is known already can't
   * be subtracted. Then those that are not known here shall come by themselves.
   */
  takeRingPush(ring: RingPush): void {
    const pushes = pushesOf(ring);
    for (const { worker, settled } of pushes) this.acks.forgetBefore(worker.node, settled);
    const isNew = pushes.every(
      (push) => this.standingOf(push) === 'next' && this.acks.countOf(push.worker.node) < MAX_UNACKED_CLOCKS,
    );
    if (!isNew) {
      this.site.counters.duplicate();
      for (const push of pushes) {
        if (this.standingOf(push) === 'applied') this.acknowledgeWhenSafe(push);
        else if (this.standingOf(push) !== 'waiting') this.call(push.worker, push.clock);
      }
      return;
    }
    for (const push of pushes) {
      this.segment.clocks.advance(push.worker, push.settled - 1);
      this.collected.add(push);
    }
    this.settle(null);
    this.callMissing(ring.clock);
  }

  /** What has come of a clock without going all the way round the ring tells that it is broken: the others won't come by it. */
  private callMissing(clock: number): void {
    const ofClock = this.collected.of(clock);
    if (!this.site.isRing || ofClock === null || clock <= this.calledClock) return;
    this.calledClock = clock;
    for (const worker of this.site.workers) {
      if (!ofClock.has(worker.node) && (this.segment.clocks.get(worker) ?? clock) < clock) this.call(worker, clock);
    }
  }

  /** Asks a worker to send its own push of a clock. */
  private call(worker: WorkerId, clock: number): void {
    const { epoch } = this.site;
    const { table, segment } = this.segment.range;
    const refusal = { worker, reason: 'out-of-order', clock, request: 0 } as const;
    this.site.send(worker.node, 'trainer', { kind: 'refuse', epoch, table, segment, ...refusal });
  }

  private isBsp(clock: number): boolean {
    return scheduleAt(this.site.schedule, clock).consistency.kind === 'bsp';
  }

  takePull(from: NodeId, pull: WishedPull): void {
    const isRepeated = this.parked.some((entry) => entry.from === from && entry.pull.request === pull.request);
    const ofNode = this.parked.filter((entry) => entry.from === from).length;
    if (!isRepeated && ofNode >= MAX_PARKED_PULLS) return this.site.refuse(from, pull, 'too-many');
    this.moveClock(pull.worker, pull.done);
    if (isRepeated) this.site.counters.duplicate();
    else this.parked.push({ from, pull });
    this.settle(from);
  }

  /** A worker that starts late has nothing to send up to `done`. The replicas must know: it won't say so again. */
  private moveClock(worker: WorkerId, done: number): void {
    const clock = this.segment.clocks.get(worker);
    if (clock === null || done <= clock) return;
    const advances = [{ worker, clock: done }];
    // No rate: it counts as no push.
    const nothing = { keys: null, values: new Float32Array(0), hasGradient: false, learningRate: 0, weight: 0 };
    this.segment.apply({ ...nothing, advances }, this.site.epoch);
    this.forward({ ...nothing, advances });
    this.cutWhenDue();
  }

  /** BSP: keeps the push until every active worker's push of that clock is here. */
  private collect(push: Push): void {
    this.collected.add(push);
    this.settle(push.worker.node);
    this.callMissing(push.clock);
  }

  /** Applies and answers what is due, by the doing of `by` (null: of nobody in particular). */
  private settle(by: NodeId | null): void {
    while (this.aggregateOldest());
    this.release(by);
  }

  /** Applies the oldest pending clock if it is complete: from every active worker a push, or word that it is past. */
  private aggregateOldest(): boolean {
    const clock = this.collected.oldest;
    if (clock === null) return false;
    const { clocks } = this.segment;
    const isComplete = this.site.workers.every(
      (worker) => this.collected.covers(worker.node, clock) || (clocks.get(worker) ?? NO_CLOCK) >= clock,
    );
    // Pushes of a clock that is no longer BSP's only wait for those before them.
    if (!isComplete && this.isBsp(clock)) return false;
    const pushes = this.collected.take(clock, this.site.workers);
    if (!this.isBsp(clock)) for (const push of pushes) this.applyAlone(push);
    // Some may have heard of a change of rounds later than others: a drift and a gradient have no mean.
    else if (haveMean(pushes)) this.applyTogether(clock, pushes);
    else for (const push of pushes) this.applyTogether(clock, [push]);
    return true;
  }

  private applyTogether(clock: number, pushes: readonly Push[]): void {
    const { start, end } = this.segment.range;
    const { aggregator, rule, width } = this.site;
    const rows =
      rule.kind === 'mean' || this.segment.aggregate === 'sum'
        ? aggregator[this.segment.aggregate](pushes, start, end - start, width)
        : aggregateRobustly(rule, pushes, start, end - start, width);
    const filled = pushes.filter(({ samples }) => samples > 0);
    this.apply({ ...rows, ...this.stepOf(filled, clock), weight: clocksOf(filled) }, pushes);
  }

  /** SSP and async: one worker's gradient, on arrival. */
  private applyAlone(push: Push): void {
    const { keys, values, samples } = push;
    const filled = samples > 0 ? [push] : [];
    const share = samples / (this.site.batch * (push.covers ?? 1));
    const step = { ...this.stepOf(filled, push.clock, this.stalenessOf(push)), weight: share * clocksOf(filled) };
    this.apply({ keys, values, ...step }, [push]);
  }

  /** Clocks between what its worker read and what it is applied to. */
  private stalenessOf({ readFront }: Push): number {
    return Math.max(0, this.segment.clocks.front() - readFront);
  }

  /** What kind of step pushes of one kind make, and at which rate: that of local steps follows no schedule. */
  private stepOf(filled: readonly Push[], clock: number, staleness = 0) {
    const entry = scheduleAt(this.site.schedule, clock);
    if (filled.some(isGradient)) return { hasGradient: true, learningRate: rateFor(entry, staleness) };
    const learningRate = rateFor({ ...entry, learningRate: this.site.outerRate }, staleness);
    return filled.length === 0
      ? { hasGradient: false, learningRate }
      : { hasGradient: true, isDrift: true, learningRate };
  }

  private apply(gradient: Omit<SegmentUpdate, 'advances'>, pushes: readonly Push[]): void {
    const delays = pushes.map((push) => this.stalenessOf(push));
    const update = { ...gradient, advances: pushes.map(({ worker, clock }) => ({ worker, clock })) };
    this.segment.apply(update, this.site.epoch);
    for (const [at, { worker }] of pushes.entries()) this.site.counters.applied(worker.node, delays[at] ?? 0);
    this.forward(update);
    this.cutWhenDue();
    for (const push of pushes) this.acknowledgeWhenSafe(push);
  }

  /** Sends an update on. The rows are copied where they lie in work space that the next aggregation overwrites. */
  private forward(update: SegmentUpdate): void {
    if (this.follower === null) return;
    const { epoch, encoder } = this.site;
    const { version, range } = this.segment;
    const { table, segment } = range;
    const frame: Update = { kind: 'update', epoch, table, segment, version, ...update };
    this.site.send(this.follower, 'shard', codeUpdate(frame, range, encoder));
  }

  private acknowledgeWhenSafe({ worker, clock }: Push): void {
    const { version } = this.segment;
    const isSafe = this.chain.safeVersion(version) >= version || this.acks.isSafe(worker, clock);
    if (isSafe) this.acknowledge(worker, clock);
    else this.acks.hold({ version, worker, clock });
  }

  /** How full the queues are: for the invariant that they stay bounded. */
  load(): SegmentLoad {
    return {
      parkedPulls: mostOf(this.parked.map(({ from }) => from)),
      pendingPushes: mostOf(this.collected.nodes()),
      unacknowledged: mostOf(this.acks.nodes()),
    };
  }

  private acknowledgeSafe(): void {
    const safe = this.chain.safeVersion(this.segment.version);
    for (const { worker, clock } of this.acks.takeUpTo(safe)) this.acknowledge(worker, clock);
  }

  private acknowledge(worker: WorkerId, clock: number): void {
    this.acks.noteSafe(worker, clock);
    const { site } = this;
    const { table, segment } = this.segment.range;
    site.send(worker.node, 'trainer', { kind: 'ack', epoch: site.epoch, table, segment, worker, clock });
  }

  /** Answers the parked pulls whose clocks have been reached. */
  private release(by: NodeId | null): void {
    const waiting = this.parked;
    // Most pushes release nothing, and all that wait want the same few clocks; who has done one has done those before it.
    const clocks = [...new Set(waiting.map(({ pull }) => pull.minClock))].sort((a, b) => a - b);
    const blocked = clocks.find((clock) => !this.isReached(clock)) ?? Number.POSITIVE_INFINITY;
    if (blocked === clocks[0]) return;
    this.parked = waiting.filter(({ pull }) => pull.minClock >= blocked);
    for (const { from, pull } of waiting) if (pull.minClock < blocked) this.answer(from, pull, from !== by);
  }

  /**
   * Has every worker done this clock? Who has pushed a round that goes further has, too: where some hear of longer rounds
   * later than others, that round waits for them, and they must not wait for it.
   */
  private isReached(clock: number): boolean {
    const { clocks } = this.segment;
    if (clock <= clocks.floor()) return true;
    return this.site.workers.every(
      (worker) => (clocks.get(worker) ?? NO_CLOCK) >= clock || this.collected.covers(worker.node, clock),
    );
  }

  private answer(to: NodeId, pull: WishedPull, isHeldBack: boolean): void {
    const { table, segment, request, keys, wish, worker } = pull;
    const { version } = this.segment;
    const [clocks, values] = [this.segment.clockSnapshot(), this.segment.read(keys)];
    const head = { epoch: this.site.epoch, table, segment, request, version, isHeldBack, clocks };
    if (wish === undefined) return this.site.send(to, 'trainer', { kind: 'answer', ...head, values });
    const coded = this.answers.encode(worker, wish, version, keys, values);
    this.site.send(to, 'trainer', { kind: 'filteredAnswer', ...head, ...coded });
  }

  /** The next in the chain wants to follow from here. */
  takeFollow(from: NodeId, follow: Follow): void {
    if (from !== this.chain.successor) return;
    if (this.isOwner ? this.isMissing : !this.isAttached) {
      this.waitingFollower = follow;
      return;
    }
    this.follower = from;
    this.sendSnapshot(from, !this.segment.isAt(follow.version, follow.stamp));
  }

  takeSnapshot(from: NodeId, snapshot: Snapshot): void {
    if (from !== this.chain.predecessor || this.isOwner) return;
    // Late, from a connection that is no more: what was confirmed since must not be undone.
    if (snapshot.version < this.vouchedVersion) return;
    if (!this.segment.adopt(snapshot, this.site.workers)) {
      // The predecessor knew an older version of this one than there is now: ask again.
      this.followPredecessor();
      return;
    }
    this.isMissing = false;
    this.isAttached = true;
    this.confirm();
    if (this.follower !== null) this.sendSnapshot(this.follower, true);
    this.welcomeFollower();
  }

  private welcomeFollower(): void {
    const { waitingFollower } = this;
    const { successor } = this.chain;
    this.waitingFollower = null;
    if (waitingFollower !== null && successor !== null) this.takeFollow(successor, waitingFollower);
  }

  takeUpdate(from: NodeId, update: Update): void {
    if (from !== this.chain.predecessor || this.isOwner || !this.isAttached) return;
    if (update.version !== this.segment.version + 1 || !this.segment.accepts(update)) {
      this.followPredecessor();
      return;
    }
    this.segment.apply(update, update.epoch);
    this.confirm();
    this.forward(update);
  }

  takeConfirm(from: NodeId, confirm: Confirm): void {
    if (!this.isOwner || confirm.version > this.segment.version) return;
    this.chain.confirm(from, confirm.version);
    this.vouch();
    this.acknowledgeSafe();
  }

  private confirm(): void {
    this.vouchedVersion = this.segment.version;
    const { owner } = this.chain;
    if (owner !== undefined) this.sendShard(owner, { kind: 'confirm', version: this.segment.version });
  }

  private sendSnapshot(to: NodeId, isComplete: boolean): void {
    this.sendShard(to, { kind: 'snapshot', ...this.segment.toSnapshot(isComplete) });
  }

  private sendShard(to: NodeId, frame: ShardFrame): void {
    const { table, segment } = this.segment.range;
    this.site.send(to, 'shard', { ...frame, epoch: this.site.epoch, table, segment });
  }

  /** Pushes and pulls of workers that have left: nobody waits for them. Incarnation 0 reads without being a worker. */
  private forgetInactive(): void {
    const isActive = (worker: WorkerId) => this.segment.clocks.get(worker) !== null;
    this.parked = this.parked.filter(({ pull: { worker } }) => worker.incarnation === 0 || isActive(worker));
    this.acks.keepOnly(isActive);
    this.collected.keepOnly(isActive);
  }
}

const isGradient = ({ isDrift = false }: Push): boolean => !isDrift;

/** The clocks that a step stands for: of gradients as many as they are the mean of, by samples; a drift is one way. */
function clocksOf(filled: readonly Push[]): number {
  if (filled.length === 0 || !filled.some(isGradient)) return 1;
  const sum = (of: (push: Push) => number) => filled.reduce((total, push) => total + of(push), 0);
  return sum(({ covers = 1, samples }) => covers * samples) / sum(({ samples }) => samples);
}

const haveMean = (pushes: readonly Push[]): boolean => {
  const gradients = pushes.filter(({ samples }) => samples > 0).filter(isGradient).length;
  return gradients === 0 || gradients === pushes.filter(({ samples }) => samples > 0).length;
};

/** How often the most frequent node occurs. */
function mostOf(nodes: readonly NodeId[]): number {
  const counts = new Map<NodeId, number>();
  for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

type Unaddressed<T> = T extends Frame ? Omit<T, 'epoch' | 'table' | 'segment'> : never;
type ShardFrame = Unaddressed<Update | Confirm | Follow | Snapshot>;
