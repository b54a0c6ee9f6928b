// Which tabs are near each other: so much faster than the slowest link are the links between them that what one choice of codec
// has to round for that one needn't be rounded there. Pure: told what links have drained.
import type { NodeId } from '../../protocol/ids.ts';

/** A link is near that moves values as they are twice as fast as the slowest moves them coded; */
const NEAR_FACTOR = 2;

/** one that was is, until it is slower than that one. What is measured of near links varies by the half. */
const STILL_NEAR_FACTOR = 1;

/** A slowest link that takes less than this part of the time between two exchanges is not what was rounded for. */
const LEAST_SHARE = 0.1;

/** Tabs that are near each other, each in one of them at most; at least two in each. */
export type Sites = readonly (readonly NodeId[])[];

export interface LinkSpeeds {
  /** Those who work or serve, in a fixed order. */
  readonly nodes: readonly NodeId[];
  /** Bytes per millisecond that a link has drained, the slower way; null where nothing has waited in it. */
  readonly rate: (a: NodeId, b: NodeId) => number | null;
  /** Coded bytes that a link carries one way in an exchange, on the mean, and of f32 as many. */
  readonly codedBytes: number;
  readonly plainBytes: number;
  /** From one exchange to the next. */
  readonly everyMs: number;
}

/** @param before the sites until now: they change only where it matters */
export function sitesOf({ nodes, rate, codedBytes, plainBytes, everyMs }: LinkSpeeds, before: Sites): Sites {
  const slowest = slowestOf(nodes, rate);
  if (slowest === null || codedBytes / slowest < LEAST_SHARE * everyMs) return [];
  const least = (slowest * plainBytes) / codedBytes;
  const isNear = (a: NodeId, b: NodeId) => {
    const wasNear = before.some((site) => site.includes(a) && site.includes(b));
    return (rate(a, b) ?? Number.POSITIVE_INFINITY) >= least * (wasNear ? STILL_NEAR_FACTOR : NEAR_FACTOR);
  };
  const sites: NodeId[][] = [];
  for (const node of nodes) {
    const site = sites.find((others) => others.every((other) => isNear(node, other)));
    if (site === undefined) sites.push([node]);
    else site.push(node);
  }
  return sites.filter((site) => site.length > 1);
}

function slowestOf(nodes: readonly NodeId[], rate: LinkSpeeds['rate']): number | null {
  const rates = nodes.flatMap((a, at) => nodes.slice(at + 1).flatMap((b) => rate(a, b) ?? []));
  return rates.length === 0 ? null : Math.min(...rates);
}
