// What the room's roles become after somebody, or the advisor, asks for a ratio of workers to servers. Pure.
import type { ClusterState, Request } from '../../protocol/control.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { RolePolicy } from '../../protocol/ratio.ts';
import { workerNodes } from '../cluster-state.ts';
import { assignRoles } from './assign-roles.ts';

/** A page's request; that of the scheduler itself leaves it in charge. */
export type RatioRequest =
  | (Request & { readonly ask: 'ratio'; readonly isAutomatic?: boolean })
  | (Request & { readonly ask: 'automatic-ratio' });

export const NO_ROLES: RolePolicy = { isAutomatic: false, assigned: [] };

/** @param nodes that may be given a role, oldest first */
export function rolesAfter(request: RatioRequest, nodes: readonly NodeId[], cluster: ClusterState): RolePolicy {
  const { roles = NO_ROLES, map } = cluster;
  if (request.ask === 'automatic-ratio') return { ...roles, isAutomatic: request.isAutomatic };
  if (nodes.length === 0) return roles;
  const now = { workers: workerNodes(cluster), servers: map.servers };
  return { isAutomatic: request.isAutomatic ?? false, assigned: assignRoles(nodes, request.ratio, now) };
}

/** A tab that chooses for itself has what it chose, and what follows is no longer the scheduler's choice alone. */
export const withoutRole = ({ assigned }: RolePolicy = NO_ROLES, node: NodeId): RolePolicy => ({
  isAutomatic: false,
  assigned: assigned.filter((other) => other.node !== node),
});

/**
 * Roles after tabs have gone, or begun to: where nobody is left to serve, or to work, the oldest does both.
 * @returns null where nothing follows
 */
export function rolesWithout(roles: RolePolicy | undefined, nodes: readonly NodeId[]): RolePolicy | null {
  if (roles === undefined || roles.assigned.every(({ node }) => nodes.includes(node))) return null;
  const assigned = roles.assigned.filter(({ node }) => nodes.includes(node));
  const lacks = (role: 'worker' | 'server') => !assigned.some((entry) => entry.role === role || entry.role === 'both');
  const [oldest] = assigned;
  if (oldest !== undefined && (lacks('worker') || lacks('server'))) assigned[0] = { ...oldest, role: 'both' };
  return { ...roles, assigned };
}
