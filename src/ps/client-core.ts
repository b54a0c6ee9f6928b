// The worker's side of push and pull, as a state machine. It knows which server has which segment, splits tensors into
// frames, puts answers together, and sends again what is not acknowledged when the map or a link changes.
// Pure: what completes is an effect; the runtime turns those into promises.
import type { Answer, Frame, Pull, Push, Refuse } from '../protocol/frames.ts';
import { compareEpochs, type Epoch, NO_CLOCK, type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import { MAX_RESENDS } from '../protocol/limits.ts';
import { type ClusterMap, EMPTY_MAP } from './cluster-map.ts';
import type { Rows } from './segment.ts';
import { cutSegments, type SegmentRange, type TableSpec } from './table.ts';
import { clockIn, frontOf } from './vector-clock.ts';

/** Newest clock seen in each segment by a pull, by `segmentKey`: what a push measures staleness from. */
export type ReadFronts = ReadonlyMap<number, number>;

export type ClientEvent =
  | { readonly kind: 'plan'; readonly run: number; readonly tables: readonly TableSpec[] }
  | { readonly kind: 'map'; readonly map: ClusterMap }
  | { readonly kind: 'link'; readonly node: NodeId; readonly isUp: boolean }
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
    }
  | {
      readonly kind: 'push';
      readonly clock: number;
      readonly samples: number;
      /** One entry per table. Kept, not copied, until acknowledged. */
      readonly tables: readonly Rows[];
      readonly readFronts: ReadFronts;
    }
  | { readonly kind: 'frame'; readonly from: NodeId; readonly frame: Frame };

export type ClientEffect =
  | { readonly kind: 'send'; readonly to: NodeId; readonly frame: Frame }
  /** All rows have arrived. */
  | { readonly kind: 'pulled'; readonly id: number; readonly pulled: Pulled }
  /** Every segment has acknowledged the push of this clock. */
  | { readonly kind: 'acknowledged'; readonly clock: number }
  /** A shard won't take what was sent, and sending again won't help. */
  | { readonly kind: 'rejected'; readonly from: NodeId; readonly refuse: Refuse };

/** What a completed pull tells besides the rows. */
export interface Pulled {
  /** The newest clock that some segment has of this worker. */
  readonly ownClock: number;
  readonly readFronts: ReadFronts;
  /** Some segment had to wait for another worker. */
  readonly isHeldBack: boolean;
}

type UnsentPush = Omit<Push, 'epoch' | 'settled'>;
type UnsentPull = Omit<Pull, 'epoch'>;

/** One pull: how much of it is still on its way. */
interface PullState {
  readonly into: readonly Float32Array[];
  readonly readFronts: Map<number, number>;
  ownClock: number;
  isHeldBack: boolean;
  missing: number;
}

/** One segment's part of a pull. */
interface PullPart {
  readonly pullId: number;
  readonly key: number;
  readonly pull: UnsentPull;
  /** Where the rows go in the table's buffer, in floats, and how many there must be. */
  readonly offset: number;
  readonly floats: number;
}

export class ClientCore {
  private map: ClusterMap = EMPTY_MAP;
  private run = 0;
  private tables: readonly TableSpec[] = [];
  private ranges: readonly SegmentRange[] = [];
  private owners: ReadonlyMap<number, NodeId> = new Map();
  private readonly up = new Set<NodeId>();
  private readonly pulls = new Map<number, PullState>();
  private readonly parts = new Map<number, PullPart>();
  /** Unacknowledged pushes by clock, then by segment. Clocks were inserted in order and are resent in order. */
  private readonly pushes = new Map<number, Map<number, UnsentPush>>();
  /** How often a shard has had something sent again, by segment and by `allOf` a node, since the last progress. */
  private readonly resends = new Map<number | string, number>();
  private effects: ClientEffect[] = [];

  /** @param nextRequest numbers for pulls, never the same twice on one link, whatever client it comes from */
  constructor(
    private readonly self: WorkerId,
    private readonly nextRequest: () => number,
  ) {}

  step(event: ClientEvent): ClientEffect[] {
    this.effects = [];
    switch (event.kind) {
      case 'plan':
        this.setPlan(event.run, event.tables);
        break;
      case 'map':
        this.setMap(event.map);
        break;
      case 'link':
        this.setLink(event.node, event.isUp);
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

  /** Clocks whose pushes are not yet acknowledged everywhere. */
  get unacknowledgedClocks(): number {
    return this.pushes.size;
  }

  /** How much is under way: for the invariant that it stays bounded. */
  load(): { readonly clocks: number; readonly pulls: number; readonly requests: number } {
    return { clocks: this.pushes.size, pulls: this.pulls.size, requests: this.parts.size };
  }

  get epoch(): Epoch {
    return this.map.epoch;
  }

  /** A new run: whatever the old one still waited for will never come. */
  private setPlan(run: number, tables: readonly TableSpec[]): void {
    this.run = run;
    this.tables = tables;
    this.ranges = cutSegments(tables);
    this.pulls.clear();
    this.parts.clear();
    this.pushes.clear();
    this.findOwners();
  }

  private setMap(map: ClusterMap): void {
    if (compareEpochs(map.epoch, this.map.epoch) <= 0) return;
    this.map = map;
    this.resends.clear();
    this.findOwners();
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
      for (const [key, push] of ofClock) this.send(key, push, isMeant);
    }
    for (const { key, pull } of this.parts.values()) this.send(key, pull, isMeant);
  }

  /** Sends to the owner, if there is a link to it now; if not, `resend` will. */
  private send(key: number, frame: UnsentPush | UnsentPull, isMeant: (owner: NodeId) => boolean): void {
    const owner = this.owners.get(key);
    if (this.run !== this.map.run || owner === undefined || !this.up.has(owner) || !isMeant(owner)) return;
    const { epoch } = this.map;
    const complete: Frame =
      frame.kind === 'push' ? { ...frame, epoch, settled: this.oldestUnacknowledged(key) } : { ...frame, epoch };
    this.effects.push({ kind: 'send', to: owner, frame: complete });
  }

  /** The first clock whose push of this segment isn't acknowledged: pushes were kept in order. */
  private oldestUnacknowledged(key: number): number {
    for (const [clock, ofClock] of this.pushes) if (ofClock.has(key)) return clock;
    throw new RangeError('A push that is sent is not acknowledged.');
  }

  private pull(event: ClientEvent & { kind: 'pull' }): void {
    const state: PullState = {
      into: event.into,
      readFronts: new Map(),
      ownClock: NO_CLOCK,
      isHeldBack: false,
      missing: 0,
    };
    this.pulls.set(event.id, state);
    for (const range of this.ranges) {
      const slice = this.slice(range, event.keys[range.table] ?? null);
      if (slice.rows === 0 && !event.everySegment) continue;
      state.missing++;
      this.requestPart(event, range, slice);
    }
    if (state.missing === 0) this.completePull(event.id, state);
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
    } as const;
    const part = {
      pullId: event.id,
      key: segmentKey(table, segment),
      pull,
      offset: slice.from * width,
      floats: slice.rows * width,
    };
    this.parts.set(request, part);
    this.send(part.key, pull, () => true);
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
      this.send(key, push, () => true);
    }
  }

  private pushPart(event: ClientEvent & { kind: 'push' }, range: SegmentRange, rows: Rows): UnsentPush {
    const { table, segment } = range;
    const width = this.widthOf(table);
    const { keys, from, rows: count } = this.slice(range, rows.keys);
    const values = rows.values.subarray(from * width, (from + count) * width);
    const readFront = event.readFronts.get(segmentKey(table, segment)) ?? event.clock - 1;
    const { clock, samples } = event;
    return { kind: 'push', table, segment, worker: this.self, clock, samples, readFront, keys, values };
  }

  /** The keys of one segment out of a table's. */
  private slice(range: SegmentRange, keys: Uint32Array | null): KeySlice {
    if (keys === null) return { keys: null, from: range.start, rows: range.end - range.start };
    const from = lowerBound(keys, range.start);
    const to = lowerBound(keys, range.end);
    return { keys: keys.subarray(from, to), from, rows: to - from };
  }

  private takeFrame(from: NodeId, frame: Frame): void {
    if (frame.kind === 'answer') this.takeAnswer(frame);
    else if ((frame.kind !== 'ack' && frame.kind !== 'refuse') || !this.isSelf(frame.worker)) return;
    else if (frame.kind === 'ack') this.takeAck(frame.clock, segmentKey(frame.table, frame.segment));
    else this.takeRefusal(from, frame);
  }

  private takeAnswer(answer: Answer): void {
    const part = this.parts.get(answer.request);
    const state = part && this.pulls.get(part.pullId);
    if (part === undefined || state === undefined || answer.values.length !== part.floats) return;
    if (segmentKey(answer.table, answer.segment) !== part.key) return;
    this.parts.delete(answer.request);
    state.into[answer.table]?.set(answer.values, part.offset);
    state.readFronts.set(part.key, frontOf(answer.clocks));
    state.ownClock = Math.max(state.ownClock, clockIn(answer.clocks, this.self.node));
    state.isHeldBack ||= answer.isHeldBack;
    state.missing--;
    if (state.missing === 0) this.completePull(part.pullId, state);
  }

  private completePull(id: number, { ownClock, readFronts, isHeldBack }: PullState): void {
    this.pulls.delete(id);
    this.effects.push({ kind: 'pulled', id, pulled: { ownClock, readFronts, isHeldBack } });
  }

  /** Is it for this client? A tab has several on the same links: its worker's, that of its evaluation, earlier ones. */
  private isSelf(worker: WorkerId): boolean {
    return worker.node === this.self.node && worker.incarnation === this.self.incarnation;
  }

  private takeAck(clock: number, key: number): void {
    const ofClock = this.pushes.get(clock);
    if (ofClock === undefined || !ofClock.delete(key)) return;
    this.resends.delete(key);
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
    if (!this.hasSent(refuse)) return;
    if (!this.mayResend(key)) {
      this.effects.push({ kind: 'rejected', from, refuse });
      return;
    }
    for (const ofClock of this.pushes.values()) {
      const push = ofClock.get(key);
      if (push !== undefined) this.send(key, push, () => true);
    }
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
