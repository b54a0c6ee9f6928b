// The worker's side of push and pull, as a state machine. It knows which server has which segment, splits tensors into
// frames, puts answers together, and sends again what is not acknowledged when the map or a link changes.
// Pure: what completes is an effect; the runtime turns those into promises.
import { MalformedBytes } from '../protocol/bytes.ts';
import type { Answer, FilteredAnswer, Frame, Refuse } from '../protocol/frames.ts';
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
import { type BackupPush, type ClientEffect, type ClientEvent, filtersFor } from './client-events.ts';
import { type ClusterMap, EMPTY_MAP, isActive } from './cluster-map.ts';
import { type ClientFilterSettings, ClientFilters } from './filters/client-filters.ts';
import { type KeySlice, sliceKeys } from './key-slice.ts';
import { OpenPulls, type UnsentPull } from './open-pulls.ts';
import { OpenPushes, type UnsentPush } from './open-pushes.ts';
import { RingReduce, type RingSite } from './ring-reduce.ts';
import type { Rows } from './segment.ts';
import { cutSegments, type SegmentRange, type TableSpec } from './table.ts';

export class ClientCore {
  private map: ClusterMap = EMPTY_MAP;
  private run = 0;
  private settings = NO_SETTINGS;
  private tables: readonly TableSpec[] = [];
  private ranges: readonly SegmentRange[] = [];
  private rangesByKey: ReadonlyMap<number, SegmentRange> = new Map();
  private owners: ReadonlyMap<number, NodeId> = new Map();
  private readonly up = new Set<NodeId>();
  private readonly pulls = new OpenPulls();
  private readonly pushes = new OpenPushes();
  /** How often a shard has had something sent again, by segment and by `allOf` a node, since the last progress. */
  private readonly resends = new Map<number | string, number>();
  private effects: ClientEffect[] = [];
  /** By what was sent and saved; anew with each run. */
  filters: ClientFilters;
  private ring: RingReduce | null = null;
  /** What pushes in another worker's name go through: it remembers what it has left out of those. */
  private standIn: Pusher | null = null;

  /** @param nextRequest numbers for pulls, never the same twice on one link, whatever client it comes from */
  constructor(
    readonly self: WorkerId,
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
      case 'backup':
        this.pushFor(event);
        break;
      case 'frame':
        this.takeFrame(event.from, event.frame);
        break;
      default:
        event satisfies never;
    }
    return this.effects;
  }

  /** So many pushes have been acknowledged in this run: each segment's counted, none twice. */
  get acknowledgedPushes(): number {
    return this.pushes.acknowledged;
  }

  /** Pushes that are not acknowledged yet, each segment's counted: given up with this client, some may be applied yet. */
  get openPushes(): number {
    return this.pushes.size;
  }

  /** Clocks whose pushes are not yet acknowledged everywhere. */
  get unacknowledgedClocks(): number {
    return this.pushes.clocks;
  }

  /** How much is under way: for the invariant that it stays bounded. */
  load(): { readonly clocks: number; readonly pulls: number; readonly requests: number; readonly ring: number } {
    const { pulls, pushes, ring } = this;
    return { clocks: pushes.clocks, pulls: pulls.size, requests: pulls.requests, ring: ring?.load ?? 0 };
  }

  /** Segments of the run: a push has a part for each. */
  get segments(): number {
    return this.ranges.length;
  }

  get epoch(): Epoch {
    return this.map.epoch;
  }

  /** A new run: whatever the old one still waited for will never come. */
  private setPlan({ run, tables, filters = NO_SETTINGS, ring }: ClientEvent & { kind: 'plan' }): void {
    this.run = run;
    this.filters = new ClientFilters(this.self, tables, filters);
    this.settings = filters;
    this.standIn = null;
    this.tables = tables;
    this.ranges = cutSegments(tables);
    this.rangesByKey = new Map(this.ranges.map((range) => [segmentKey(range.table, range.segment), range]));
    this.pulls.clear();
    this.pushes.clear();
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
        const part = this.pulls.part(request);
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
    for (const [key, push] of this.pushes.all()) this.send(key, push, isMeant, false);
    for (const { key, pull } of this.pulls.parts()) this.send(key, pull, isMeant, false);
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
        ? this.completePush(frame, this.pushes.oldest(key), this.filters, owner, mayBeShort)
        : this.completePullFrame(frame, owner, mayBeShort);
    this.effects.push({ kind: 'send', to: owner, frame: complete });
  }

  private completePush(
    { coded, ...push }: UnsentPush,
    settled: number,
    filters: ClientFilters,
    owner: NodeId,
    mayBeShort: boolean,
  ): Frame {
    const head = { ...push, epoch: this.map.epoch, settled };
    if (coded === null) return head;
    const { keys: _, values: __, ...rest } = head;
    return { ...rest, ...filters.rowsFor(coded, this.rangeOf(push), owner, mayBeShort), kind: 'filteredPush' };
  }

  private completePullFrame({ wish, ...pull }: UnsentPull, owner: NodeId, mayBeShort: boolean): Frame {
    const head = { ...pull, epoch: this.map.epoch };
    if (wish === null) return head;
    const coded = this.filters.codePull(wish, pull.keys, this.rangeOf(pull), owner, mayBeShort);
    return { ...head, ...coded, kind: 'filteredPull' };
  }

  private ownerOf({ table, segment }: SegmentId): NodeId | undefined {
    return this.owners.get(segmentKey(table, segment));
  }

  private rangeOf({ table, segment }: SegmentId): SegmentRange {
    const range = this.rangesByKey.get(segmentKey(table, segment));
    if (range === undefined) throw new RangeError(`No segment ${segment} of table ${table}.`);
    return range;
  }

  private pull(event: ClientEvent & { kind: 'pull' }): void {
    this.ring?.skipTo(event.done);
    const slices = this.ranges
      .map((range) => ({ range, slice: sliceKeys(range, event.keys[range.table] ?? null) }))
      .filter(({ slice }) => slice.rows > 0 || event.everySegment);
    this.pulls.open(event.id, event.into, slices.length);
    for (const { range, slice } of slices) this.requestPart(event, range, slice);
    if (slices.length === 0) this.finishPull(event.id);
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
      wish: slice.rows === 0 ? null : this.filters.wishFor(range, filtersFor(event, this.ownerOf(range))),
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
    this.pulls.add(part);
    const mayWait = part.isShared && done === NO_CLOCK && this.ring !== null;
    if (!mayWait || !this.ring?.await(part.key, request, minClock)) this.send(part.key, pull, () => true);
  }

  private push(event: ClientEvent & { kind: 'push' }): void {
    for (const range of this.ranges) {
      const rows = event.tables[range.table];
      if (rows === undefined) throw new RangeError(`A push without rows for table ${range.table}.`);
      if (rows === null) continue;
      const push = this.pushPart(event, range, rows, this);
      const key = segmentKey(range.table, range.segment);
      this.pushes.add(key, push);
      if (!this.goesRound(key, push)) this.send(key, push, () => true);
    }
    if (event.isPart) this.pushes.expectMore(event.clock);
    else if (this.pushes.complete(event.clock)) this.effects.push({ kind: 'acknowledged', clock: event.clock });
  }

  /**
   * Sends a gradient in the name of another worker, once: shards take whichever comes first, and acknowledge it to that one.
   * What is lost is that one's to send, or to leave out.
   */
  private pushFor(event: BackupPush): void {
    if (this.run !== this.map.run || !isActive(this.map, event.worker)) return;
    const standIn = this.standInFor(event.worker);
    for (const range of this.ranges) {
      const rows = event.tables[range.table];
      const owner = this.owners.get(segmentKey(range.table, range.segment));
      if (rows === undefined || owner === undefined || !this.up.has(owner)) continue;
      const push = this.pushPart(event, range, rows, standIn);
      const frame = this.completePush(push, 0, standIn.filters, owner, false);
      this.effects.push({ kind: 'send', to: owner, frame });
    }
  }

  private standInFor(worker: WorkerId): Pusher {
    const known = this.standIn;
    if (known?.self.node === worker.node && known.self.incarnation === worker.incarnation) return known;
    const filters = new ClientFilters(worker, this.tables, this.settings, this.filters);
    this.standIn = { self: worker, filters };
    return this.standIn;
  }

  private goesRound(key: number, push: UnsentPush): boolean {
    if (this.ring === null) return false;
    const { samples, keys, coded } = push;
    const isWhole = coded === null && (keys === null || samples === 0);
    return this.ring.push({ ...push, settled: this.pushes.oldest(key) }, key, isWhole);
  }

  private pushPart(
    event: Omit<ClientEvent & { kind: 'push' }, 'kind' | 'tables'>,
    range: SegmentRange,
    rows: Rows,
    { self, filters }: Pusher,
  ): UnsentPush {
    const { table, segment } = range;
    const width = this.widthOf(table);
    const { keys, from, rows: count } = sliceKeys(range, rows.keys);
    const [start, end] = [from * width, (from + count) * width];
    const values = rows.values.subarray(start, end);
    const parameters = event.parameters?.[table]?.subarray(start, end) ?? null;
    const readFront = event.readFronts.get(segmentKey(table, segment)) ?? event.clock - 1;
    const { clock, samples, covers = 1, isDrift = false } = event;
    // A drift is no mean, but the whole way.
    const context = { clock, covers: isDrift ? 1 : covers, parameters };
    const owner = this.ownerOf(range);
    const isLeaving = owner !== this.self.node;
    const coded = filters.codePush(range, { keys, values }, context, filtersFor(event, owner), isLeaving);
    const round = { ...(covers === 1 ? {} : { covers }), ...(isDrift ? { isDrift } : {}) };
    return {
      kind: 'push',
      table,
      segment,
      worker: self,
      clock,
      ...round,
      samples,
      readFront,
      keys,
      values,
      coded,
    };
  }

  private takeFrame(from: NodeId, frame: Frame): void {
    if (frame.kind === 'ringPush' || frame.kind === 'ringAnswer') this.ring?.receive(from, frame);
    else if (frame.kind === 'answer') this.takeAnswer(frame, frame.values, from);
    else if (frame.kind === 'filteredAnswer') this.takeFilteredAnswer(from, frame);
    else if ((frame.kind !== 'ack' && frame.kind !== 'refuse') || !this.isSelf(frame.worker)) return;
    else if (frame.kind === 'ack') this.takeAck(frame.clock, segmentKey(frame.table, frame.segment));
    else this.takeRefusal(from, frame);
  }

  private takeFilteredAnswer(from: NodeId, answer: FilteredAnswer): void {
    const part = this.pulls.partOf(answer);
    if (part === undefined) return;
    try {
      const values = this.filters.decode(answer, part);
      // What it differs from is gone: everything, then.
      if (values === null) this.send(part.key, part.pull, () => true, false);
      else this.takeAnswer(answer, values, from, answer.block.length);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.effects.push({ kind: 'garbled', from, text: error.message });
    }
  }

  /** @param from absent: from another trainer, round the ring */
  private takeAnswer(
    answer: Answer | FilteredAnswer,
    values: Float32Array,
    from?: NodeId,
    bytes = values.byteLength,
  ): void {
    const part = this.pulls.take(answer, values, this.self.node);
    if (part === undefined) return;
    if (part.isShared && answer.kind === 'answer') this.ring?.passOn({ ...answer, kind: 'ringAnswer' });
    const width = this.widthOf(answer.table);
    if (from !== this.self.node) {
      this.filters.countAnswer(part.floats / width, width, part.pull.keys !== null, bytes);
    }
    this.finishPull(part.pullId);
  }

  private finishPull(id: number): void {
    const pulled = this.pulls.finish(id);
    if (pulled !== null) this.effects.push({ kind: 'pulled', id, pulled });
  }

  /** Is it for this client? A tab has several on the same links: its worker's, that of its evaluation, earlier ones. */
  private isSelf(worker: WorkerId): boolean {
    return worker.node === this.self.node && worker.incarnation === this.self.incarnation;
  }

  private takeAck(clock: number, key: number): void {
    const completed = this.pushes.acknowledge(clock, key);
    if (completed === null) return;
    this.resends.delete(key);
    this.ring?.acknowledged(key, clock);
    if (completed === 'clock') this.effects.push({ kind: 'acknowledged', clock });
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
    return request === 0 ? this.pushes.has(clock, key) : this.pulls.part(request)?.key === key;
  }

  private resendSegment(from: NodeId, refuse: Refuse): void {
    const key = segmentKey(refuse.table, refuse.segment);
    this.ring?.call(key, refuse.clock);
    if (!this.hasSent(refuse)) return;
    if (this.mayResend(key)) this.sendAgain(key);
    else this.effects.push({ kind: 'rejected', from, refuse });
  }

  private sendAgain(key: number): void {
    for (const push of this.pushes.of(key)) this.send(key, push, () => true, false);
  }

  /** The shard doesn't know a signature: what it refused goes again with the keys themselves. */
  private resendWithKeys(from: NodeId, refuse: Refuse): void {
    const key = segmentKey(refuse.table, refuse.segment);
    if (refuse.request === 0) return this.resendSegment(from, refuse);
    const part = this.pulls.part(refuse.request);
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

/** Whose a push is, and what remembers what it has left out. */
type Pusher = Pick<ClientCore, 'self' | 'filters'>;

const NO_SETTINGS: ClientFilterSettings = { seed: 0, l1: 0 };

/** Everything that a node owns, as something to be sent again. */
const allOf = (node: NodeId): string => `node ${node}`;
