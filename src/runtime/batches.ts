// The batches of one worker: its share of each clock's global batch, taken from the blocks it has a lease on.
import { type Block, layoutOf } from '../data/dataset.ts';
import { gather } from '../data/gather.ts';
import { type LeasedBlock, type Picks, Sampler, shareOf } from '../data/sampler.ts';
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../protocol/ids.ts';
import { expandRuns } from '../ps/leases.ts';
import { offerOf, weightedShare } from '../ps/privacy.ts';
import { hash32 } from '../random.ts';
import type { RunData } from './run-data.ts';
import { samplesIn } from './splits.ts';

/** Exchanges whose batches are alive at once: those computed on, and the next, whose keys are being pulled. */
const CLOCKS = 2;

/** Samples gathered, and where they came from. */
export interface PickedBatch {
  readonly block: Block;
  readonly picks: Picks;
}

export class Batches {
  private sampler: Sampler | null = null;
  private samplerOf = '';
  private leases = 0;
  private readonly buffers: (Float32Array | undefined)[] = [];
  private bufferTurn = 0;
  /** Batches that are alive at once, the most so far. */
  private alive = CLOCKS;
  /** Begins with the run, so that its batches follow from plan and lease alone. */
  private isFromStart = true;
  /** Windows whose blocks have been asked for. */
  private windows = 0;
  private isMaking = false;
  /** Clocks whose batches were taken before the checkpoint that the run goes on from. */
  private skippedClocks = 0;

  constructor(
    private readonly plan: RunPlan,
    private readonly data: RunData,
    private readonly self: NodeId,
  ) {}

  /**
   * The first batch will be that of `clock`. Where the run goes on from a checkpoint just there, it is the batch that the
   * uninterrupted run would take; a worker that joins later begins with the first samples of its lease.
   * @param clock null for one in the middle of the run, whichever that will be
   */
  startAt(clock: number | null): void {
    const past = this.plan.from?.clock ?? NO_CLOCK;
    this.isFromStart = clock === past + 1;
    if (this.isFromStart) this.skippedClocks = past + 1;
  }

  /** So many batches will be taken for one exchange: their rows must live until they are computed on. */
  keepAlive(batches: number): void {
    const more = CLOCKS * batches - this.alive;
    if (more <= 0) return;
    this.alive += more;
    // Next in turn: behind the newest batch, and before the oldest that is alive, wherever in the array that lies.
    this.buffers.splice(this.bufferTurn + 1, 0, ...Array.from({ length: more }, () => undefined));
  }

  /**
   * The next batch, or null where this worker's share is empty (fewer samples in a batch than workers).
   * @param turn number of the batch, the same for all workers
   */
  async next(cluster: ClusterState, turn = 0): Promise<PickedBatch | null> {
    const nodes = this.nodes(cluster);
    const rank = Math.max(0, nodes.indexOf(this.self));
    const count = this.share(cluster, nodes, rank, turn);
    const sampler = this.samplerFor(cluster, rank, count);
    if (count === 0 || sampler === null) return null;
    const picks = sampler.next(count);
    const blocks = await this.load(picks);
    return { block: gather(blocks, picks, this.buffer(count)), picks };
  }

  /** Whoever has more of its own takes more, so that every sample of the room counts the same. */
  private share({ privacy }: ClusterState, nodes: readonly NodeId[], rank: number, turn: number): number {
    if (!this.data.isOwn) return shareOf(this.plan.batch, rank, Math.max(1, nodes.length));
    const weights = nodes.map((node) => offerOf(privacy, node)?.train.samples ?? 0);
    return weightedShare(this.plan.batch, weights, rank, turn);
  }

  /** In rank order. Before it is admitted a worker prepares for the rank that its lease promises. */
  private nodes(cluster: ClusterState): NodeId[] {
    const active = cluster.map.workers.map(({ node }) => node);
    return active.includes(this.self) ? active : cluster.leases.map(({ worker }) => worker);
  }

  private samplerFor(cluster: ClusterState, rank: number, count: number): Sampler | null {
    const lease = cluster.leases.find(({ worker }) => worker === this.self);
    const name = JSON.stringify([rank, lease?.runs]);
    if (lease !== undefined && name !== this.samplerOf) {
      const { train } = this.data.splits;
      const blocks = expandRuns(lease.runs, train.blocks).map((index) => ({ index, samples: samplesIn(train, index) }));
      // A new lease is a new order: the same would begin again with the samples that were just seen.
      const here = this.leases === 0 && this.isFromStart ? null : this.blocksHere(blocks);
      const seed = hash32(this.plan.seed, this.leases++);
      this.sampler = blocks.length === 0 ? null : new Sampler(blocks, seed, rank, here);
      this.windows = 0;
      this.sampler?.skip(this.skippedClocks * count);
      this.skippedClocks = 0;
      this.samplerOf = name;
    }
    return this.sampler;
  }

  /** Others train and would wait: what has to come may come later. */
  private blocksHere(blocks: readonly LeasedBlock[]): ReadonlySet<number> {
    return new Set(blocks.map(({ index }) => index).filter((index) => this.data.isHere('train', index)));
  }

  private async load({ blocks }: Picks): Promise<Map<number, Block>> {
    const wanted = [...new Set(blocks)];
    const loaded = await Promise.all(wanted.map((index) => this.data.block('train', index)));
    return new Map(wanted.flatMap((index, at) => (loaded[at] === undefined ? [] : [[index, loaded[at]]])));
  }

  /**
   * Fetches or makes ahead, without waiting, what the next windows need: it is there when its first batch is due. A
   * failure shows then. Called after a step, so that a newcomer's first one waits for nothing else.
   */
  prefetch(): void {
    const { sampler } = this;
    if (sampler === null || this.windows === sampler.windows) return;
    const { kind } = this.plan.data.source;
    // Who is behind with making goes on with the newest window's as soon as it is done.
    if (kind === 'generated' && this.isMaking) return;
    this.windows = sampler.windows;
    if (kind === 'generated') void this.makeAhead(sampler.needs());
    else for (const index of sampler.needs()) this.data.block('train', index).catch(() => undefined);
  }

  /** Making a block keeps the thread busy: each has a task of its own, so that pulls and pushes come in between. */
  private async makeAhead(indexes: readonly number[]): Promise<void> {
    this.isMaking = true;
    for (const index of indexes) {
      if (this.data.isHere('train', index)) continue;
      await new Promise((resolve) => setTimeout(resolve));
      await this.data.block('train', index).catch(() => undefined);
    }
    this.isMaking = false;
  }

  private buffer(count: number): Float32Array | undefined {
    const { meta } = this.data;
    if (layoutOf(meta) !== 'dense') return undefined;
    const size = count * meta.features;
    this.bufferTurn = (this.bufferTurn + 1) % this.alive;
    const old = this.buffers[this.bufferTurn];
    const buffer = old !== undefined && old.length >= size ? old : new Float32Array(size);
    this.buffers[this.bufferTurn] = buffer;
    return buffer;
  }
}
