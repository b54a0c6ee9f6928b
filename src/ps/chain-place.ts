// A shard's place among the copies of a segment, and what the others have confirmed in this epoch: when an acknowledgement is
// safe, and when the placement is settled.
import type { NodeId } from '../protocol/ids.ts';
import type { Placement } from './cluster-map.ts';

export class ChainPlace {
  private placement: Placement = { chain: [], learners: [] };
  /** Version that each follower has confirmed in this epoch. */
  private readonly confirmed = new Map<NodeId, number>();
  /** What all followers must have for the next step: the owner's version when the epoch began, or when they vouched. */
  private settleVersion = 0;
  /** All followers have caught up once in this epoch: from then on learners vouch for an acknowledgement, too. */
  private isVouching = false;

  constructor(private readonly self: NodeId) {}

  /** Begins an epoch. @param version of the copy here */
  place(placement: Placement, version: number): void {
    this.placement = placement;
    this.confirmed.clear();
    this.settleAt(version);
    this.isVouching = false;
  }

  /** The copy here has become another: what followers must have is that. */
  settleAt(version: number): void {
    this.settleVersion = version;
  }

  get owner(): NodeId | undefined {
    return this.placement.chain[0];
  }

  get isOwner(): boolean {
    return this.owner === this.self;
  }

  get isInChain(): boolean {
    return this.placement.chain.includes(this.self);
  }

  get predecessor(): NodeId | null {
    return this.members[this.members.indexOf(this.self) - 1] ?? null;
  }

  get successor(): NodeId | null {
    return this.members[this.members.indexOf(this.self) + 1] ?? null;
  }

  private get members(): readonly NodeId[] {
    return [...this.placement.chain, ...this.placement.learners];
  }

  private get followers(): readonly NodeId[] {
    return this.members.filter((node) => node !== this.self);
  }

  /**
   * Has every follower all that was ever acknowledged, and will it have whatever is acknowledged later in this epoch?
   * Then learners may join the chain. Only the owner can tell.
   */
  get isSettled(): boolean {
    return this.isVouching && this.haveAllCaughtUp;
  }

  /** Learners that have caught up are waited for from now on; what was acknowledged without them so far they must get. */
  vouch(version: number): void {
    if (this.isVouching || !this.haveAllCaughtUp) return;
    this.isVouching = true;
    this.settleVersion = version;
  }

  /** Within an epoch a follower only goes forward: a lower number is late. */
  confirm(node: NodeId, version: number): void {
    this.confirmed.set(node, Math.max(version, this.confirmed.get(node) ?? -1));
  }

  /** Newest version that every replica in the chain has confirmed, and every learner that vouches. */
  safeVersion(version: number): number {
    const replicas = this.isVouching ? this.followers : this.placement.chain.slice(1);
    return Math.min(version, ...replicas.map((node) => this.confirmed.get(node) ?? -1));
  }

  private get haveAllCaughtUp(): boolean {
    return this.followers.every((node) => (this.confirmed.get(node) ?? -1) >= this.settleVersion);
  }
}
