// What the scheduler has decided: the cluster state, changed piece by piece, and told to the room once per step. Pure.
import type { ClusterState } from '../protocol/control.ts';

export class RoomState {
  private isChanged = false;

  constructor(private newest: ClusterState) {}

  get cluster(): ClusterState {
    return this.newest;
  }

  change(change: Partial<ClusterState>): void {
    this.newest = { ...this.newest, ...change };
    this.isChanged = true;
  }

  /** A new map. The counter never falls, also across terms: it numbers incarnations. */
  moveEpoch(change: Partial<Omit<ClusterState['map'], 'epoch'>>): void {
    const { map, term } = this.newest;
    this.change({ map: { ...map, ...change, epoch: { term, counter: map.epoch.counter + 1 } } });
  }

  /** Tells everybody again, whether anything has changed or not. */
  touch(): void {
    this.isChanged = true;
  }

  /** The state under its next revision, where there is anything to tell since the last call. */
  takeChange(): ClusterState | null {
    if (!this.isChanged) return null;
    this.isChanged = false;
    this.newest = { ...this.newest, revision: this.newest.revision + 1 };
    return this.newest;
  }
}
