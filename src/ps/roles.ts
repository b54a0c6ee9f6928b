// From what each tab was asked to be to what it is: who serves, who may work. A pure function.
import type { RoleChoice } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';

export interface RoleHolder {
  readonly node: NodeId;
  readonly role: RoleChoice;
  /** Asked to hand over what it owns: it takes no role any more. */
  readonly isLeaving: boolean;
}

/** May this node be given training data? */
export const mayWork = ({ role, isLeaving }: RoleHolder): boolean =>
  !isLeaving && (role === 'auto' || role === 'worker' || role === 'both');

/** Was this node told to serve? */
const mustServe = ({ role, isLeaving }: RoleHolder): boolean => !isLeaving && (role === 'server' || role === 'both');

/**
 * Nodes that own segments, oldest first: those told to; where nobody was told, one tab that may choose. One, because
 * without replication every further server is one more tab that must not be closed. A server stays one while it may.
 */
export function chooseServers(nodes: readonly RoleHolder[], current: readonly NodeId[]): NodeId[] {
  const told = nodes.filter(mustServe).map(({ node }) => node);
  const free = nodes.filter(({ role, isLeaving }) => !isLeaving && role === 'auto').map(({ node }) => node);
  const kept = free.filter((node) => current.includes(node)).slice(0, 1);
  const chosen = told.length > 0 ? told : kept.length > 0 ? kept : free.slice(0, 1);
  return chosen.sort((a, b) => a - b);
}
