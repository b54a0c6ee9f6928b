// Tabs that can't reach each other though both reach the scheduler: how long already, and who gives up which role for it,
// so that nobody waits for a connection that isn't there. Pure: time comes in with each call.
import type { ClusterState } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { chooseServers, type RoleHolder } from './roles.ts';

/** A connection that broke is rebuilt within a second or two; the room waits this long for it, and no longer. */
export const UNREACHED_MS = 5_000;

/** So long a pair must be connected before the role is given back: one that comes and goes would stall the room each time. */
export const STEADY_MS = 5_000;

/** A node that has lost a role, or both, because it can't reach another. */
export type Sidelined = ClusterState['sidelined'][number];

interface Pair {
  readonly nodes: readonly [NodeId, NodeId];
  readonly apartSince: number;
  /** Connected again since then; null while it isn't. */
  backSince: number | null;
}

const keyOf = (a: NodeId, b: NodeId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** Which pairs are apart, from what every node reports. */
export class Reachability {
  /** Whom each node can't reach, as it said last. */
  private readonly reports = new Map<NodeId, ReadonlySet<NodeId>>();
  private readonly pairs = new Map<string, Pair>();

  /** @param adopted what an earlier scheduler had found: it holds until the pairs have been connected for a while */
  constructor(adopted: readonly Sidelined[], now: number) {
    for (const { node, unreached } of adopted) {
      const pair: Pair = { nodes: [node, unreached], apartSince: now - UNREACHED_MS, backSince: now };
      this.pairs.set(keyOf(node, unreached), pair);
    }
  }

  /** @returns whether that is news */
  note(from: NodeId, unreachable: readonly NodeId[], now: number): boolean {
    const before = this.reports.get(from) ?? new Set();
    if (before.size === 0 && unreachable.length === 0) return false;
    this.reports.set(from, new Set(unreachable));
    for (const node of new Set([...before, ...unreachable])) this.update(from, node, now);
    return before.size !== unreachable.length || unreachable.some((node) => !before.has(node));
  }

  forget(node: NodeId): void {
    this.reports.delete(node);
    for (const [key, { nodes }] of this.pairs) if (nodes.includes(node)) this.pairs.delete(key);
  }

  /** Does the node, as it says itself, reach all of these? A newcomer that doesn't would be waited for at once. */
  reaches(node: NodeId, others: readonly NodeId[]): boolean {
    const unreachable = this.reports.get(node);
    return unreachable === undefined || !others.some((other) => unreachable.has(other));
  }

  /** Pairs that the room has waited for long enough. */
  conflicts(now: number): Conflict[] {
    for (const [key, { apartSince, backSince }] of this.pairs) {
      if (backSince === null) continue;
      const isBlip = backSince - apartSince < UNREACHED_MS;
      if (isBlip || now - backSince >= STEADY_MS) this.pairs.delete(key);
    }
    return [...this.pairs.values()]
      .filter(({ apartSince }) => now - apartSince >= UNREACHED_MS)
      .map(({ nodes }) => nodes);
  }

  /** A pair is apart when either end says so. */
  private update(a: NodeId, b: NodeId, now: number): void {
    const isApart = this.reports.get(a)?.has(b) === true || this.reports.get(b)?.has(a) === true;
    const key = keyOf(a, b);
    const pair = this.pairs.get(key);
    if (pair === undefined) {
      if (isApart) this.pairs.set(key, { nodes: a < b ? [a, b] : [b, a], apartSince: now, backSince: null });
    } else if (isApart) pair.backSince = null;
    else pair.backSince ??= now;
  }
}

/** Two nodes that can't reach each other. */
export type Conflict = readonly [NodeId, NodeId];

/** The room whose roles are weighed. */
export interface RoleRoom {
  /** Nodes that may have roles, oldest first. */
  readonly nodes: readonly RoleHolder[];
  /** Those of them that would work. */
  readonly workers: readonly NodeId[];
  readonly map: Pick<ClusterState['map'], 'servers'>;
  readonly replicas: number;
  readonly sidelined: readonly Sidelined[];
}

/** One role of one node. */
interface Part {
  readonly node: NodeId;
  readonly role: 'worker' | 'server';
  /** Nodes whose part needs this one and can't reach it. */
  readonly missed: readonly NodeId[];
}

/**
 * Who gives up what, so that every worker that is left reaches every server that is left. Takes the part with the most
 * broken connections out first, so that few nodes lose (a greedy vertex cover); among equals one that is out already, then
 * one of a node that has lost its other part, then a worker before a server, then the newest. A server stays where it could
 * hand nothing over.
 */
export function sideline(conflicts: readonly Conflict[], room: RoleRoom): Sidelined[] {
  const out = new Map<NodeId, { worker: boolean; server: boolean; unreached: NodeId }>();
  for (;;) {
    const part = worstPart(conflicts, room, (node, role) => out.get(node)?.[role] === true);
    const [unreached] = part?.missed ?? [];
    if (part === null || unreached === undefined) break;
    const before = out.get(part.node) ?? { worker: false, server: false, unreached };
    out.set(part.node, { ...before, [part.role]: true });
  }
  return [...out].map(([node, lost]) => ({ node, ...lost })).sort((a, b) => a.node - b.node);
}

/** Are these two apart? */
export const areApart = (conflicts: readonly Conflict[], a: NodeId, b: NodeId): boolean =>
  conflicts.some(([first, second]) => (first === a && second === b) || (first === b && second === a));

type IsOut = (node: NodeId, role: Part['role']) => boolean;

function worstPart(conflicts: readonly Conflict[], room: RoleRoom, isOut: IsOut): Part | null {
  if (conflicts.length === 0) return null;
  const { nodes, workers, map, replicas, sidelined } = room;
  const able = nodes.filter(({ node }) => !isOut(node, 'server'));
  const serving = chooseServers(able, map.servers, replicas);
  const working = workers.filter((node) => !isOut(node, 'worker'));
  const isHeir = (server: NodeId) => (other: NodeId) => other !== server && !areApart(conflicts, other, server);
  const mayGo = ({ node, role }: Part) => role === 'worker' || serving.some(isHeir(node));
  const wasOut = ({ node, role }: Part) => sidelined.some((entry) => entry.node === node && entry[role]);
  const otherIsOut = ({ node, role }: Part) => isOut(node, role === 'worker' ? 'server' : 'worker');
  const isDear = ({ role }: Part) => role === 'server' || working.length === 1;
  const [worst] = brokenParts(conflicts, serving, working)
    .filter(mayGo)
    .sort(
      (a, b) =>
        b.missed.length - a.missed.length ||
        Number(wasOut(b)) - Number(wasOut(a)) ||
        Number(otherIsOut(b)) - Number(otherIsOut(a)) ||
        Number(isDear(a)) - Number(isDear(b)) ||
        Number(a.role === 'worker') - Number(b.role === 'worker') ||
        b.node - a.node,
    );
  return worst ?? null;
}

/** Parts that miss another: a worker one or more servers, or a server workers. */
function brokenParts(conflicts: readonly Conflict[], serving: readonly NodeId[], working: readonly NodeId[]): Part[] {
  const parts = [
    ...working.map(
      (node): Part => ({ node, role: 'worker', missed: serving.filter((other) => areApart(conflicts, node, other)) }),
    ),
    ...serving.map(
      (node): Part => ({ node, role: 'server', missed: working.filter((other) => areApart(conflicts, node, other)) }),
    ),
  ];
  return parts.filter(({ missed }) => missed.length > 0);
}
