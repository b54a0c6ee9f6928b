// The shard worker's inside: a ShardCore on links to trainers and to other shards. Exposed to its page by Comlink.
import { Pacer } from '../net/pacer.ts';
import { startTimer } from '../net/timers.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import type { Frame, PushCount } from '../protocol/frames.ts';
import { type Epoch, NO_EPOCH, type NodeId } from '../protocol/ids.ts';
import { ShardCore, type ShardEvent, type ShardPlan } from '../ps/shard-core.ts';
import type { ShardFigures } from '../ps/shard-counters.ts';
import { type Egress, egressOf } from './egress.ts';
import type { Endpoint } from './frame-link.ts';
import { LinkTable, type NodeBytes } from './link-table.ts';

/** Whose link it is, seen from a shard. */
export type ShardPeer = 'trainer' | 'shard';

export interface ShardReport {
  readonly figures:
    | (ShardFigures & {
        readonly pushes: readonly PushCount[];
        readonly busyMs: number;
        /** Bytes that deflate saved between workers and here in this run. */
        readonly saved: { readonly push: number; readonly pull: number };
      })
    | null;
  readonly epoch: Epoch;
  /** Indexes of own segments that are settled in that epoch. */
  readonly settled: number[];
  /** Nodes that nothing is taken from any more. */
  readonly hostile: NodeId[];
  readonly bytes: readonly NodeBytes[];
  /** Bytes per second that links to trainers have drained lately, or are allowed. */
  readonly drains: readonly [NodeId, number][];
  readonly egress: Egress;
  readonly links: { webrtc: number; port: number };
  /** Nodes whose link has died and has not been replaced. */
  readonly broken: NodeId[];
}

export class ShardHost {
  private core: ShardCore | null = null;
  private cluster: ClusterState | null = null;
  private busyMs = 0;
  /** What deflate had saved when the run began: links live longer. */
  private savedBefore = { push: 0, pull: 0 };
  private readonly pacer = new Pacer(() => performance.now(), startTimer);
  private readonly links: Record<ShardPeer, LinkTable>;

  constructor(private readonly now: () => number = () => performance.now()) {
    const onFrame = (from: NodeId, frame: Frame) => this.takeFrame(from, frame);
    const onUp = (node: NodeId) => this.step({ kind: 'link', node });
    const onDown = (node: NodeId, isGarbage: boolean) => {
      if (isGarbage) this.core?.condemn(node);
    };
    this.links = {
      trainer: new LinkTable({ onFrame, onDown }, this.pacer),
      shard: new LinkTable({ onFrame, onUp, onDown }, this.pacer),
    };
  }

  init(self: NodeId): void {
    this.core = new ShardCore(self);
  }

  attach(peer: NodeId, role: ShardPeer, endpoint: Endpoint): void {
    this.links[role].attach(peer, endpoint);
  }

  detach(peer: NodeId, reason = 'the node has gone'): void {
    for (const table of Object.values(this.links)) table.detach(peer, reason);
  }

  /** @param bytesPerSecond each way, of all connections together; null lifts the cap */
  setBandwidth(bytesPerSecond: number | null): void {
    this.pacer.setRate(bytesPerSecond);
  }

  setCluster(cluster: ClusterState): void {
    const { plan, map, schedule } = cluster;
    if (plan !== null && this.cluster?.plan?.run !== plan.run) {
      this.step({ kind: 'plan', plan: shardPlanOf(plan) });
      this.savedBefore = this.saved;
    }
    this.cluster = cluster;
    this.step({ kind: 'schedule', schedule });
    this.step({ kind: 'map', map });
    this.step({ kind: 'cut', clock: cluster.checkpoint.cutAt });
  }

  report(): ShardReport {
    const { core } = this;
    const isServing = core !== null && core.segments().length > 0;
    const { trainer, shard } = this.links;
    return {
      figures: isServing ? { ...core.counters.figures(), pushes: core.pushes(), ...this.ownFigures } : null,
      epoch: core?.epoch ?? NO_EPOCH,
      settled: core?.settledSegments() ?? [],
      hostile: core?.hostileNodes() ?? [],
      bytes: [...trainer.bytes(), ...shard.bytes()],
      drains: trainer.drains(),
      egress: egressOf([trainer.sentByKind, shard.sentByKind], 0),
      links: isServing ? trainer.count() : { webrtc: 0, port: 0 },
      broken: [...trainer.broken(), ...shard.broken()],
    };
  }

  private get ownFigures() {
    const { saved, savedBefore, busyMs } = this;
    return { busyMs, saved: { push: saved.push - savedBefore.push, pull: saved.pull - savedBefore.pull } };
  }

  private get saved(): { push: number; pull: number } {
    const { trainer } = this.links;
    return { push: trainer.savedOf('filteredPush'), pull: trainer.savedOf('filteredAnswer') };
  }

  private takeFrame(from: NodeId, frame: Frame): void {
    this.step({ kind: 'frame', from, frame });
    if (this.core?.isHostile(from)) this.detach(from, 'it sent too many frames that are not allowed');
  }

  private step(event: ShardEvent): void {
    const start = this.now();
    for (const { to, role, frame } of this.core?.step(event) ?? []) this.links[role].send(to, frame);
    this.busyMs += this.now() - start;
  }
}

/** What a shard must know of a plan. */
export function shardPlanOf(whole: RunPlan): ShardPlan {
  const { run, tables, seed, updater, outer, aggregator, reduce, hasBackups, batch, steps, from } = whole;
  return { run, tables, seed, updater, outer, aggregator, reduce, hasBackups, batch, steps, isResumed: from !== null };
}
