// What a worker's client is told, and what it wants done: the events and effects of ClientCore.
import type { PullFilters, PushFilters } from '../protocol/filters.ts';
import type { Frame, Refuse } from '../protocol/frames.ts';
import { NO_CLOCK, type NodeId, type WorkerId } from '../protocol/ids.ts';
import type { RingFrame } from '../protocol/ring-frames.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { ClientFilterSettings } from './filters/client-filters.ts';
import type { RingInbox } from './ring-inbox.ts';
import type { RingRule } from './ring-push.ts';
import type { Rows } from './segment.ts';
import type { TableSpec } from './table.ts';

/** Newest clock seen in each segment by a pull, by `segmentKey`: what a push measures staleness from. */
export type ReadFronts = ReadonlyMap<number, number>;

/** Filters of a push or a pull, and others for what goes to nodes that are near; as they are where there are none. */
export interface LinkFilters<T> {
  readonly filters?: T | null;
  readonly near?: { readonly nodes: ReadonlySet<NodeId>; readonly filters: T | null };
}

/** Those for a segment's owner, if it has one. */
export const filtersFor = <T>({ filters = null, near }: LinkFilters<T>, owner: NodeId | undefined): T | null =>
  near !== undefined && owner !== undefined && near.nodes.has(owner) ? near.filters : filters;

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
  | (LinkFilters<PullFilters> & {
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
      /** All workers pull the same at this clock: the rows may come round the ring, where there is one. */
      readonly isShared?: boolean;
    })
  | (LinkFilters<PushFilters> & {
      readonly kind: 'push';
      readonly clock: number;
      /** Clocks that it covers, `clock` the last; 1 when absent. */
      readonly covers?: number;
      /** What local steps came to, and no gradient. */
      readonly isDrift?: boolean;
      readonly samples: number;
      /** One entry per table, null for what comes in another event of this clock. Kept, not copied, until acknowledged. */
      readonly tables: readonly (Rows | null)[];
      /** More of this clock comes. */
      readonly isPart?: boolean;
      readonly readFronts: ReadFronts;
      /** What the gradient is of, laid out like it, per table: the KKT filter looks at it. */
      readonly parameters?: readonly Float32Array[];
    })
  | (BackupPush & { readonly kind: 'backup' })
  | { readonly kind: 'frame'; readonly from: NodeId; readonly frame: Frame };

/** A gradient in the name of a worker that is far behind. */
export interface BackupPush extends LinkFilters<PushFilters> {
  readonly worker: WorkerId;
  readonly clock: number;
  readonly covers: number;
  readonly isDrift: boolean;
  readonly samples: number;
  readonly tables: readonly Rows[];
  readonly readFronts: ReadFronts;
  readonly parameters: readonly Float32Array[];
}

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

/** The newest clock of this worker that each segment had in a pull, by `segmentKey`. */
export type OwnClocks = ReadonlyMap<number, number>;

/** What a completed pull tells besides the rows. */
export interface Pulled {
  readonly ownClocks: OwnClocks;
  readonly readFronts: ReadFronts;
  /** The oldest clock that some segment has of some worker; infinite where nothing was asked for. */
  readonly floor: number;
  /** Some segment had to wait for another worker. */
  readonly isHeldBack: boolean;
}

/** The newest clock of this worker that some segment had; `NO_CLOCK` where none was asked. */
export const newestOwn = ({ ownClocks }: Pulled): number => Math.max(NO_CLOCK, ...ownClocks.values());
