// Which links are so much faster than the slowest that what has to be rounded for that one needn't be rounded for them. Only
// links between a worker and another tab that serves: nothing else carries what filters code. Pure: told what links have drained.
import type { NearLinks } from '../../protocol/filters.ts';
import type { NodeId } from '../../protocol/ids.ts';

/** A link is near that moves values as they are twice as fast as the slowest moves them coded; */
const NEAR_FACTOR = 2;

/** one that was is, until it is slower than that one. What is measured of near links varies by the half. */
const STILL_NEAR_FACTOR = 1;

/** A slowest link that takes less than this part of the time between two exchanges is not what was rounded for; */
const LEAST_SHARE = 0.1;

/** where it was, it is until it takes less than this. */
const STILL_LEAST_SHARE = 0.03;

export interface LinkSpeeds {
  readonly workers: readonly NodeId[];
  readonly servers: readonly NodeId[];
  /** Bytes per millisecond that a link has drained, the slower way; null where nobody knows. */
  readonly rate: (a: NodeId, b: NodeId) => number | null;
  /** Coded bytes that a link carries one way in an exchange, on the mean, and of f32 as many. */
  readonly codedBytes: number;
  readonly plainBytes: number;
  /** From one exchange to the next. */
  readonly everyMs: number;
}

/**
 * @param before those until now: they stay while nobody knows how fast the others are, say a new scheduler
 * @returns workers in ascending order, each with its servers
 */
export function nearLinksOf(
  { workers, servers, rate, codedBytes, plainBytes, everyMs }: LinkSpeeds,
  before: NearLinks,
): NearLinks {
  const links = workers.flatMap((worker) =>
    servers.filter((server) => server !== worker).map((server) => ({ worker, server, rate: rate(worker, server) })),
  );
  const wasNear = (link: (typeof links)[number]) =>
    before.find(({ worker }) => worker === link.worker)?.servers.includes(link.server) ?? false;
  const known = links.flatMap((link) => link.rate ?? []);
  const slowest = Math.min(...known);
  const least = (slowest * plainBytes) / codedBytes;
  const share = before.length > 0 ? STILL_LEAST_SHARE : LEAST_SHARE;
  const isSlow = known.length > 0 && codedBytes / slowest >= share * everyMs;
  const isKept = before.length > 0 && links.some((link) => link.rate === null && !wasNear(link));
  const near = links.filter((link) => {
    if (isKept) return wasNear(link);
    if (!isSlow) return false;
    return (link.rate ?? 0) >= least * (wasNear(link) ? STILL_NEAR_FACTOR : NEAR_FACTOR);
  });
  const ascending = (nodes: readonly NodeId[]) => [...new Set(nodes)].toSorted((a, b) => a - b);
  return ascending(near.map(({ worker }) => worker)).map((worker) => ({
    worker,
    servers: ascending(near.filter((link) => link.worker === worker).map(({ server }) => server)),
  }));
}
