// What a worker pushed after local steps and does not find yet in what it pulls: it goes on with that taken in. Otherwise the next
// round would begin behind the last one, and the servers would go the same way twice. Read-my-writes, as in Ho et al. 2013, "More
// effective distributed ML via a stale synchronous parallel parameter server", section 3; that a worker's own way stands for
// everybody's until theirs arrive, as in Kale et al. 2025, "Eager updates for overlapped communication and computation in DiLoCo".
import { NO_CLOCK, segmentKey } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import type { Rows } from '../ps/segment.ts';
import { cutSegments, type SegmentRange, type TableSpec } from '../ps/table.ts';
import type { PulledTables } from './client.ts';
import type { KeyLists } from './loop-parts.ts';

/** A pull is sent before the round that it overlaps is pushed: that one, and all that were not acknowledged then. */
const MAX_WRITES = MAX_UNACKED_CLOCKS + 1;

interface Write {
  readonly clock: number;
  readonly drifts: readonly Rows[];
}

export class OwnWrites {
  private readonly ranges: readonly SegmentRange[];
  private writes: Write[] = [];

  constructor(private readonly tables: readonly TableSpec[]) {
    this.ranges = cutSegments(tables);
  }

  /** @param drifts the way gone in the round that ends with `clock`, turned round, of whole tables; not changed after */
  note(clock: number, drifts: readonly Rows[]): void {
    this.writes = [...this.writes, { clock, drifts }].slice(-MAX_WRITES);
  }

  /**
   * Takes the drifts that a segment did not have yet off what was pulled of it, in place; whole tables only.
   * @param keys what was pulled of each table
   */
  addTo({ tables, ownClocks }: PulledTables, keys: KeyLists): void {
    if (this.writes.length === 0) return;
    for (const { table, segment, start, end } of this.ranges) {
      const own = ownClocks.get(segmentKey(table, segment));
      const [values, width] = [tables[table], this.tables[table]?.width ?? 1];
      if (own === undefined || values === undefined || keys[table] !== null) continue;
      for (const { clock, drifts } of this.writes) {
        const drift = drifts[table]?.values;
        if (clock > own && drift !== undefined) takeOff(values, drift, start * width, end * width);
      }
    }
    const oldest = ownClocks.size < this.ranges.length ? NO_CLOCK : Math.min(...ownClocks.values());
    this.writes = this.writes.filter(({ clock }) => clock > oldest);
  }
}

function takeOff(values: Float32Array, drift: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) values[i] = (values[i] as number) - (drift[i] as number);
}
