// The server's side of push and pull, as a state machine: frames and map changes in, frames out. It knows which segments
// it hosts, judges whether a frame may act now, and keeps early ones until the map that they speak of has come.
// Pure: no I/O, no time, no randomness.
import type {
  CodedUpdate,
  Cut,
  FilteredPull,
  FilteredPush,
  Frame,
  Pull,
  Push,
  PushCount,
  Refusal,
} from '../protocol/frames.ts';
import { compareEpochs, type Epoch, type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import { MAX_EARLY_ROUNDS, MAX_UNACKED_CLOCKS, MAX_VIOLATIONS } from '../protocol/limits.ts';
import type { RingPush } from '../protocol/ring-frames.ts';
import { Aggregator } from './aggregate.ts';
import type { AggregatorSpec } from './aggregate-robust.ts';
import { type ClusterMap, EMPTY_MAP, isActive } from './cluster-map.ts';
import type { Schedule } from './consistency.ts';
import { EarlyFrames, type PlainFrame, type SegmentFrame, type TrainerFrame } from './early-frames.ts';
import { BlockEncoder } from './filters/value-block.ts';
import { isAllFinite } from './finite.ts';
import { HostedSegment } from './hosted-segment.ts';
import { PushCounts } from './push-counts.ts';
import { flawOfRingPush, ringRuleOf } from './ring-push.ts';
import { Segment } from './segment.ts';
import type { SegmentLoad, SegmentSite } from './segment-site.ts';
import { ShardCounters } from './shard-counters.ts';
import { cutSegments, type SegmentRange, type TableSpec } from './table.ts';
import { createUpdater } from './updaters/create-updater.ts';
import { AVERAGE, type OuterSpec } from './updaters/outer.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

/** What a shard must know of a run: nothing of the job but its tables. */
export interface ShardPlan {
  readonly run: number;
  readonly tables: readonly TableSpec[];
  readonly seed: number;
  readonly updater: UpdaterSpec;
  /** Absent: the mean. */
  readonly aggregator?: AggregatorSpec | undefined;
  /** Workers add their gradients up on the way; absent: each pushes its own. */
  readonly reduce?: 'server' | 'ring' | undefined;
  /** Workers may push in each other's names; absent: they may not. */
  readonly hasBackups?: boolean | undefined;
  /** Global batch of one clock: a push of n samples outside BSP weighs n / batch. */
  readonly batch: number;
  /** What becomes of local steps; absent where they have no way. */
  readonly outer?: OuterSpec | undefined;
  /** Clocks of the run. */
  readonly steps: number;
  /** Goes on from a checkpoint: segments begin with the state that the trainer of the tab brings, not with first values. */
  readonly isResumed: boolean;
}

/** How full a shard's queues are, each for the one segment and node of which the most waits. */
export interface ShardLoad extends SegmentLoad {
  readonly earlyBytes: number;
}

export type ShardEvent =
  | { readonly kind: 'plan'; readonly plan: ShardPlan }
  | { readonly kind: 'map'; readonly map: ClusterMap }
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  /** A checkpoint is cut at this clock; null while none is wanted. */
  | { readonly kind: 'cut'; readonly clock: number | null }
  /** There is a (new) link to another shard. */
  | { readonly kind: 'link'; readonly node: NodeId }
  | { readonly kind: 'frame'; readonly from: NodeId; readonly frame: Frame };

/** A frame for a node: for its trainer (answers) or for its shard (replication). */
export interface ShardEffect {
  readonly to: NodeId;
  readonly role: 'trainer' | 'shard';
  readonly frame: Frame;
}

export class ShardCore {
  readonly counters = new ShardCounters();
  private plan: ShardPlan | null = null;
  private map: ClusterMap = EMPTY_MAP;
  private schedule: Schedule = [];
  private cutClock: number | null = null;
  private ranges: readonly SegmentRange[] = [];
  private readonly hosted = new Map<number, HostedSegment>();
  /** Frames of an epoch not yet heard of: replayed when its map has come. */
  private readonly early = new EarlyFrames();
  private readonly violations = new Map<NodeId, number>();
  private readonly aggregator = new Aggregator();
  private readonly encoder = new BlockEncoder();
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
        for (const hosted of this.hosted.values()) hosted.reconsider();
        break;
      case 'cut':
        this.cutClock = event.clock;
        for (const hosted of this.hosted.values()) hosted.cutWhenDue();
        break;
      case 'link':
        for (const hosted of this.hosted.values()) hosted.linkUp(event.node);
        break;
      case 'frame':
        this.takeFrame(event.from, event.frame);
        break;
      default:
        event satisfies never;
    }
    return this.effects;
  }

  get epoch(): Epoch {
    return this.map.epoch;
  }

  /** Indexes of the segments owned here whose placement is settled: the scheduler may take the next step with them. */
  settledSegments(): number[] {
    return this.ranges.flatMap(({ table, segment }, index) =>
      this.hosted.get(segmentKey(table, segment))?.isSettled === true ? index : [],
    );
  }

  /** The segments held here, whatever the role: for the simulator's invariants and the page's figures. */
  segments(): { readonly segment: Segment; readonly isOwner: boolean }[] {
    return [...this.hosted.values()].map(({ segment, isOwner }) => ({ segment, isOwner }));
  }

  /** Pushes in the histories of the segments owned here, by worker. */
  pushes(): PushCount[] {
    const sums = new PushCounts();
    for (const { segment, isOwner } of this.hosted.values()) {
      if (isOwner) for (const { node, count } of segment.pushes.list()) sums.add(node, count);
    }
    return sums.list();
  }

  /** For the invariant that queues stay bounded: each figure has its bound in `protocol/limits.ts`. */
  load(): ShardLoad {
    const loads = [...this.hosted.values()].map((hosted) => hosted.load());
    const most = (what: keyof SegmentLoad) => loads.reduce((sum, load) => Math.max(sum, load[what]), 0);
    return {
      earlyBytes: this.early.mostBytes,
      parkedPulls: most('parkedPulls'),
      pendingPushes: most('pendingPushes'),
      unacknowledged: most('unacknowledged'),
    };
  }

  private setPlan(plan: ShardPlan): void {
    if (this.plan?.run === plan.run) return;
    this.plan = plan;
    this.ranges = cutSegments(plan.tables);
    this.hosted.clear();
    this.cutClock = null;
    this.counters.reset();
    this.enterMap();
  }

  private setMap(map: ClusterMap): void {
    if (compareEpochs(map.epoch, this.map.epoch) <= 0) return;
    this.map = map;
    this.enterMap();
  }

  /** Hosts what the map places here, drops the rest, then replays what came early. Waits for the plan of a new run. */
  private enterMap(): void {
    if (this.plan === null || this.plan.run !== this.map.run) return;
    this.ranges.forEach((range, index) => {
      const key = segmentKey(range.table, range.segment);
      const placement = this.map.placements[index];
      const isHere = placement?.chain.includes(this.self) || placement?.learners.includes(this.self);
      if (placement === undefined || !isHere) {
        this.hosted.delete(key);
        return;
      }
      const hosted = this.hosted.get(key) ?? this.host(range);
      this.hosted.set(key, hosted);
      hosted.place(placement);
    });
    const { kept, dropped } = this.early.takeAll();
    for (const { from, frame } of kept) this.takeFrame(from, frame);
    for (const { from, frame } of dropped) this.refuse(from, frame, 'early');
  }

  /** A segment as it is at the start of a run: a pure function of the plan, so that all copies start alike. */
  private host(range: SegmentRange): HostedSegment {
    const { plan } = this;
    const spec = plan?.tables[range.table];
    if (plan === null || spec === undefined) throw new RangeError(`No table ${range.table} in this run.`);
    const segment = new Segment(range, spec.width, createUpdater(plan.updater, plan.outer));
    if (!plan.isResumed) segment.initialise(spec, plan.seed);
    return new HostedSegment(segment, this.siteOf(spec.width, plan), plan.isResumed);
  }

  private siteOf(
    width: number,
    { run, batch, outer = AVERAGE, aggregator = { kind: 'mean' }, reduce }: ShardPlan,
  ): SegmentSite {
    const core = this;
    return {
      self: this.self,
      run,
      get cutClock() {
        return core.cutClock;
      },
      get epoch() {
        return core.map.epoch;
      },
      get schedule() {
        return core.schedule;
      },
      get workers(): readonly WorkerId[] {
        return core.map.workers;
      },
      batch,
      outerRate: outer.learningRate,
      width,
      rule: aggregator,
      aggregator: this.aggregator,
      isRing: reduce === 'ring',
      encoder: this.encoder,
      counters: this.counters,
      send: (to, role, frame) => core.effects.push({ to, role, frame }),
      refuse: (to, frame, reason) => core.refuse(to, frame, reason),
    };
  }

  private takeFrame(from: NodeId, frame: Frame): void {
    if (frame.kind === 'cut' && from === this.self) return this.restore(frame);
    if (!isSegmentFrame(frame)) {
      this.counters.refused(from, 'not-owner');
      return;
    }
    const verdict = this.judge(from, frame);
    const hosted = this.hosted.get(segmentKey(frame.table, frame.segment));
    if (verdict === 'early') this.keepEarly(from, frame);
    else if (verdict !== 'none') this.refuse(from, frame, verdict);
    else if (hosted !== undefined) this.act(hosted, from, frame);
  }

  /** Keeps it for its map; who sends more than anybody has to send again, map after map, floods. */
  private keepEarly(from: NodeId, frame: SegmentFrame): void {
    if (this.early.keep(from, frame)) return;
    this.counters.refused(from, 'early');
    const most = MAX_EARLY_ROUNDS * MAX_UNACKED_CLOCKS * Math.max(1, this.ranges.length);
    if (this.early.droppedOf(from) > most) this.violations.set(from, MAX_VIOLATIONS);
  }

  /** Undoes filters, checks what a worker sent, and acts. */
  private act(hosted: HostedSegment, from: NodeId, frame: SegmentFrame): void {
    const plain = isFiltered(frame) ? hosted.open(frame) : frame;
    const flaw = typeof plain === 'string' ? plain : flawOf(plain, hosted.segment);
    if (typeof plain === 'string' || flaw !== 'none') this.refuse(from, frame, flaw);
    else dispatch(hosted, from, plain);
  }

  /** The trainer of this tab brings the state that a segment goes on from. */
  private restore(cut: Cut): void {
    if (cut.run === this.plan?.run) this.hosted.get(segmentKey(cut.table, cut.segment))?.restore(cut);
  }

  /** May this frame act on its segment now? The epoch must match exactly: a stale sender resends by the newer map. */
  private judge(from: NodeId, frame: SegmentFrame): Refusal | 'early' {
    const age = compareEpochs(frame.epoch, this.map.epoch);
    if (age < 0) return 'stale-epoch';
    const isOfWorker = isFromTrainer(frame);
    const isStandIn = isOfWorker && frame.worker.node !== from;
    const maybeBackups = this.plan === null || this.plan.hasBackups === true;
    if (isStandIn && (isPull(frame) || !maybeBackups)) return 'not-a-worker';
    if (age > 0 || this.plan?.run !== this.map.run) return 'early';
    if (isStandIn && !this.mayStandIn(from)) return 'not-a-worker';
    const hosted = this.hosted.get(segmentKey(frame.table, frame.segment));
    if (hosted === undefined) return 'not-owner';
    if (frame.kind === 'ringPush') return this.judgeRingPush(from, frame, hosted);
    if (!isOfWorker) return 'none';
    if (!hosted.isOwner || !hosted.isThere) return 'not-owner';
    return isPull(frame) ? judgePull(frame, this.plan) : judgePush(frame, this.map, this.plan);
  }

  /** May it push in another worker's name? */
  private mayStandIn(from: NodeId): boolean {
    return this.plan?.hasBackups === true && this.map.workers.some(({ node }) => node === from);
  }

  /** Whoever hands over what came round has checked it, too: it answers for all of it. */
  private judgeRingPush(from: NodeId, push: RingPush, hosted: HostedSegment): Refusal {
    if (!hosted.isOwner || !hosted.isThere) return 'not-owner';
    const rule = this.plan && ringRuleOf(this.plan);
    if (!rule) return 'malformed';
    if (!this.map.workers.some(({ node }) => node === from)) return 'not-a-worker';
    return flawOfRingPush(push, this.map, rule, hosted.segment.range.floats);
  }

  /** Has this node sent more of what no honest node sends than a bug would explain? */
  isHostile(node: NodeId): boolean {
    return (this.violations.get(node) ?? 0) >= MAX_VIOLATIONS;
  }

  /** Nodes that have: nothing of theirs is taken any more, so nobody should wait for them. */
  hostileNodes(): NodeId[] {
    return [...this.violations.keys()].filter((node) => this.isHostile(node));
  }

  /** The node has sent bytes that are no frames at all. */
  condemn(node: NodeId): void {
    this.counters.refused(node, 'no-frame');
    this.violations.set(node, MAX_VIOLATIONS);
  }

  /** Trainers are told; shards will hear of the newer map by themselves. */
  private refuse(to: NodeId, frame: SegmentFrame, reason: Refusal): void {
    this.counters.refused(to, reason);
    if (VIOLATIONS.has(reason)) this.violations.set(to, (this.violations.get(to) ?? 0) + 1);
    if (!isFromTrainer(frame)) return;
    const { table, segment, worker } = frame;
    const clock = isPull(frame) ? 0 : frame.clock;
    const request = isPull(frame) ? frame.request : 0;
    const { epoch } = this.map;
    const refusal: Frame = { kind: 'refuse', epoch, table, segment, worker, reason, clock, request };
    this.effects.push({ to, role: 'trainer', frame: refusal });
  }
}

/** What a sender can't be excused for by a late map or a lost race. */
const VIOLATIONS: ReadonlySet<Refusal> = new Set<Refusal>([
  'bad-keys',
  'not-finite',
  'not-a-worker',
  'bad-samples',
  'bad-clock',
  'malformed',
]);

function judgePush(push: Push | FilteredPush, map: ClusterMap, { batch, steps }: ShardPlan): Refusal {
  if (!isActive(map, push.worker)) return 'not-a-worker';
  const { clock, settled, samples, covers = 1 } = push;
  if (clock < 0 || clock >= steps || settled > clock || covers > clock + 1) return 'bad-clock';
  return samples > batch * covers ? 'bad-samples' : 'none';
}

const judgePull = ({ minClock, done }: Pull | FilteredPull, { steps }: ShardPlan): Refusal =>
  minClock >= steps || done >= steps ? 'bad-clock' : 'none';

const SEGMENT_KINDS: ReadonlySet<Frame['kind']> = new Set([
  ...(['push', 'ringPush', 'pull', 'filteredPush', 'filteredPull'] as const),
  ...(['update', 'codedUpdate', 'confirm', 'follow', 'snapshot'] as const),
]);

const isSegmentFrame = (frame: Frame): frame is SegmentFrame => SEGMENT_KINDS.has(frame.kind);

const isFiltered = (frame: SegmentFrame): frame is FilteredPush | FilteredPull | CodedUpdate =>
  frame.kind === 'filteredPush' || frame.kind === 'filteredPull' || frame.kind === 'codedUpdate';

const isPull = (frame: SegmentFrame): frame is Pull | FilteredPull =>
  frame.kind === 'pull' || frame.kind === 'filteredPull';

const isFromTrainer = (frame: SegmentFrame): frame is TrainerFrame =>
  isPull(frame) || frame.kind === 'push' || frame.kind === 'filteredPush';

/** What is wrong with the rows or keys of a frame, once its filters are undone. */
function flawOf(frame: PlainFrame, segment: Segment): Refusal {
  if (frame.kind === 'push') {
    if (frame.isDrift && !segment.takesDrifts) return 'malformed';
    // Only whole segments drift.
    if (!segment.accepts(frame) || (frame.keys !== null && frame.isDrift)) return 'bad-keys';
    return isAllFinite(frame.values) ? 'none' : 'not-finite';
  }
  if (frame.kind === 'ringPush') return isAllFinite(frame.values) ? 'none' : 'not-finite';
  if (frame.kind !== 'pull') return 'none';
  return frame.keys === null || segment.acceptsKeys(frame.keys) ? 'none' : 'bad-keys';
}

function dispatch(hosted: HostedSegment, from: NodeId, frame: PlainFrame): void {
  switch (frame.kind) {
    case 'push':
      return hosted.takePush(from, frame);
    case 'ringPush':
      return hosted.takeRingPush(frame);
    case 'pull':
      return hosted.takePull(from, frame);
    case 'update':
      return hosted.takeUpdate(from, frame);
    case 'confirm':
      return hosted.takeConfirm(from, frame);
    case 'follow':
      return hosted.takeFollow(from, frame);
    case 'snapshot':
      return hosted.takeSnapshot(from, frame);
    default:
      frame satisfies never;
  }
}
