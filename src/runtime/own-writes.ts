// What a worker pushed after local steps and does not find yet in what it pulls: it goes on with that taken in. Otherwise the next
// round would begin behind the last one, and the servers would go the same way twice. Read-my-writes, as in Ho et al. 2013, "More
// effective distributed ML via a stale synchronous parallel parameter server", section 3; that a worker's own way stands for
// everybody's until theirs arrive, as in Kale et al. 2025, "Eager updates for overlapped communication and computation in DiLoCo".
import { NO_CLOCK, segmentKey } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { type KeySlice, sliceKeys } from '../ps/key-slice.ts';
import type { Rows } from '../ps/segment.ts';
import { cutSegments, type SegmentRange, type TableSpec } from '../ps/table.ts';
import type { PulledTables } from './client.ts';
import type { KeyLists } from './loop-parts.ts';

/** A pull is sent before the round that it overlaps is pushed: that one, and all that were not acknowledged then. */
const MAX_WRITES = MAX_UNACKED_CLOCKS + 1;

interface Write {
  readonly clock: number;
  readonly ways: readonly Rows[];
}

export class OwnWrites {
  private readonly ranges: readonly SegmentRange[];
  private writes: Write[] = [];

  constructor(private readonly tables: readonly TableSpec[]) {
    this.ranges = cutSegments(tables);
  }

  /** @param ways gone in the round that ends with `clock`, turned round, by table; not changed after */
  note(clock: number, ways: readonly Rows[]): void {
    this.writes = [...this.writes, { clock, ways }].slice(-MAX_WRITES);
  }

  /**
   * Takes the ways that a segment did not have yet off what was pulled of it, in place.
   * @param keys what was pulled of each table
   */
  addTo({ tables, ownClocks }: PulledTables, keys: KeyLists): void {
    if (this.writes.length === 0) return;
    for (const range of this.ranges) {
      const { table, segment } = range;
      const own = ownClocks.get(segmentKey(table, segment));
      const [values, width] = [tables[table], this.tables[table]?.width ?? 1];
      if (own === undefined || values === undefined) continue;
      const pulled = sliceKeys(range, keys[table] ?? null);
      for (const { clock, ways } of this.writes) {
        const way = ways[table];
        if (clock > own && way !== undefined) takeOff(values, pulled, way.values, sliceKeys(range, way.keys), width);
      }
    }
    const oldest = ownClocks.size < this.ranges.length ? NO_CLOCK : Math.min(...ownClocks.values());
    this.writes = this.writes.filter(({ clock }) => clock > oldest);
  }
}

/** Where both have a segment's rows: all of them, or those of the keys that both list. */
function takeOff(values: Float32Array, pulled: KeySlice, way: Float32Array, gone: KeySlice, width: number): void {
  if (pulled.keys === null && gone.keys === null)
    return subtract(values, pulled.from, way, gone.from, pulled.rows, width);
  if (pulled.keys === null || gone.keys === null) return;
  let at = 0;
  for (let row = 0; row < pulled.rows; row++) {
    const key = pulled.keys[row] as number;
    while (at < gone.rows && (gone.keys[at] as number) < key) at++;
    if (gone.keys[at] === key) subtract(values, pulled.from + row, way, gone.from + at, 1, width);
  }
}

function subtract(
  values: Float32Array,
  at: number,
  way: Float32Array,
  from: number,
  rows: number,
  width: number,
): void {
  for (let i = 0; i < rows * width; i++) {
    values[at * width + i] = (values[at * width + i] as number) - (way[from * width + i] as number);
  }
}
