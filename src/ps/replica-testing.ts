import type { Frame, Push } from '../protocol/frames.ts';
import { type NodeId, nodeId, type WorkerId } from '../protocol/ids.ts';
import type { ClusterMap, Placement } from './cluster-map.ts';
import type { Consistency } from './consistency.ts';
import type { Segment } from './segment.ts';
import { ShardCore, type ShardEffect } from './shard-core.ts';
import { ASYNC, epochOf, mapOf, pushOf, scheduleOf, shardPlanOf, workerOf } from './testing.ts';
import type { UpdaterSpec } from './updaters/updater.ts';

export const [A, B] = [workerOf(1), workerOf(2)];
export const [P, Q, R] = [nodeId(7), nodeId(8), nodeId(9)];
export const ADAM: UpdaterSpec = { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-6 };

/** Shards with one segment, and the frames between them: in order on each link, else as the test lets them go. */
export class TestCluster {
  readonly shards = new Map<NodeId, ShardCore>();
  /** What the trainers got. */
  readonly received: Frame[] = [];
  private links: { readonly from: NodeId; readonly to: NodeId; readonly frames: Frame[] }[] = [];
  private map: ClusterMap;

  constructor(
    nodes: readonly NodeId[],
    placement: Partial<Placement>,
    readonly workers: readonly WorkerId[] = [A],
    consistency: Consistency = ASYNC,
  ) {
    this.map = mapOf({ workers, ...placement });
    for (const node of nodes) {
      const core = new ShardCore(node);
      this.shards.set(node, core);
      this.send(node, core.step({ kind: 'plan', plan: shardPlanOf({ updater: ADAM }) }));
      this.send(node, core.step({ kind: 'schedule', schedule: scheduleOf(consistency, 0.1) }));
    }
    for (const node of nodes) this.tell(node);
  }

  /** A new map: everybody hears of it now, unless it is told one by one. */
  place(placement: Partial<Placement>, isTold = true): void {
    const counter = this.map.epoch.counter + 1;
    this.map = mapOf({ epoch: epochOf(counter), workers: this.workers, ...placement });
    if (isTold) for (const node of this.shards.keys()) this.tell(node);
  }

  tell(node: NodeId): void {
    const core = this.shards.get(node);
    if (core !== undefined) this.send(node, core.step({ kind: 'map', map: this.map }));
  }

  /** A shard dies, with what is on its way from and to it. */
  kill(node: NodeId): void {
    this.shards.delete(node);
    this.links = this.links.filter(({ from, to }) => from !== node && to !== node);
  }

  /** A link breaks and is there again: what was on its way is lost, both ends know. */
  breakLink(a: NodeId, b: NodeId): void {
    this.links = this.links.filter(({ from, to }) => !(from === a && to === b) && !(from === b && to === a));
    for (const [self, node] of [
      [a, b],
      [b, a],
    ] as const) {
      this.send(self, this.shards.get(self)?.step({ kind: 'link', node }) ?? []);
    }
  }

  /** A worker's frame to the owner, under the newest epoch. */
  take(frame: Frame, from = A.node): void {
    const owner = this.placement.chain[0] ?? 0;
    this.send(
      nodeId(owner),
      this.shards.get(nodeId(owner))?.step({ kind: 'frame', from, frame: this.stamped(frame) }) ?? [],
    );
  }

  /** Delivers one frame, of the link that `choice` names. @returns false where nothing is on its way */
  deliverOne(choice = 0): boolean {
    const open = this.links.filter(({ frames }) => frames.length > 0);
    const link = open[choice % Math.max(open.length, 1)];
    if (link !== undefined) this.deliverOn(link.from, link.to);
    return link !== undefined;
  }

  /** Delivers the next frame of one link. */
  deliverOn(from: NodeId, to: NodeId): void {
    const frame = this.link(from, to).shift();
    if (frame === undefined) throw new Error(`nothing is on its way from ${from} to ${to}`);
    this.send(to, this.shards.get(to)?.step({ kind: 'frame', from, frame }) ?? []);
  }

  deliverAll(): void {
    let count = 0;
    while (this.deliverOne()) if (++count > 10_000) throw new Error('frames without end');
  }

  get placement(): Placement {
    const [placement] = this.map.placements;
    if (placement === undefined) throw new Error('one segment');
    return placement;
  }

  segment(node: NodeId): Segment {
    const [hosted] = this.shards.get(node)?.segments() ?? [];
    if (hosted === undefined) throw new Error(`nothing on ${node}`);
    return hosted.segment;
  }

  /** Rows, optimiser state, version and clocks of a copy. */
  copy(node: NodeId): unknown {
    const segment = this.segment(node);
    return structuredClone({ ...segment.state(), version: segment.version, clocks: segment.clocks.list() });
  }

  isSettled(): boolean {
    const owner = this.placement.chain[0];
    return owner !== undefined && (this.shards.get(owner)?.settledSegments().includes(0) ?? false);
  }

  get acks(): string[] {
    return this.received.flatMap((frame) => (frame.kind === 'ack' ? [`${frame.worker.node}@${frame.clock}`] : []));
  }

  private stamped(frame: Frame): Frame {
    return { ...frame, epoch: this.map.epoch };
  }

  private send(from: NodeId, effects: readonly ShardEffect[]): void {
    for (const { to, role, frame } of effects) {
      if (role === 'trainer') this.received.push(frame);
      else if (this.shards.has(to)) this.link(from, to).push(frame);
    }
  }

  private link(from: NodeId, to: NodeId): Frame[] {
    const known = this.links.find((link) => link.from === from && link.to === to);
    if (known !== undefined) return known.frames;
    const link = { from, to, frames: [] };
    this.links.push(link);
    return link.frames;
  }
}

export const gradient = (clock: number) => [1 + clock, -2, 0.5 * clock, 3];
export const step = (clock: number, worker = A): Push => pushOf(worker, clock, gradient(clock), { settled: 0 });

/** What one shard alone has after these clocks of one worker. */
export function alone(clocks: number): unknown {
  const cluster = new TestCluster([P], { chain: [P] });
  for (let clock = 0; clock < clocks; clock++) cluster.take(step(clock));
  return cluster.copy(P);
}
