// What a new scheduler gathers before it begins: the newest state that anybody in the room has heard of. Pure.

import type { StateVersion } from '../protocol/cluster-change.ts';
import type { ClusterState, Request } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

/** Requests that wait meanwhile: a person's clicks of a second. */
const MAX_WAITING_REQUESTS = 32;

/** Later terms are newer, then later revisions. */
export const isNewer = (state: StateVersion, other: StateVersion | null): boolean =>
  other === null || (state.term - other.term || state.revision - other.revision) > 0;

export const versionOf = (state: ClusterState | null): StateVersion | null =>
  state === null ? null : { term: state.term, revision: state.revision };

export class Election {
  /** Who hasn't answered yet and isn't gone. */
  readonly missing: Set<NodeId>;
  readonly requests: { readonly from: NodeId; readonly request: Request }[] = [];
  private readonly versions = new Map<NodeId, StateVersion>();

  /** @param newest the newest state so far: this node's own */
  constructor(
    everybody: Iterable<NodeId>,
    public newest: ClusterState | null,
  ) {
    this.missing = new Set(everybody);
  }

  /** @param known which state the node has @param state that state, where it is newer than the one it was asked with */
  take(from: NodeId, known: StateVersion | null, state: ClusterState | null): void {
    if (state !== null && isNewer(state, this.newest)) this.newest = state;
    if (known !== null) this.versions.set(from, known);
    this.missing.delete(from);
  }

  keep(from: NodeId, request: Request): void {
    if (this.requests.length < MAX_WAITING_REQUESTS) this.requests.push({ from, request });
  }

  /** Who has the newest state already. */
  get upToDate(): NodeId[] {
    const { newest } = this;
    if (newest === null) return [];
    return [...this.versions].flatMap(([node, version]) => (isNewer(newest, version) ? [] : node));
  }
}
