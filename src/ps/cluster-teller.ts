// What the scheduler has told each node of the room's state: whole at first, then what has changed since. Pure.

import { type ClusterChange, changeOf } from '../protocol/cluster-change.ts';
import type { ClusterState, ControlMessage } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

export class ClusterTeller {
  /** The state that each node has, once what was sent to it has arrived. */
  private readonly told = new Map<NodeId, ClusterState>();
  /** Changes to the newest state, by the state that they are made for: nearly all nodes have the same. */
  private readonly changes = new Map<ClusterState, ClusterChange>();
  private newest: ClusterState | null = null;

  /** The message after which a node has this state. Nodes get messages of one connection all, and in order. */
  tell(node: NodeId, state: ClusterState): ControlMessage {
    const base = this.told.get(node);
    this.told.set(node, state);
    if (base === undefined) return state;
    if (state !== this.newest) this.changes.clear();
    this.newest = state;
    const change = this.changes.get(base) ?? changeOf(base, state);
    this.changes.set(base, change);
    return change;
  }

  /** A node has this state, as it says itself. */
  note(node: NodeId, state: ClusterState): void {
    this.told.set(node, state);
  }

  /** What was under way to a node may be lost: its connection has ended. */
  forget(node: NodeId): void {
    this.told.delete(node);
  }

  clear(): void {
    this.told.clear();
    this.changes.clear();
    this.newest = null;
  }
}
