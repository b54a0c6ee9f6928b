// The worker's side of push and pull, as a state machine. It knows which server has which segment, splits tensors into
// frames, puts answers together, and sends again what is not acknowledged when the map or a link changes.
// Pure: what completes is an effect; the runtime turns those into promises.
import { MalformedBytes } from '../protocol/bytes.ts';
import type { PullFilters, PullSpec, PushFilters } from '../protocol/filters.ts';
import type { Answer, FilteredAnswer, Frame, Pull, Push, Refuse } from '../protocol/frames.ts';
import {
  compareEpochs,
  type Epoch,
  NO_CLOCK,
  type NodeId,
  type SegmentId,
  segmentKey,
  type WorkerId,
} from '../protocol/ids.ts';
import { MAX_RESENDS } from '../protocol/limits.ts';
import type { RingFrame } from '../protocol/ring-frames.ts';
import { type ClusterMap, EMPTY_MAP, isActive } from './cluster-map.ts';
import { type ClientFilterSettings, ClientFilters, type CodedPush } from './filters/client-filters.ts';
import type { RingInbox } from './ring-inbox.ts';
import type { RingRule } from './ring-push.ts';
import { RingReduce, type RingSite } from './ring-reduce.ts';
import type { Rows } from './segment.ts';
import { cutSegments, type SegmentRange, type TableSpec } from './table.ts';
import { clockIn, frontOf } from './vector-clock.ts';

/** Newest clock seen in each segment by a pull, by `segmentKey`: what a push measures staleness from. */
export type ReadFronts = ReadonlyMap<number, number>;

export type ClientEvent =
  | {
      readonly kind: 'plan';
      readonly run: number;
      readonly tables: readonly TableSpec[];
      readonly filters?: ClientFilterSettings;
      /** Absent where gradients don't go round. */
      readonly ring?: { readonly rule: RingRule; readonly inbox: RingInbox } | undefined;
    }
  | { readonly kind: 'map'; readonly map: ClusterMap }
  | { readonly kind: 'link'; readonly node: NodeId; readonly isUp: boolean }
  /** As `link`, to the trainer of another node. */
  | { readonly kind: 'peer'; readonly node: NodeId; readonly isUp: boolean }
  | { readonly kind: 'tick'; readonly now: number }
  | {
      readonly kind: 'pull';
      /** Chosen by the caller; comes back in `pulled`. */
      readonly id: number;
      readonly minClock: number;
      /** Clocks ≤ done need nothing from this worker. Only when it starts: pulls overtake pushes on a link. */
      readonly done: number;
      /** Keys of each table, ascending and unique; null for all. */
      readonly keys: readonly (Uint32Array | null)[];
      /** Where rows go: per table, room for its keys. */
      readonly into: readonly Float32Array[];
      /** Also ask segments of which no key is wanted, to meet their clocks. */
      readonly everySegment: boolean;
      /** How the rows shall travel; as they are when absent. */
      readonly filters?: PullFilters | null;
      /** All workers pull the same at this clock: the rows may come round the ring, where there is one. */
      readonly isShared?: boolean;
    }
  | {
      readonly kind: 'push';
      readonly clock: number;
      /** Clocks that it covers, `clock` the last; 1 when absent, else a drift. */
      readonly covers?: number;
      readonly samples: number;
      /** One entry per table. Kept, not copied, until acknowledged. */
      readonly tables: readonly Rows[];
      readonly readFronts: ReadFronts;
      /** What the rows go through; nothing when absent. */
      readonly filters?: PushFilters | null;
      /** What the gradient is of, laid out like it, per table: the KKT filter looks at it. */
      readonly parameters?: readonly Float32Array[];
    }
  | { readonly kind: 'frame'; readonly from: NodeId; readonly frame: Frame };

export type ClientEffect =
  | { readonly kind: 'send'; readonly to: NodeId; readonly frame: Frame }
  /** To the trainer of another node. */
  | { readonly kind: 'pass'; readonly to: NodeId; readonly frame: RingFrame }
  /** All rows have arrived. */
  | { readonly kind: 'pulled'; readonly id: number; readonly pulled: Pulled }
  /** Every segment has acknowledged the push of this clock. */
  | { readonly kind: 'acknowledged'; readonly clock: number }
  /** A shard won't take what was sent, and sending again won't help. */
  | { readonly kind: 'rejected'; readonly from: NodeId; readonly refuse: Refuse }
  /** A shard's answer can't be read. */
  | { readonly kind: 'garbled'; readonly from: NodeId; readonly text: string };

/** What a completed pull tells besides the rows. */
export interface Pulled {
  /** The newest clock that some segment has of this worker. */
  readonly ownClock: number;
  readonly readFronts: ReadFronts;
  /** The oldest clock that some segment has of some worker; infinite where nothing was asked for. */
  readonly floor: number;
  /** Some segment had to wait for another worker. */
  readonly isHeldBack: boolean;
}

/** What waits for its acknowledgement or answer, with what filters made of it. */
type UnsentPush = Omit<Push, 'epoch' | 'settled'> & { readonly coded: CodedPush | null };
type UnsentPull = Omit<Pull, 'epoch'> & { readonly wish: PullSpec | null };

/** One pull: how much of it is still on its way. */
interface PullState {
  readonly into: readonly Float32Array[];
  readonly readFronts: Map<number, number>;
  ownClock: number;
  floor: number;
  isHeldBack: boolean;
  missing: number;
}

/** One segment's part of a pull. */
interface PullPart {
  readonly pullId: number;
  readonly range: SegmentRange;
  readonly key: number;
  readonly pull: UnsentPull;
  /** Where the rows go in the table's buffer, in floats, and how many there must be. */
  readonly offset: number;
  readonly floats: number;
  /** What is heard is passed on round the ring. */
  readonly isShared: boolean;
}

export class ClientCore {
  private map: ClusterMap = EMPTY_MAP;
  private run = 0;
  private tables: readonly TableSpec[] = [];
  private ranges: readonly SegmentRange[] = [];
  private rangesByKey: ReadonlyMap<number, SegmentRange> = new Map();
  private owners: ReadonlyMap<number, NodeId> = new Map();
  private readonly up = new Set<NodeId>();
  private readonly pulls = new Map<number, PullState>();
  private readonly parts = new Map<number, PullPart>();
  /** Unacknowledged pushes by clock, then by segment. Clocks were inserted in order and are resent in order. */
  private readonly pushes = new Map<number, Map<number, UnsentPush>>();
  /** How often a shard has had something sent again, by segment and by `allOf` a node, since the last progress. */
  private readonly resends = new Map<number | string, number>();
  private effects: ClientEffect[] = [];
  /** So many pushes have been acknowledged in this run: each segment's counted, none twice. */
  acknowledgedPushes = 0;
  /** By what was sent and saved; anew with each run. */
  filters: ClientFilters;
  private ring: RingReduce | null = null;

  /** @param nextRequest numbers for pulls, never the same twice on one link, whatever client it comes from */
  constructor(
    private readonly self: WorkerId,
    private readonly nextRequest: () => number,
  ) {
    this.filters = new ClientFilters(self, [], NO_SETTINGS);
  }

  step(event: ClientEvent): ClientEffect[] {
    this.effects = [];
    switch (event.kind) {
      case 'plan':
        this.setPlan(event);
        break;
      case 'map':
        this.setMap(event.map);
        break;
      case 'link':
        this.setLink(event.node, event.isUp);
        break;
      case 'peer':
        this.ring?.setPeer(event.node, event.isUp);
        break;
      case 'tick':
        this.ring?.tick(event.now);
        break;
      case 'pull':
        this.pull(event);
        break;
      case 'push':
        this.push(event);
        break;
      case 'frame':
        this.takeFrame(event.from, event.frame);
        break;
      default:
        event satisfies never;
    }
    return this.effects;
  }

  /** Pushes that are not acknowledged yet, each segment's counted: given up with this client, some may be applied yet. */
  get openPushes(): number {
    let sum = 0;
    for (const ofClock of this.pushes.values()) sum += ofClock.size;
    return sum;
  }

  /** Clocks whose pushes are not yet acknowledged everywhere. */
  get unacknowledgedClocks(): number {
    return this.pushes.size;
  }

  /** How much is under way: for the invariant that it stays bounded. */
  load(): { readonly clocks: number; readonly pulls: number; readonly requests: number; readonly ring: number } {
    return { clocks: this.pushes.size, pulls: this.pulls.size, requests: this.parts.size, ring: this.ring?.load ?? 0 };
  }

  get epoch(): Epoch {
    return this.map.epoch;
  }

  /** A new run: whatever the old one still waited for will never come. */
  private setPlan({ run, tables, filters = NO_SETTINGS, ring }: ClientEvent & { kind: 'plan' }): void {
    this.run = run;
    this.filters = new ClientFilters(this.self, tables, filters);
    this.tables = tables;
    this.ranges = cutSegments(tables);
    this.rangesByKey = new Map(this.ranges.map((range) => [segmentKey(range.table, range.segment), range]));
    this.pulls.clear();
    this.parts.clear();
    this.pushes.clear();
    this.acknowledgedPushes = 0;
    this.ring =
      ring === undefined ? null : new RingReduce(this.self, ring.rule, this.ranges, ring.inbox, this.ringSite());
    this.findOwners();
  }

  private ringSite(): RingSite {
    return {
      pass: (to, frame) => this.effects.push({ kind: 'pass', to, frame }),
      deliver: (to, frame) => this.up.has(to) && this.effects.push({ kind: 'send', to, frame }) > 0,
      sendAlone: (key) => this.sendAgain(key),
      askAlone: (request) => {
        const part = this.parts.get(request);
        if (part !== undefined) this.send(part.key, part.pull, () => true);
      },
      arrived: (request, answer, isHeldBack) => {
        const rows = { ...answer, kind: 'answer', request, isHeldBack } as const;
        this.takeAnswer(rows, rows.values);
      },
    };
  }

  private setMap(map: ClusterMap): void {
    if (compareEpochs(map.epoch, this.map.epoch) <= 0) return;
    this.map = map;
    this.resends.clear();
    this.findOwners();
    this.ring?.setMap(this.run === map.run ? map : { ...EMPTY_MAP, epoch: map.epoch });
    this.resend(() => true);
  }

  private findOwners(): void {
    const { placements } = this.map;
    this.owners = new Map(
      this.ranges.flatMap(({ table, segment }, index) => {
        const owner = placements[index]?.chain[0];
        return owner === undefined ? [] : [[segmentKey(table, segment), owner] as const];
      }),
    );
  }

  private setLink(node: NodeId, isUp: boolean): void {
    if (!isUp) this.up.delete(node);
    else {
      this.up.add(node);
      this.resends.clear();
      this.resend((owner) => owner === node);
    }
  }

  /** Sends again, in order, what isn't acknowledged or answered. Shards know what they have seen. */
  private resend(isMeant: (owner: NodeId) => boolean): void {
    for (const ofClock of this.pushes.values()) {
      for (const [key, push] of ofClock) this.send(key, push, isMeant, false);
    }
    for (const { key, pull } of this.parts.values()) this.send(key, pull, isMeant, false);
  }

  /**
   * Sends to the owner, if there is a link to it now; if not, `resend` will.
   * @param mayBeShort the owner should know the keys that this client sent it before
   */
  private send(
    key: number,
    frame: UnsentPush | UnsentPull,
    isMeant: (owner: NodeId) => boolean,
    mayBeShort = true,
  ): void {
    const owner = this.owners.get(key);
    if (this.run !== this.map.run || owner === undefined || !this.up.has(owner) || !isMeant(owner)) return;
    // Taken off the map, say because the tab slept: what it sent now would be refused, and count against it.
    if (frame.kind === 'push' && !isActive(this.map, this.self)) return;
    if (frame.kind === 'push') this.ring?.call(key, frame.clock);
    const complete =
      frame.kind === 'push'
        ? this.completePush(key, frame, owner, mayBeShort)
        : this.completePullFrame(frame, owner, mayBeShort);
    this.effects.push({ kind: 'send', to: owner, frame: complete });
  }

  private completePush(key: number, { coded, ...push }: UnsentPush, owner: NodeId, mayBeShort: boolean): Frame {
    const head = { ...push, epoch: this.map.epoch, settled: this.oldestUnacknowledged(key) };
    if (coded === null) return head;
    const { keys: _, values: __, ...rest } = head;
    return { ...rest, ...this.filters.rowsFor(coded, this.rangeOf(push), owner, mayBeShort), kind: 'filteredPush' };
  }

  private completePullFrame({ wish, ...pull }: UnsentPull, owner: NodeId, mayBeShort: boolean): Frame {
    const head = { ...pull, epoch: this.map.epoch };
    if (wish === null) return head;
    const coded = this.filters.codePull(wish, pull.keys, this.rangeOf(pull), owner, mayBeShort);
    return { ...head, ...coded, kind: 'filteredPull' };
  }

  private rangeOf({ table, segment }: SegmentId): SegmentRange {
    const range = this.rangesByKey.get(segmentKey(table, segment));
    if (range === undefined) throw new RangeError(`No segment ${segment} of table ${table}.`);
    return range;
  }

  /** The first clock that is in no acknowledged push of this segment: pushes were kept in order. */
  private oldestUnacknowledged(key: number): number {
    for (const [clock, ofClock] of this.pushes) {
      const push = ofClock.get(key);
      if (push !== undefined) return clock + 1 - (push.covers ?? 1);
    }
    throw new RangeError('A push that is sent is not acknowledged.');
  }

  private pull(event: ClientEvent & { kind: 'pull' }): void {
    const state: PullState = {
      into: event.into,
      readFronts: new Map(),
      ownClock: NO_CLOCK,
      floor: Number.POSITIVE_INFINITY,
      isHeldBack: false,
      missing: 0,
    };
    this.pulls.set(event.id, state);
    this.ring?.skipTo(event.done);
    const slices = this.ranges
      .map((range) => ({ range, slice: this.slice(range, event.keys[range.table] ?? null) }))
      .filter(({ slice }) => slice.rows > 0 || event.everySegment);
    // Known before the first is asked for: what came round the ring early is there at once.
    state.missing = slices.length;
    for (const { range, slice } of slices) this.requestPart(event, range, slice);
    if (slices.length === 0) this.completePull(event.id, state);
  }

  private requestPart(event: ClientEvent & { kind: 'pull' }, range: SegmentRange, slice: KeySlice): void {
    const { table, segment } = range;
    const width = this.widthOf(table);
    const { minClock, done } = event;
    const request = this.nextRequest();
    const pull = {
      kind: 'pull',
      table,
      segment,
      worker: this.self,
      request,
      minClock,
      done,
      keys: slice.keys,
      // A pull that only meets clocks brings nothing that could be coded.
      wish: slice.rows === 0 ? null : this.filters.wishFor(range, event.filters ?? null),
    } as const;
    const part = {
      pullId: event.id,
      range,
      key: segmentKey(table, segment),
      pull,
      offset: slice.from * width,
      floats: slice.rows * width,
      isShared: event.isShared === true && slice.keys === null,
    };
    this.parts.set(request, part);
    const mayWait = part.isShared && done === NO_CLOCK && this.ring !== null;
    if (!mayWait || !this.ring?.await(part.key, request, minClock)) this.send(part.key, pull, () => true);
  }

  private push(event: ClientEvent & { kind: 'push' }): void {
    const ofClock = new Map<number, UnsentPush>();
    this.pushes.set(event.clock, ofClock);
    for (const range of this.ranges) {
      const rows = event.tables[range.table];
      if (rows === undefined) throw new RangeError(`A push without rows for table ${range.table}.`);
      const push = this.pushPart(event, range, rows);
      const key = segmentKey(range.table, range.segment);
      ofClock.set(key, push);
      if (!this.goesRound(key, push)) this.send(key, push, () => true);
    }
  }

  private goesRound(key: number, push: UnsentPush): boolean {
    if (this.ring === null) return false;
    const { samples, keys, coded } = push;
    const isWhole = coded === null && (keys === null || samples === 0) && (push.covers ?? 1) === 1;
    return this.ring.push({ ...push, settled: this.oldestUnacknowledged(key) }, key, isWhole);
  }

  private pushPart(event: ClientEvent & { kind: 'push' }, range: SegmentRange, rows: Rows): UnsentPush {
    const { table, segment } = range;
    const width = this.widthOf(table);
    const { keys, from, rows: count } = this.slice(range, rows.keys);
    const [start, end] = [from * width, (from + count) * width];
    const values = rows.values.subarray(start, end);
    const parameters = event.parameters?.[table]?.subarray(start, end) ?? null;
    const coded = this.filters.codePush(range, { keys, values }, event.clock, event.filters ?? null, parameters);
    const readFront = event.readFronts.get(segmentKey(table, segment)) ?? event.clock - 1;
    const { clock, samples, covers = 1 } = event;
    const round = covers === 1 ? {} : { covers };
    return {
      kind: 'push',
      table,
      segment,
      worker: this.self,
      clock,
      ...round,
      samples,
      readFront,
      keys,
      values,
      coded,
    };
  }

  /** The keys of one segment out of a table's. */
  private slice(range: SegmentRange, keys: Uint32Array | null): KeySlice {
    if (keys === null) return { keys: null, from: range.start, rows: range.end - range.start };
    const from = lowerBound(keys, range.start);
    const to = lowerBound(keys, range.end);
    return { keys: keys.subarray(from, to), from, rows: to - from };
  }

  private takeFrame(from: NodeId, frame: Frame): void {
    if (frame.kind === 'ringPush' || frame.kind === 'ringAnswer') this.ring?.receive(from, frame);
    else if (frame.kind === 'answer') this.takeAnswer(frame, frame.values);
    else if (frame.kind === 'filteredAnswer') this.takeFilteredAnswer(from, frame);
    else if ((frame.kind !== 'ack' && frame.kind !== 'refuse') || !this.isSelf(frame.worker)) return;
    else if (frame.kind === 'ack') this.takeAck(frame.clock, segmentKey(frame.table, frame.segment));
    else this.takeRefusal(from, frame);
  }

  private takeFilteredAnswer(from: NodeId, answer: FilteredAnswer): void {
    const part = this.partOf(answer);
    if (part === undefined) return;
    try {
      const values = this.filters.decode(answer, part.floats);
      // What it differs from is gone: everything, then.
      if (values === null) this.send(part.key, part.pull, () => true, false);
      else this.takeAnswer(answer, values, answer.block.length);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.effects.push({ kind: 'garbled', from, text: error.message });
    }
  }

  private partOf(answer: Answer | FilteredAnswer): PullPart | undefined {
    const part = this.parts.get(answer.request);
    return part?.key === segmentKey(answer.table, answer.segment) ? part : undefined;
  }

  private takeAnswer(answer: Answer | FilteredAnswer, values: Float32Array, bytes = values.byteLength): void {
    const part = this.partOf(answer);
    const state = part && this.pulls.get(part.pullId);
    if (part === undefined || state === undefined || values.length !== part.floats) return;
    this.parts.delete(answer.request);
    if (part.isShared && answer.kind === 'answer') this.ring?.passOn({ ...answer, kind: 'ringAnswer' });
    state.into[answer.table]?.set(values, part.offset);
    const width = this.widthOf(answer.table);
    this.filters.countAnswer(part.floats / width, width, part.pull.keys !== null, bytes);
    state.readFronts.set(part.key, frontOf(answer.clocks));
    state.ownClock = Math.max(state.ownClock, clockIn(answer.clocks, this.self.node));
    state.floor = Math.min(state.floor, answer.clocks.floor);
    state.isHeldBack ||= answer.isHeldBack;
    state.missing--;
    if (state.missing === 0) this.completePull(part.pullId, state);
  }

  private completePull(id: number, { ownClock, readFronts, floor, isHeldBack }: PullState): void {
    this.pulls.delete(id);
    this.effects.push({ kind: 'pulled', id, pulled: { ownClock, readFronts, floor, isHeldBack } });
  }

  /** Is it for this client? A tab has several on the same links: its worker's, that of its evaluation, earlier ones. */
  private isSelf(worker: WorkerId): boolean {
    return worker.node === this.self.node && worker.incarnation === this.self.incarnation;
  }

  private takeAck(clock: number, key: number): void {
    const ofClock = this.pushes.get(clock);
    if (ofClock === undefined || !ofClock.delete(key)) return;
    this.acknowledgedPushes++;
    this.resends.delete(key);
    this.ring?.acknowledged(key, clock);
    if (ofClock.size > 0) return;
    this.pushes.delete(clock);
    this.effects.push({ kind: 'acknowledged', clock });
  }

  private takeRefusal(from: NodeId, refuse: Refuse): void {
    switch (refuse.reason) {
      case 'stale-epoch':
      case 'not-owner':
        // The newer map is on its way, or is here and everything was sent again when it came.
        break;
      case 'out-of-order':
        return this.resendSegment(from, refuse);
      case 'early':
        // The shard had no room for what came before its map; now it has the map.
        if (this.mayResend(allOf(from))) this.resend((owner) => owner === from);
        else this.effects.push({ kind: 'rejected', from, refuse });
        break;
      case 'unknown-keys':
        return this.resendWithKeys(from, refuse);
      default:
        if (this.hasSent(refuse)) this.effects.push({ kind: 'rejected', from, refuse });
    }
  }

  /** Does this client still wait for what is refused? */
  private hasSent({ clock, request, table, segment }: Refuse): boolean {
    const key = segmentKey(table, segment);
    return request === 0 ? (this.pushes.get(clock)?.has(key) ?? false) : this.parts.get(request)?.key === key;
  }

  private resendSegment(from: NodeId, refuse: Refuse): void {
    const key = segmentKey(refuse.table, refuse.segment);
    this.ring?.call(key, refuse.clock);
    if (!this.hasSent(refuse)) return;
    if (this.mayResend(key)) this.sendAgain(key);
    else this.effects.push({ kind: 'rejected', from, refuse });
  }

  private sendAgain(key: number): void {
    for (const ofClock of this.pushes.values()) {
      const push = ofClock.get(key);
      if (push !== undefined) this.send(key, push, () => true, false);
    }
  }

  /** The shard doesn't know a signature: what it refused goes again with the keys themselves. */
  private resendWithKeys(from: NodeId, refuse: Refuse): void {
    const key = segmentKey(refuse.table, refuse.segment);
    if (refuse.request === 0) return this.resendSegment(from, refuse);
    const part = this.parts.get(refuse.request);
    if (part?.key === key) this.send(key, part.pull, () => true, false);
  }

  private mayResend(what: number | string): boolean {
    const times = (this.resends.get(what) ?? 0) + 1;
    this.resends.set(what, times);
    return times <= MAX_RESENDS;
  }

  private widthOf(table: number): number {
    return this.tables[table]?.width ?? 1;
  }
}

const NO_SETTINGS: ClientFilterSettings = { seed: 0, l1: 0 };

/** Everything that a node owns, as something to be sent again. */
const allOf = (node: NodeId): string => `node ${node}`;

/** Rows of one segment in a table's list: its keys, and where they lie, in rows. */
interface KeySlice {
  readonly keys: Uint32Array | null;
  readonly from: number;
  readonly rows: number;
}

/** Index of the first key ≥ bound, in an ascending list. */
function lowerBound(keys: Uint32Array, bound: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
