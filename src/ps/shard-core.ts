// The server's side of push and pull, as a state machine: frames and map changes in, frames out. It owns segments,
// aggregates pushes by identity, parks pulls until their clocks are reached, and hands segments over when the map moves
// them. Pure: no I/O, no time, no randomness.
import type { Frame, Handoff, Pull, Push, Refusal } from '../protocol/frames.ts';
import { compareEpochs, NO_CLOCK, type NodeId, segmentKey } from '../protocol/ids.ts';
import { MAX_EARLY_FRAMES, MAX_PARKED_PULLS, MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { Aggregator } from './aggregate.ts';
import { type ClusterMap, EMPTY_MAP, isActive } from './cluster-map.ts';
import { type Schedule, scheduleAt } from './consistency.ts';
import { assignSegments, type Ownership } from './ring.ts';
import { Segment } from './segment.ts';
import { ShardCounters } from './shard-counters.ts';
import { cutSegments, type SegmentRange, type TableSpec } from './table.ts';
import { createUpdater } from './updaters/create-updater.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

/** What a shard must know of a run: nothing of the job but its tables. */
export interface ShardPlan {
  readonly run: number;
  readonly tables: readonly TableSpec[];
  readonly seed: number;
  readonly updater: UpdaterSpec;
  /** Global batch of one clock: a push of n samples outside BSP weighs n / batch. */
  readonly batch: number;
}

export type ShardEvent =
  | { readonly kind: 'plan'; readonly plan: ShardPlan }
  | { readonly kind: 'map'; readonly map: ClusterMap }
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  | { readonly kind: 'frame'; readonly from: NodeId; readonly frame: Frame };

/** A frame for a node: for its trainer (answers) or for its shard (handoffs). */
export interface ShardEffect {
  readonly to: NodeId;
  readonly role: 'trainer' | 'shard';
  readonly frame: Frame;
}

/** A segment that this shard owns, with what waits at it. */
interface Hosted {
  readonly range: SegmentRange;
  readonly segment: Segment;
  /** False while the segment is on its way from its old owner: frames wait in `early`. */
  isLive: boolean;
  /** Pushes of clocks that BSP has not yet aggregated, by clock, then by worker. */
  readonly pending: Map<number, Map<NodeId, Push>>;
  readonly parked: { readonly from: NodeId; readonly pull: Pull }[];
}

interface Arrived {
  readonly from: NodeId;
  readonly frame: Frame;
}

export class ShardCore {
  readonly counters = new ShardCounters();
  private plan: ShardPlan | null = null;
  private map: ClusterMap = EMPTY_MAP;
  private schedule: Schedule = [];
  private ranges = new Map<number, SegmentRange>();
  private ownership: Ownership = new Map();
  private readonly hosted = new Map<number, Hosted>();
  /** Frames of an epoch not yet heard of, or for a segment on its way: replayed when that has come. */
  private early: Arrived[] = [];
  private readonly aggregator = new Aggregator();
  private effects: ShardEffect[] = [];

  constructor(private readonly self: NodeId) {}

  /** Takes one event and returns the frames to send, in order. */
  step(event: ShardEvent): ShardEffect[] {
    this.effects = [];
    switch (event.kind) {
      case 'plan':
        this.setPlan(event.plan);
        break;
      case 'map':
        this.setMap(event.map);
        break;
      case 'schedule':
        this.schedule = event.schedule;
        this.releaseAll();
        break;
      case 'frame':
        this.takeFrame(event);
        break;
      default:
        event satisfies never;
    }
    return this.effects;
  }

  /** Segments owned now, with the version of each: for the page's drawing and reports. */
  owned(): { table: number; segment: number; version: number; isLive: boolean }[] {
    return [...this.hosted.values()].map(({ range, segment, isLive }) => ({
      table: range.table,
      segment: range.segment,
      version: segment.version,
      isLive,
    }));
  }

  private setPlan(plan: ShardPlan): void {
    if (this.plan?.run === plan.run) return;
    this.plan = plan;
    this.ranges = new Map(cutSegments(plan.tables).map((range) => [segmentKey(range.table, range.segment), range]));
    this.hosted.clear();
    this.counters.reset();
    if (this.map.run === plan.run) this.setMap(this.map);
  }

  /** Moves to a newer map: gains and loses segments, changes the workers, then replays what came early. */
  private setMap(map: ClusterMap): void {
    const isNewer = compareEpochs(map.epoch, this.map.epoch) > 0;
    if (isNewer) this.map = map;
    else if (this.hosted.size > 0 || compareEpochs(map.epoch, this.map.epoch) < 0) return;
    if (this.plan === null || this.plan.run !== this.map.run) return;
    const segments = [...this.ranges.values()];
    this.ownership = assignSegments(this.map.servers, segments);
    const previous = assignSegments(this.map.previousServers, segments);
    for (const [key, range] of this.ranges) this.settle(key, range, previous.get(key));
    for (const hosted of this.hosted.values()) {
      hosted.segment.clocks.setWorkers(this.map.workers);
      this.forgetInactive(hosted);
    }
    this.releaseAll();
    this.replayEarly();
  }

  /** Brings one segment to where the map wants it. */
  private settle(key: number, range: SegmentRange, previousOwner: NodeId | undefined): void {
    const owner = this.ownership.get(key);
    const hosted = this.hosted.get(key);
    if (owner === this.self && hosted === undefined) {
      this.hosted.set(key, this.host(range, previousOwner === undefined));
    } else if (owner !== undefined && owner !== this.self && hosted?.isLive) {
      const handoff: Handoff = { kind: 'handoff', epoch: this.map.epoch, ...hosted.segment.toHandoff() };
      this.effects.push({ to: owner, role: 'shard', frame: handoff });
      this.hosted.delete(key);
    }
  }

  /** A segment that starts here (`isLive`), or that will come from another shard. */
  private host(range: SegmentRange, isLive: boolean): Hosted {
    const plan = this.plan;
    const spec = plan?.tables[range.table];
    if (plan === null || spec === undefined) throw new RangeError(`No table ${range.table} in this run.`);
    const segment = new Segment(range, spec.width, createUpdater(plan.updater));
    if (isLive) segment.initialise(spec, plan.seed);
    return { range, segment, isLive, pending: new Map(), parked: [] };
  }

  private takeFrame(arrived: Arrived): void {
    const { from, frame } = arrived;
    switch (frame.kind) {
      case 'push':
      case 'pull': {
        const verdict = this.judge(from, frame);
        if (verdict === 'early') this.keepEarly(arrived, frame);
        else if (verdict !== 'none') this.refuse(from, frame, verdict);
        else if (frame.kind === 'push') this.takePush(from, frame);
        else this.takePull(from, frame);
        break;
      }
      case 'handoff':
        this.takeHandoff(arrived, frame);
        break;
      default:
        this.counters.refused('bad-keys');
    }
  }

  /** May this frame act on its segment now? The epoch must match exactly: a stale sender resends by the newer map. */
  private judge(from: NodeId, frame: Push | Pull): Refusal | 'early' {
    const age = compareEpochs(frame.epoch, this.map.epoch);
    if (age < 0) return 'stale-epoch';
    if (age > 0 || this.plan?.run !== this.map.run) return 'early';
    const hosted = this.hosted.get(segmentKey(frame.table, frame.segment));
    if (hosted === undefined) return 'not-owner';
    if (!hosted.isLive) return 'early';
    if (frame.worker.node !== from) return 'not-a-worker';
    if (frame.kind === 'push') {
      if (!isActive(this.map, frame.worker)) return 'not-a-worker';
      if (!hosted.segment.accepts(frame)) return 'bad-keys';
      return isAllFinite(frame.values) ? 'none' : 'not-finite';
    }
    return frame.keys === null || hosted.segment.acceptsKeys(frame.keys) ? 'none' : 'bad-keys';
  }

  private takePush(from: NodeId, push: Push): void {
    const hosted = this.hosted.get(segmentKey(push.table, push.segment));
    if (hosted === undefined) return;
    const { clocks } = hosted.segment;
    const applied = clocks.get(push.worker) ?? NO_CLOCK;
    const waiting = pendingClocks(hosted, from);
    if (push.clock <= applied) {
      this.counters.duplicate();
      this.acknowledge(from, push);
    } else if (waiting.includes(push.clock)) {
      this.counters.duplicate();
    } else if (push.clock !== Math.max(applied, ...waiting) + 1 || waiting.length >= MAX_UNACKED_CLOCKS) {
      this.refuse(from, push, 'out-of-order');
    } else if (waiting.length > 0 || scheduleAt(this.schedule, push.clock).consistency.kind === 'bsp') {
      this.collect(hosted, from, push);
    } else {
      this.applyAlone(hosted, from, push);
    }
  }

  /** BSP: keeps the push until every active worker's push of that clock is here. */
  private collect(hosted: Hosted, from: NodeId, push: Push): void {
    const ofClock = hosted.pending.get(push.clock) ?? new Map<NodeId, Push>();
    hosted.pending.set(push.clock, ofClock.set(from, push));
    this.aggregateReady(hosted, from);
  }

  /** Applies the oldest pending clocks that are complete: from every active worker a push, or word that it is past. */
  private aggregateReady(hosted: Hosted, by: NodeId | null): void {
    for (;;) {
      const clock = Math.min(...hosted.pending.keys());
      const ofClock = hosted.pending.get(clock);
      if (ofClock === undefined) return;
      const { clocks } = hosted.segment;
      const isComplete = this.map.workers.every(
        (worker) => ofClock.has(worker.node) || (clocks.get(worker) ?? NO_CLOCK) >= clock,
      );
      if (!isComplete) return;
      hosted.pending.delete(clock);
      this.applyTogether(hosted, clock, ofClock, by);
    }
  }

  private applyTogether(hosted: Hosted, clock: number, ofClock: ReadonlyMap<NodeId, Push>, by: NodeId | null): void {
    const { range, segment } = hosted;
    const pushes = this.map.workers.flatMap((worker) => ofClock.get(worker.node) ?? []);
    if (pushes.some(({ samples }) => samples > 0)) {
      const mean = this.aggregator.mean(pushes, range.start, range.end - range.start, this.widthOf(range));
      segment.apply(mean, scheduleAt(this.schedule, clock).learningRate, 1);
    }
    for (const push of pushes) this.finish(hosted, push.worker.node, push);
    this.release(hosted, by);
  }

  /** SSP and async: one worker's gradient, on arrival. */
  private applyAlone(hosted: Hosted, from: NodeId, push: Push): void {
    if (push.samples > 0) {
      const { learningRate } = scheduleAt(this.schedule, push.clock);
      hosted.segment.apply(push, learningRate, push.samples / (this.plan?.batch ?? push.samples));
    }
    this.finish(hosted, from, push);
    this.release(hosted, from);
    this.aggregateReady(hosted, from);
  }

  private finish(hosted: Hosted, from: NodeId, push: Push): void {
    const { clocks } = hosted.segment;
    this.counters.applied(push.worker.node, Math.max(0, clocks.front() - push.readFront));
    clocks.advance(push.worker, push.clock);
    this.acknowledge(from, push);
  }

  private acknowledge(from: NodeId, push: Push): void {
    const { table, segment, worker, clock } = push;
    this.counters.acknowledged();
    this.effects.push({
      to: from,
      role: 'trainer',
      frame: { kind: 'ack', epoch: this.map.epoch, table, segment, worker, clock },
    });
  }

  private takePull(from: NodeId, pull: Pull): void {
    const hosted = this.hosted.get(segmentKey(pull.table, pull.segment));
    if (hosted === undefined) return;
    hosted.segment.clocks.advance(pull.worker, pull.done);
    const isRepeated = hosted.parked.some((entry) => entry.from === from && entry.pull.request === pull.request);
    if (isRepeated) this.counters.duplicate();
    else if (hosted.parked.length >= MAX_PARKED_PULLS) this.refuse(from, pull, 'too-many');
    else hosted.parked.push({ from, pull });
    this.aggregateReady(hosted, from);
    this.release(hosted, from);
  }

  private releaseAll(): void {
    for (const hosted of this.hosted.values()) {
      if (!hosted.isLive) continue;
      this.aggregateReady(hosted, null);
      this.release(hosted, null);
    }
  }

  /** Answers the parked pulls whose clocks have been reached, by the doing of `by` (null: of nobody in particular). */
  private release(hosted: Hosted, by: NodeId | null): void {
    const { parked, segment } = hosted;
    const floor = segment.clocks.floor();
    const waiting = parked.splice(0);
    for (const entry of waiting) {
      if (entry.pull.minClock <= floor) this.answer(segment, entry.from, entry.pull, entry.from !== by);
      else parked.push(entry);
    }
  }

  private answer(segment: Segment, to: NodeId, pull: Pull, isHeldBack: boolean): void {
    const { table, segment: index, request, keys } = pull;
    const { version } = segment;
    const [clocks, values] = [segment.clockSnapshot(), segment.read(keys)];
    const frame: Frame = {
      kind: 'answer',
      epoch: this.map.epoch,
      table,
      segment: index,
      request,
      version,
      isHeldBack,
      clocks,
      values,
    };
    this.effects.push({ to, role: 'trainer', frame });
  }

  private refuse(to: NodeId, frame: Push | Pull, reason: Refusal): void {
    const { table, segment } = frame;
    const clock = frame.kind === 'push' ? frame.clock : 0;
    const request = frame.kind === 'pull' ? frame.request : 0;
    this.counters.refused(reason);
    this.effects.push({
      to,
      role: 'trainer',
      frame: { kind: 'refuse', epoch: this.map.epoch, table, segment, reason, clock, request },
    });
  }

  /** A segment arrives from its old owner, or passes through on its way to the one that the newest map names. */
  private takeHandoff(arrived: Arrived, handoff: Handoff): void {
    const key = segmentKey(handoff.table, handoff.segment);
    const age = compareEpochs(handoff.epoch, this.map.epoch);
    const hosted = this.hosted.get(key);
    if (age > 0 || this.plan?.run !== this.map.run) return this.keepEarly(arrived, handoff);
    if (hosted !== undefined && !hosted.isLive) {
      if (!hosted.segment.adopt(handoff, this.map.workers)) return this.counters.refused('bad-keys');
      hosted.isLive = true;
      this.replayEarly();
      return;
    }
    const owner = this.ownership.get(key);
    if (hosted === undefined && owner !== undefined && owner !== this.self) {
      this.effects.push({ to: owner, role: 'shard', frame: { ...handoff, epoch: this.map.epoch } });
    }
  }

  private keepEarly(arrived: Arrived, frame: Push | Pull | Handoff): void {
    if (this.early.length < MAX_EARLY_FRAMES) this.early.push(arrived);
    else if (frame.kind === 'handoff') this.counters.refused('too-many');
    else this.refuse(arrived.from, frame, 'too-many');
  }

  private replayEarly(): void {
    const arrived = this.early;
    this.early = [];
    for (const one of arrived) this.takeFrame(one);
  }

  /** Pushes and pulls of workers that have left: nobody waits for them, nobody answers them. */
  private forgetInactive({ pending, segment }: Hosted): void {
    for (const [clock, ofClock] of pending) {
      for (const [node, push] of ofClock) if (segment.clocks.get(push.worker) === null) ofClock.delete(node);
      if (ofClock.size === 0) pending.delete(clock);
    }
  }

  private widthOf(range: SegmentRange): number {
    return this.plan?.tables[range.table]?.width ?? 1;
  }
}

/** Clocks at which a worker's push waits for those of others. */
const pendingClocks = ({ pending }: Hosted, node: NodeId): number[] =>
  [...pending].flatMap(([clock, ofClock]) => (ofClock.has(node) ? clock : []));

/** A gradient with a NaN or an infinity would spoil every row it touches, for good. */
function isAllFinite(values: Float32Array): boolean {
  for (const value of values) if (value - value !== 0) return false;
  return true;
}
