// Which parameters have no copy left, in words. Pure.
import type { NodeId } from '../protocol/ids.ts';
import type { Placement } from './cluster-map.ts';
import { cutSegments, type TableSpec } from './table.ts';

/** Tables named; the rest are counted. */
const MAX_NAMES = 3;

/** "4 of 40 segments (dense1.weights, dense2.bias)": those whose chain holds nobody who is alive. */
export function lostInWords(
  tables: readonly TableSpec[],
  placements: readonly Placement[],
  isAlive: (node: NodeId) => boolean,
): string {
  const lost = cutSegments(tables).filter((_, index) => !placements[index]?.chain.some(isAlive));
  const names = [...new Set(lost.map(({ table }) => tables[table]?.name ?? String(table)))];
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${lost.length} of ${placements.length} segments (${names.slice(0, MAX_NAMES).join(', ')}${more})`;
}
