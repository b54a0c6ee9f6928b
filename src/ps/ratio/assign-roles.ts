// Which tab gets which role where only the numbers of workers and servers are given. Pure.
import type { NodeId } from '../../protocol/ids.ts';
import type { Ratio, RolePolicy } from '../../protocol/ratio.ts';

/** What each tab does now. */
export interface CurrentRoles {
  readonly workers: readonly NodeId[];
  readonly servers: readonly NodeId[];
}

/** The nearest ratio that gives each of so many tabs something to do. */
export function fitRatio({ workers, servers }: Ratio, tabs: number): Ratio {
  const fittingServers = Math.min(servers, tabs);
  return { servers: fittingServers, workers: Math.max(Math.min(workers, tabs), tabs - fittingServers, 1) };
}

/**
 * Roles for all `nodes`, so that as little as possible moves: who serves goes on serving, who only serves goes on doing that.
 * @param nodes oldest first
 */
export function assignRoles(nodes: readonly NodeId[], wanted: Ratio, now: CurrentRoles): RolePolicy['assigned'] {
  const { workers, servers } = fitRatio(wanted, nodes.length);
  const first = (of: readonly NodeId[], isFirst: (node: NodeId) => boolean) => [
    ...of.filter(isFirst),
    ...of.filter((node) => !isFirst(node)),
  ];
  const serving = first(nodes, (node) => now.servers.includes(node)).slice(0, servers);
  const resting = new Set(first(serving, (node) => !now.workers.includes(node)).slice(0, nodes.length - workers));
  return nodes.map((node) => {
    if (!serving.includes(node)) return { node, role: 'worker' };
    return { node, role: resting.has(node) ? 'server' : 'both' };
  });
}
