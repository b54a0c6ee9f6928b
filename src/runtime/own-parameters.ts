// What a lone worker goes on from after local steps: its own parameters, while their way travels to the servers
// (`ps/lone-worker.ts`).
import type { Rows } from '../ps/segment.ts';
import type { PulledTables } from './client.ts';

/**
 * The parameters that the servers will have: computed as they compute them, so that without filters they are equal bit by
 * bit. What filters leave out, or round, the worker has already, and the servers get with the next pushes.
 * @param from what the steps began with
 * @param drifts the way from there, turned round, of whole tables
 * @param clock the last of the round, which the result has in it
 * @param into whole tables, overwritten
 */
export function ownParameters(
  from: PulledTables,
  drifts: readonly Rows[],
  clock: number,
  into: readonly Float32Array[],
): PulledTables {
  into.forEach((values, table) => {
    const [start, drift] = [from.tables[table], drifts[table]?.values];
    if (start === undefined || drift === undefined) return;
    for (let i = 0; i < values.length; i++) values[i] = (start[i] as number) - (drift[i] as number);
  });
  const clocks = new Map([...from.readFronts.keys()].map((segment) => [segment, clock]));
  return { tables: into, ownClocks: clocks, readFronts: clocks, floor: clock, isHeldBack: false };
}
