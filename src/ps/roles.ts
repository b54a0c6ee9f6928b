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

/** Tabs that serve without being told to: with more, each holds less, but every step goes to more places. */
const MAX_AUTOMATIC_SERVERS = 4;

/**
 * Nodes that own segments, oldest first: those told to; where nobody was told, the oldest tabs that may choose. Without
 * replicas only one of them, because then every further server is one more tab that must not be closed. A server stays
 * one while it may.
 */
export function chooseServers(nodes: readonly RoleHolder[], current: readonly NodeId[], replicas: number): NodeId[] {
  const told = nodes.filter(mustServe).map(({ node }) => node);
  const free = nodes.filter(({ role, isLeaving }) => !isLeaving && role === 'auto').map(({ node }) => node);
  const kept = free.filter((node) => current.includes(node));
  const byPreference = [...kept, ...free.filter((node) => !kept.includes(node))];
  const chosen = told.length > 0 ? told : byPreference.slice(0, replicas === 0 ? 1 : MAX_AUTOMATIC_SERVERS);
  return chosen.sort((a, b) => a - b);
}
