// Push and pull as tasks: they return at once, can wait for earlier ones, and can be awaited. Runs a ClientCore on links.
import type { WayBytes } from '../protocol/control.ts';
import type { PullFilters, PushFilters } from '../protocol/filters.ts';
import type { Frame } from '../protocol/frames.ts';
import type { NodeId, WorkerId } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { ClientCore } from '../ps/client-core.ts';
import type { BackupPush, ClientEffect, ClientEvent, LinkFilters, Pulled, ReadFronts } from '../ps/client-events.ts';
import type { ClusterMap } from '../ps/cluster-map.ts';
import type { ClientFilterSettings } from '../ps/filters/client-filters.ts';
import type { RingInbox } from '../ps/ring-inbox.ts';
import type { RingRule } from '../ps/ring-push.ts';
import type { Rows } from '../ps/segment.ts';
import type { TableSpec } from '../ps/table.ts';
import { Deferred } from './deferred.ts';

/** Something under way. `done` fails with `Abandoned` when the client is closed first. */
export interface Task<T> {
  readonly done: Promise<T>;
}

/** The run, or the tab's part in it, ended before the task could. */
export class Abandoned extends Error {
  override name = 'Abandoned';
  constructor() {
    super('The run ended before this was done.');
  }
}

/** A shard refuses what this worker sends; sending again won't help. */
export class Rejected extends Error {
  override name = 'Rejected';
}

export interface PullRequest extends LinkFilters<PullFilters> {
  readonly minClock: number;
  readonly done?: number;
  /** Keys of each table; null for all. */
  readonly keys: readonly (Uint32Array | null)[];
  /** Where rows go; made when absent. */
  readonly into?: readonly Float32Array[];
  readonly everySegment?: boolean;
  readonly after?: readonly Task<unknown>[];
  /** All workers pull the same at this clock: the rows may come round the ring, where the run has one. */
  readonly isShared?: boolean;
}

export interface PushRequest extends LinkFilters<PushFilters> {
  readonly clock: number;
  /** Clocks that it covers; 1 when absent. */
  readonly covers?: number;
  readonly isDrift?: boolean;
  readonly samples: number;
  readonly tables: readonly Rows[];
  readonly readFronts: ReadFronts;
  readonly after?: readonly Task<unknown>[];
  /** What the gradient is of, per table, laid out like it. */
  readonly parameters?: readonly Float32Array[];
}

export interface PulledTables extends Pulled {
  readonly tables: readonly Float32Array[];
}

/** Bytes of each direction, before filters (raw), stage by stage, and of whole frames (wire), those that ask included. */
export interface ClientTraffic {
  readonly push: Required<Omit<WayBytes, 'saved'>>;
  readonly pull: Required<Omit<WayBytes, 'saved'>>;
}

/** A run whose gradients go round from trainer to trainer. */
export interface RingLinks {
  readonly rule: RingRule;
  readonly inbox: RingInbox;
  /** Hands a frame to the link to a node's trainer and says how many bytes that was. */
  readonly pass: (to: NodeId, frame: Frame) => number;
}

const NO_CLOCK = -1;

export class Client {
  private readonly wire = { push: 0, pull: 0 };
  /** Time in the core for pushes and for answers, where filters are on: coding is nearly all of it. */
  private readonly spent = { push: 0, pull: 0 };
  private readonly core: ClientCore;
  private readonly pulls = new Map<number, { deferred: Deferred<PulledTables>; tables: readonly Float32Array[] }>();
  private readonly pushes = new Map<number, Deferred<void>>();
  /** Pushes that were left to others, each segment's counted. */
  skipped = 0;
  private nextPull = 1;
  /** Why nothing goes on any more; null while it does. */
  private closedBy: Error | null = null;

  /** @param send hands a frame to the link to a node and says how many bytes of it leave the tab */
  constructor(
    private readonly self: WorkerId,
    run: number,
    private readonly tables: readonly TableSpec[],
    private readonly send: (to: NodeId, frame: Frame) => number,
    nextRequest: () => number,
    settings: ClientFilterSettings = { seed: 0, l1: 0 },
    private readonly ring?: RingLinks,
  ) {
    this.core = new ClientCore(self, nextRequest);
    this.step({ kind: 'plan', run, tables, filters: settings, ring });
  }

  get traffic(): ClientTraffic {
    const { push, pull } = this.core.filters;
    return {
      push: { ...push, wire: this.wire.push, milliseconds: this.spent.push },
      pull: { ...pull, wire: this.wire.pull, milliseconds: this.spent.pull },
    };
  }

  /** Pushes that were acknowledged, each segment's counted. */
  get acknowledged(): number {
    return this.core.acknowledgedPushes;
  }

  /** Pushes that nobody has acknowledged yet. */
  get openPushes(): number {
    return this.core.openPushes;
  }

  setMap(map: ClusterMap): void {
    this.step({ kind: 'map', map });
  }

  setLink(node: NodeId, isUp: boolean): void {
    this.step({ kind: 'link', node, isUp });
  }

  /** There is a link to another trainer, or no longer. */
  setPeer(node: NodeId, isUp: boolean): void {
    this.step({ kind: 'peer', node, isUp });
  }

  /** Tells the time; called a few times a second. */
  tick(now: number): void {
    this.step({ kind: 'tick', now });
  }

  receive(from: NodeId, frame: Frame, bytes: number): void {
    const isAnswer = frame.kind === 'ringAnswer' || frame.kind === 'answer' || frame.kind === 'filteredAnswer';
    if (isAnswer && from !== this.self.node) this.wire.pull += bytes;
    this.step({ kind: 'frame', from, frame });
  }

  /** Asks for rows. */
  pull(request: PullRequest): Task<PulledTables> {
    const id = this.nextPull++;
    const tables =
      request.into ??
      this.tables.map((spec, table) => new Float32Array(rowsOf(spec, request.keys[table]) * spec.width));
    const deferred = new Deferred<PulledTables>();
    this.pulls.set(id, { deferred, tables });
    const { minClock, keys, done = NO_CLOCK, everySegment = false, isShared = false } = request;
    const route = routeOf(request);
    const fail = (reason: unknown) => {
      this.pulls.delete(id);
      deferred.reject(reason);
    };
    this.when(request.after, fail, () =>
      this.step({ kind: 'pull', id, minClock, done, keys, into: tables, everySegment, isShared, ...route }),
    );
    return { done: deferred.promise };
  }

  /** Sends a gradient. Done when every segment has acknowledged it. The arrays are kept until then. */
  push(request: PushRequest): Task<void> {
    const deferred = new Deferred<void>();
    this.pushes.set(request.clock, deferred);
    const { clock, covers = 1, isDrift = false, samples, tables, readFronts, parameters } = request;
    const route = routeOf(request);
    const fail = (reason: unknown) => {
      this.pushes.delete(clock);
      deferred.reject(reason);
    };
    const seen = parameters === undefined ? {} : { parameters };
    this.when(request.after, fail, () =>
      eachAlone(tables, (part, isPart) =>
        this.step({
          kind: 'push',
          clock,
          covers,
          isDrift,
          samples,
          tables: part,
          isPart,
          readFronts,
          ...route,
          ...seen,
        }),
      ),
    );
    return { done: deferred.promise };
  }

  /** So many rounds of this worker are left to whoever has pushed them in its name. */
  skip(rounds: number): void {
    this.skipped += rounds * this.core.segments;
  }

  /** Sends a gradient in the name of a worker that is far behind. Nobody tells whether it came first. */
  pushFor(backup: BackupPush): void {
    this.step({ kind: 'backup', ...backup });
  }

  /** Waits until all pushes are acknowledged. */
  async allAcknowledged(): Promise<void> {
    while (this.pushes.size > 0) await this.pushes.values().next().value?.promise;
  }

  /** Waits until fewer than `MAX_UNACKED_CLOCKS` pushes are under way: bounds memory where nothing else holds back. */
  async roomToPush(): Promise<void> {
    while (this.pushes.size >= MAX_UNACKED_CLOCKS) await this.pushes.values().next().value?.promise;
  }

  /** Everything still under way fails with `Abandoned`. */
  close(reason: Error = new Abandoned()): void {
    this.closedBy = reason;
    for (const { deferred } of this.pulls.values()) deferred.reject(reason);
    for (const deferred of this.pushes.values()) deferred.reject(reason);
    this.pulls.clear();
    this.pushes.clear();
  }

  private when(after: readonly Task<unknown>[] | undefined, fail: (reason: unknown) => void, issue: () => void): void {
    if (this.closedBy !== null) fail(this.closedBy);
    else if (after === undefined || after.length === 0) issue();
    else Promise.all(after.map(({ done }) => done)).then(issue, fail);
  }

  private step(event: ClientEvent): void {
    if (this.closedBy !== null) return;
    const way = wayOf(event);
    const start = way === null ? 0 : performance.now();
    const effects = this.core.step(event);
    if (way !== null) this.spent[way] += performance.now() - start;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'send':
        this.count(effect.frame, this.send(effect.to, effect.frame));
        break;
      case 'pass':
        this.count(effect.frame, this.ring?.pass(effect.to, effect.frame) ?? 0);
        break;
      case 'pulled': {
        const pull = this.pulls.get(effect.id);
        this.pulls.delete(effect.id);
        pull?.deferred.resolve({ ...effect.pulled, tables: pull.tables });
        break;
      }
      case 'acknowledged':
        this.pushes.get(effect.clock)?.resolve();
        this.pushes.delete(effect.clock);
        break;
      case 'rejected':
        this.close(new Rejected(`Node ${effect.from} refused what this tab sent: ${effect.refuse.reason}.`));
        break;
      case 'garbled':
        this.close(new Rejected(`Node ${effect.from} answered with what can't be read: ${effect.text}.`));
        break;
      default:
        effect satisfies never;
    }
  }

  private count(frame: Frame, wireBytes: number): void {
    if (frame.kind === 'push' || frame.kind === 'filteredPush' || frame.kind === 'ringPush')
      this.wire.push += wireBytes;
    if (frame.kind === 'pull' || frame.kind === 'filteredPull') this.wire.pull += wireBytes;
  }
}

/**
 * Table by table, the last layers first, as backpropagation has them: while one is coded, the links worker sends those
 * before it. `isPart` is true but for the last call.
 */
function eachAlone(tables: readonly Rows[], push: (tables: readonly (Rows | null)[], isPart: boolean) => void): void {
  for (let at = tables.length - 1; at >= 0; at--) {
    push(
      tables.map((rows, table) => (table === at ? rows : null)),
      at > 0,
    );
  }
}

const routeOf = <T>({ filters = null, near }: LinkFilters<T>): LinkFilters<T> =>
  near === undefined ? { filters } : { filters, near };

/** Whose time an event's is. */
function wayOf(event: ClientEvent): 'push' | 'pull' | null {
  if (event.kind === 'push' || event.kind === 'backup') return event.filters ? 'push' : null;
  return event.kind === 'frame' && event.frame.kind === 'filteredAnswer' ? 'pull' : null;
}

const rowsOf = (spec: TableSpec, keys: Uint32Array | null | undefined): number => keys?.length ?? spec.keys;
