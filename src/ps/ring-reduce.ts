// All-reduce, a worker's part in it: gradients of a segment are added up from worker to worker and end at its owner as one push
// of all of them; the owner's answer goes round the same way. So every link carries one n-th of what it would (ring algorithm
// of Patarasuk & Yuan 2009), and the servers, being asked by one worker instead of n, hold what they held.
//
// Going round is never more than a short cut. Whatever goes wrong (a map changes, a link breaks, nothing comes), a worker
// sends its own push to the owner and asks it for the rows, as without a ring; the owner knows every push by its identity,
// refuses a push of several of which it has some, and calls for what it misses. Pure.
import { compareEpochs, NO_CLOCK, type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import { RING_PATIENCE_MS } from '../protocol/limits.ts';
import type { RingAnswer, RingFrame, RingPush } from '../protocol/ring-frames.ts';
import { type ClusterMap, EMPTY_MAP } from './cluster-map.ts';
import type { RingInbox } from './ring-inbox.ts';
import {
  addPart,
  flawOfRingPush,
  isSameRound,
  type OwnPart,
  placeIn,
  type RingPlace,
  type RingRule,
  roundOf,
} from './ring-push.ts';
import type { SegmentRange } from './table.ts';

/** What a ring needs of its client. */
export interface RingSite {
  /** Hands a frame to the trainer of another node. */
  pass(to: NodeId, frame: RingFrame): void;
  /** Hands a push of several to the owner's shard. @returns false where there is no link to it */
  deliver(to: NodeId, frame: RingPush): boolean;
  /** Sends this worker's own pushes of a segment to its owner, those that aren't acknowledged. */
  sendAlone(key: number): void;
  /** Asks the owner for the rows of a pull. */
  askAlone(request: number): void;
  /** The rows of a pull are there. */
  arrived(request: number, answer: RingAnswer, isHeldBack: boolean): void;
}

/** A pull of a segment that waits for what comes round. */
interface Awaited {
  readonly request: number;
  readonly minClock: number;
  readonly since: number;
}

/** An own push that goes round and isn't acknowledged. */
interface Sent {
  readonly clock: number;
  readonly since: number;
}

/** Before any answer was passed on. */
const NOTHING_PASSED = -2;

export class RingReduce {
  private map: ClusterMap = EMPTY_MAP;
  private readonly ranges: ReadonlyMap<number, { readonly range: SegmentRange; readonly index: number }>;
  private readonly places = new Map<number, RingPlace | null>();
  /** Trainers that can be reached now. */
  private readonly up = new Set<NodeId>();
  /** Own parts that wait for what comes round, by segment: in BSP there is one clock at a time. */
  private readonly waiting = new Map<number, OwnPart>();
  /** Sums that came round before the own part was computed. */
  private readonly early = new Map<number, RingPush>();
  private readonly sent = new Map<number, Sent>();
  /** Newest clock of each segment whose push the owner wants from this worker itself. */
  private readonly called = new Map<number, number>();
  private readonly awaited = new Map<number, Awaited>();
  /** Answers that came round before they were asked for. */
  private readonly answers = new Map<number, RingAnswer>();
  /** Floor of the newest answer passed on. */
  private readonly passed = new Map<number, number>();
  private now = 0;
  /** Newest clock that this worker has pushed, or will not push; when that was; and how long the clock before had taken. */
  private newest = NO_CLOCK;
  private newestAt = 0;
  private interval = 0;
  /** Of the newest clock: segments of which others had not come round yet, and segments in which there are others before. */
  private late = { waited: 0, of: 0 };

  constructor(
    private readonly self: WorkerId,
    private readonly rule: RingRule,
    ranges: readonly SegmentRange[],
    private readonly inbox: RingInbox,
    private readonly site: RingSite,
  ) {
    this.ranges = new Map(
      ranges.map((range, index) => [segmentKey(range.table, range.segment), { range, index }] as const),
    );
  }

  /** A new map: what was under way is sent and asked for without the ring by the client; then what came early is due. */
  setMap(map: ClusterMap): void {
    this.map = map;
    for (const kept of [this.places, this.waiting, this.early, this.sent]) kept.clear();
    for (const kept of [this.called, this.awaited, this.answers, this.passed]) kept.clear();
    for (const { from, frame } of this.inbox.take(map.epoch)) this.receive(from, frame);
  }

  /** There is a link to another trainer, or no longer. */
  setPeer(node: NodeId, isUp: boolean): void {
    if (isUp) {
      this.up.add(node);
      return;
    }
    this.up.delete(node);
    for (const key of [...this.sent.keys()]) {
      const place = this.placeOf(key);
      if (place?.previous === node ? this.waiting.has(key) : place?.next === node) this.goAlone(key);
    }
    for (const [key, { request }] of [...this.awaited]) {
      if (this.placeOf(key)?.previous === node) this.stopAwaiting(key, request);
    }
  }

  /** Time passes: what has waited for longer than others can have computed isn't waited for any more. */
  tick(now: number): void {
    this.now = now;
    const limit = now - RING_PATIENCE_MS - PATIENCE_STEPS * Math.min(this.interval, RING_PATIENCE_MS);
    for (const [key, { since }] of [...this.sent]) if (since < limit) this.goAlone(key);
    for (const [key, { since, request }] of [...this.awaited]) if (since < limit) this.stopAwaiting(key, request);
  }

  /** This worker begins behind `done`: up to there nothing will come from it. */
  skipTo(done: number): void {
    this.newest = Math.max(this.newest, done);
    for (const [key, sum] of [...this.early]) if (sum.clock <= this.newest) this.release(key, sum);
  }

  /**
   * Sends a part round, or keeps it until what it is added to has come.
   * @returns false where it must go to the owner by itself
   */
  push(own: OwnPart, key: number, isWhole: boolean): boolean {
    this.noteClock(own.clock);
    const place = this.placeOf(key);
    const sum = this.early.get(key);
    this.early.delete(key);
    if (place === null || !isWhole || this.called.get(key) === own.clock) {
      if (sum !== undefined && place !== null) this.hand(place, sum);
      return false;
    }
    if (!place.isFirst) this.late.of++;
    if (this.begin(place, own, key, sum)) {
      this.sent.set(key, { clock: own.clock, since: this.now });
      return true;
    }
    return false;
  }

  private begin(place: RingPlace, own: OwnPart, key: number, sum: RingPush | undefined): boolean {
    const { worker, settled, samples, clock } = own;
    const { epoch } = this.map;
    const [table, segment] = [key >>> 16, key & 0xffff];
    const values = samples === 0 ? own.values.subarray(0, 0) : own.values;
    if (place.isFirst) {
      const parts = [{ worker, settled, samples }];
      return this.hand(place, { kind: 'ringPush', epoch, table, segment, clock, ...roundOf(own), parts, values });
    }
    if (sum?.clock === clock && isSameRound(sum, own)) return this.add(place, sum, own);
    this.late.waited++;
    if (!this.up.has(place.previous)) return false;
    this.waiting.set(key, own);
    return true;
  }

  private add(place: RingPlace, sum: RingPush, own: OwnPart): boolean {
    const grown = addPart(sum, own, this.rule.combine);
    return grown !== null && this.hand(place, grown);
  }

  /** To the next worker; from the last one, or where the next can't be reached, to the owner. */
  private hand({ next, owner, isLast }: RingPlace, sum: RingPush): boolean {
    if (isLast || !this.up.has(next)) return this.site.deliver(owner, sum);
    this.site.pass(next, sum);
    return true;
  }

  /** Passes on a sum without adding to it. */
  private release(key: number, sum: RingPush): void {
    this.early.delete(key);
    const place = this.placeOf(key);
    if (place !== null) this.hand(place, sum);
  }

  /** Own pushes of a segment are acknowledged up to this clock. */
  acknowledged(key: number, clock: number): void {
    if ((this.sent.get(key)?.clock ?? clock + 1) > clock) return;
    this.sent.delete(key);
    this.waiting.delete(key);
  }

  /** The owner wants this worker's push of a clock from itself; what waits here for it goes on without. */
  call(key: number, clock: number): void {
    this.called.set(key, Math.max(clock, this.called.get(key) ?? NO_CLOCK));
    this.waiting.delete(key);
    this.sent.delete(key);
  }

  private goAlone(key: number): void {
    this.waiting.delete(key);
    this.sent.delete(key);
    this.site.sendAlone(key);
  }

  /**
   * Waits for what comes round, or takes it where it has come.
   * @returns false where the owner must be asked
   */
  await(key: number, request: number, minClock: number): boolean {
    const place = this.placeOf(key);
    const early = this.answers.get(key);
    this.answers.delete(key);
    if (place === null || place.isLast) return false;
    if (early !== undefined && early.clocks.floor >= minClock) {
      this.site.arrived(request, early, this.wasHeldBack);
      return true;
    }
    if (!this.up.has(place.previous)) return false;
    this.awaited.set(key, { request, minClock, since: this.now });
    return true;
  }

  private stopAwaiting(key: number, request: number): void {
    this.awaited.delete(key);
    this.site.askAlone(request);
  }

  /** Passes on what this worker heard, from the owner or from the worker before. */
  passOn(answer: RingAnswer): void {
    const key = segmentKey(answer.table, answer.segment);
    const place = this.placeOf(key);
    const { floor } = answer.clocks;
    // Of an older map: with the newer one everybody has asked for himself.
    if (place === null || compareEpochs(answer.epoch, this.map.epoch) !== 0) return;
    if ((this.passed.get(key) ?? NOTHING_PASSED) >= floor) return;
    this.passed.set(key, floor);
    if (!place.isLastToHear && this.up.has(place.next)) this.site.pass(place.next, answer);
  }

  /** Takes what another trainer sent. What nobody could have meant is dropped: its push or pull goes another way. */
  receive(from: NodeId, frame: RingFrame): void {
    const age = compareEpochs(frame.epoch, this.map.epoch);
    if (age > 0) this.inbox.keep(from, frame, this.ranges);
    const key = segmentKey(frame.table, frame.segment);
    const place = age === 0 ? this.placeOf(key) : null;
    if (place === null || place.previous !== from) return;
    if (frame.kind === 'ringPush') this.receiveSum(key, place, frame);
    else this.receiveAnswer(key, place, frame);
  }

  private receiveSum(key: number, place: RingPlace, sum: RingPush): void {
    const isMine = sum.parts.some(({ worker }) => worker.node === this.self.node);
    const floats = this.ranges.get(key)?.range.floats ?? 0;
    if (place.isFirst || isMine || flawOfRingPush(sum, this.map, this.rule, floats) !== 'none') return;
    const own = this.waiting.get(key);
    if (own?.clock === sum.clock && isSameRound(own, sum)) {
      this.waiting.delete(key);
      if (!this.add(place, sum, own)) this.goAlone(key);
    } else if (sum.clock > this.newest) this.early.set(key, sum);
    else this.hand(place, sum);
  }

  private receiveAnswer(key: number, place: RingPlace, answer: RingAnswer): void {
    const floats = this.ranges.get(key)?.range.floats;
    if (place.isLast || answer.values.length !== floats) return;
    this.passOn(answer);
    const awaited = this.awaited.get(key);
    if (awaited === undefined || awaited.minClock > answer.clocks.floor) this.answers.set(key, answer);
    else {
      this.awaited.delete(key);
      this.site.arrived(awaited.request, answer, this.wasHeldBack);
    }
  }

  /** Was this worker faster than those before it in most rings? Then it waited for them, not for the network. */
  private get wasHeldBack(): boolean {
    return this.late.waited * 2 > this.late.of;
  }

  private noteClock(clock: number): void {
    if (clock <= this.newest) return;
    if (this.newest !== NO_CLOCK) this.interval = this.now - this.newestAt;
    this.newest = clock;
    this.newestAt = this.now;
    this.late = { waited: 0, of: 0 };
  }

  private placeOf(key: number): RingPlace | null {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const index = this.ranges.get(key)?.index;
    const place = index === undefined ? null : placeIn(this.map, index, this.self);
    this.places.set(key, place);
    return place;
  }

  /** How much is kept: for the invariant that it stays bounded, each by the number of segments. */
  get load(): number {
    const kept = [this.waiting, this.early, this.sent, this.called, this.awaited, this.answers, this.passed];
    return Math.max(this.inbox.size / 2, ...kept.map(({ size }) => size));
  }
}

/** Clocks, as long as the last one, that a worker waits for others on top of `RING_PATIENCE_MS`: some are slow. */
const PATIENCE_STEPS = 4;
