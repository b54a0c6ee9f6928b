// Settings that exclude each other: who chooses one chooses what it needs, and leaves what can't be beside it. The scheduler
// refuses what doesn't fit; here nobody comes to that.
import { isRobust } from '../common/aggregator-words.ts';
import type { Settings } from './start-form.ts';

const BSP: Partial<Settings> = { consistency: { kind: 'bsp' } };
const MEAN: Partial<Settings> = { aggregator: { kind: 'mean' } };
const AT_SERVERS: Partial<Settings> = { reduce: 'server' };
const NO_BACKUPS: Partial<Settings> = { hasBackups: false };
const NO_FILTERS: Partial<Settings> = { filters: { kind: 'off' } };

/** A change with all that follows from it. */
export function fitting(change: Partial<Settings>): Partial<Settings> {
  const { consistency, aggregator, reduce, hasBackups, filters } = change;
  return {
    ...change,
    ...(consistency !== undefined && consistency.kind !== 'bsp' ? { ...MEAN, ...AT_SERVERS, ...NO_BACKUPS } : {}),
    ...(aggregator !== undefined && isRobust(aggregator) ? { ...BSP, ...AT_SERVERS, ...NO_BACKUPS } : {}),
    ...(filters !== undefined && filters.kind !== 'off' ? AT_SERVERS : {}),
    ...(reduce === 'ring' ? { ...BSP, ...NO_FILTERS, ...MEAN, ...NO_BACKUPS } : {}),
    ...(hasBackups === true ? { ...BSP, ...MEAN, ...AT_SERVERS } : {}),
  };
}
