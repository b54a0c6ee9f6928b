// Every node that the scheduler counts on, and what it knows of each: role, readiness, when it was heard of last. Pure.
import type { ClusterState, RoleChoice } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import { lacksData } from './privacy.ts';
import { chooseServers, mayWork } from './roles.ts';

/** Reports come four times a second: who missed two may be dead, though nobody has noticed. */
const FRESH_MS = 500;

/** A node as it introduces itself. */
export interface NodeIntroduction {
  readonly node: NodeId;
  readonly label: string;
  readonly role: RoleChoice;
}

export interface KnownNode extends NodeIntroduction {
  role: RoleChoice;
  isLeaving: boolean;
  /** Number of the run that it is ready for. */
  preparedRun: number;
  /** Number of the run in which it has taken a step. */
  steppedRun: number;
  /** Number of the run in which its part has failed. */
  failedRun: number;
}

export class RoomNodes {
  private readonly nodes = new Map<NodeId, KnownNode>();
  /** When each node introduced itself or reported last: the newest proof that it lives. */
  private readonly heardAt = new Map<NodeId, number>();

  /**
   * @param cluster the state that a new scheduler goes on from. Nodes of its map that haven't introduced themselves yet
   * stay what they are until they are gone
   */
  constructor({ map, roles }: ClusterState, known: readonly NodeIntroduction[]) {
    const working = new Set(map.workers.map(({ node }) => node));
    for (const introduction of [...presumed(map, working), ...known]) {
      const preparedRun = working.has(introduction.node) ? map.run : 0;
      const steppedRun = preparedRun;
      this.nodes.set(introduction.node, { ...introduction, isLeaving: false, preparedRun, steppedRun, failedRun: 0 });
    }
    for (const { node, role } of roles?.assigned ?? []) this.assign(node, role);
  }

  /** Gives a node a role that it did not choose itself. */
  assign(node: NodeId, role: RoleChoice): void {
    const known = this.nodes.get(node);
    if (known !== undefined) known.role = role;
  }

  get ids(): NodeId[] {
    return [...this.nodes.keys()];
  }

  get size(): number {
    return this.nodes.size;
  }

  /** Oldest first. */
  sorted(): KnownNode[] {
    return [...this.nodes.values()].sort((a, b) => a.node - b.node);
  }

  has(node: NodeId): boolean {
    return this.nodes.has(node);
  }

  get(node: NodeId): KnownNode | undefined {
    return this.nodes.get(node);
  }

  add({ node, label, role }: NodeIntroduction, now: number): void {
    const known = this.nodes.get(node);
    this.heardAt.set(node, now);
    const { preparedRun = 0, steppedRun = 0 } = known ?? {};
    this.nodes.set(node, { node, label, role, isLeaving: false, preparedRun, steppedRun, failedRun: 0 });
  }

  hear(node: NodeId, now: number): void {
    if (this.nodes.has(node)) this.heardAt.set(node, now);
  }

  remove(node: NodeId): void {
    this.nodes.delete(node);
    this.heardAt.delete(node);
  }

  /** Has it shown just now that it lives? */
  isFresh(node: NodeId, now: number): boolean {
    return now - (this.heardAt.get(node) ?? Number.NEGATIVE_INFINITY) <= FRESH_MS;
  }

  /** Who may have a role in this run, oldest first. */
  trusted({ shutOut }: ClusterState): KnownNode[] {
    return this.sorted().filter(({ node }) => !shutOut.includes(node));
  }

  /** Who may be given any role: whoever isn't leaving, and doesn't only watch. Oldest first. */
  willing(cluster: ClusterState): NodeId[] {
    const isOut = (node: NodeId) => cluster.sidelined.some((entry) => entry.node === node);
    return this.trusted(cluster)
      .filter(({ node, role, isLeaving }) => role !== 'watch' && !isLeaving && !isOut(node))
      .map(({ node }) => node);
  }

  /** Who may work and hasn't said that it can't: the others must not wait for a tab whose part has failed. Oldest first. */
  able(cluster: ClusterState): KnownNode[] {
    return this.trusted(cluster).filter(
      (known) => mayWork(known) && known.failedRun !== cluster.plan?.run && !lacksData(cluster, known.node),
    );
  }

  /**
   * Who may serve now. A tab that comes while the others train takes its first step before anybody hands it segments, as
   * long as somebody else serves: both at once would double the time until its work counts.
   */
  servers(cluster: ClusterState): KnownNode[] {
    const { phase, map, plan } = cluster;
    const isOut = (node: NodeId) => cluster.sidelined.some((entry) => entry.node === node && entry.server);
    const trusted = this.trusted(cluster).filter(({ node }) => !isOut(node));
    if (phase !== 'running' || plan === null) return trusted;
    const able = this.able(cluster);
    const isNew = (known: KnownNode) =>
      known.steppedRun !== plan.run && able.includes(known) && !map.servers.includes(known.node);
    const settled = trusted.filter((known) => known.role !== 'auto' || !isNew(known));
    return chooseServers(settled, map.servers, plan.replicas).length > 0 ? settled : trusted;
  }

  /** Those of them that reach every server, or will soon. */
  candidates(cluster: ClusterState): KnownNode[] {
    const isOut = (node: NodeId) => cluster.sidelined.some((entry) => entry.node === node && entry.worker);
    return this.able(cluster).filter(({ node }) => !isOut(node));
  }
}

function presumed(map: ClusterState['map'], working: ReadonlySet<NodeId>): NodeIntroduction[] {
  return [...new Set([...map.servers, ...working])].map((node) => {
    const isServer = map.servers.includes(node);
    const role = isServer ? (working.has(node) ? 'auto' : 'server') : 'worker';
    return { node, label: 'a tab', role };
  });
}
