// What the scheduler has decided: the cluster state, changed piece by piece, and told to the room once per step. Pure.
import type { ClusterState } from '../protocol/control.ts';

export class RoomState {
  private hasNews = false;

  constructor(private newest: ClusterState) {}

  /** Is there anything to tell since the last time? */
  get isChanged(): boolean {
    return this.hasNews;
  }

  get cluster(): ClusterState {
    return this.newest;
  }

  change(change: Partial<ClusterState>): void {
    this.newest = { ...this.newest, ...change };
    this.hasNews = true;
  }

  /** A new map. The counter never falls, also across terms: it numbers incarnations. */
  moveEpoch(change: Partial<Omit<ClusterState['map'], 'epoch'>>): void {
    const { map, term } = this.newest;
    this.change({ map: { ...map, ...change, epoch: { term, counter: map.epoch.counter + 1 } } });
  }

  /** Tells everybody again, whether anything has changed or not. */
  touch(): void {
    this.hasNews = true;
  }

  /** The state under its next revision, where there is anything to tell since the last call. */
  takeChange(): ClusterState | null {
    if (!this.hasNews) return null;
    this.hasNews = false;
    this.newest = { ...this.newest, revision: this.newest.revision + 1 };
    return this.newest;
  }
}
