// Acknowledgements that a segment's owner holds back until its replicas have what they are for.
import type { NodeId, WorkerId } from '../protocol/ids.ts';

/** A push that is applied here, and to be acknowledged when the chain has it. */
export interface HeldAck {
  readonly version: number;
  readonly worker: WorkerId;
  readonly clock: number;
}

export class HeldAcks {
  private readonly acks = new Map<string, HeldAck>();
  /** The newest clock that has been acknowledged here, by worker. A worker's pushes are applied in order: all before are safe. */
  private readonly safeClocks = new Map<NodeId, { readonly worker: WorkerId; readonly clock: number }>();

  clear(): void {
    this.acks.clear();
    this.safeClocks.clear();
  }

  /** Of a push that came again what was held first counts: it was in by then. */
  hold(ack: HeldAck): void {
    const key = `${ack.worker.node} ${ack.clock}`;
    if (!this.acks.has(key)) this.acks.set(key, ack);
  }

  /** It is acknowledged, and so will be whatever comes again of this worker up to there. */
  noteSafe(worker: WorkerId, clock: number): void {
    if (!this.isSafe(worker, clock)) this.safeClocks.set(worker.node, { worker, clock });
  }

  isSafe(worker: WorkerId, clock: number): boolean {
    const safe = this.safeClocks.get(worker.node);
    return safe !== undefined && safe.worker.incarnation === worker.incarnation && clock <= safe.clock;
  }

  countOf(node: NodeId): number {
    let count = 0;
    for (const { worker } of this.acks.values()) if (worker.node === node) count++;
    return count;
  }

  /** Whose acknowledgements are held, once for each. */
  nodes(): NodeId[] {
    return [...this.acks.values()].map(({ worker }) => worker.node);
  }

  /** What its worker has heard acknowledged, by an owner before this one, needs no word from here. */
  forgetBefore(node: NodeId, settled: number): void {
    this.drop(({ worker, clock }) => worker.node === node && clock < settled);
  }

  keepOnly(isActive: (worker: WorkerId) => boolean): void {
    this.drop(({ worker }) => !isActive(worker));
    for (const [node, { worker }] of this.safeClocks) if (!isActive(worker)) this.safeClocks.delete(node);
  }

  /** Those of versions up to `safe`, in the order in which they were held; forgotten here. */
  takeUpTo(safe: number): HeldAck[] {
    return this.drop(({ version }) => version <= safe);
  }

  private drop(isMeant: (ack: HeldAck) => boolean): HeldAck[] {
    const dropped: HeldAck[] = [];
    for (const [key, ack] of this.acks) {
      if (!isMeant(ack)) continue;
      this.acks.delete(key);
      dropped.push(ack);
    }
    return dropped;
  }
}
