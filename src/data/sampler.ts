// Which samples a worker takes, in which order: a pure function of its leased blocks, the seed and its rank.
import { hash32, Random } from '../random.ts';

/** Consecutive blocks (after shuffling them) whose samples are shuffled together. 32 blocks of 512 are 16,384 samples: a
 * good mix, while a worker needs only two windows of its blocks in memory (25 MB of 28×28 images). */
export const WINDOW_BLOCKS = 32;

/** Blocks of the first window of who must not wait for a whole one: 512 samples are several batches, in which the next
 * blocks come. Windows double from there, so the mix gets as good as any within an epoch. */
export const FIRST_WINDOW_BLOCKS = 1;

/** A leased block: its index in the split's manifest and how many samples it has. */
export interface LeasedBlock {
  readonly index: number;
  readonly samples: number;
}

/** Samples of a batch in order: row `rows[i]` of block `blocks[i]`. */
export interface Picks {
  readonly blocks: Uint32Array;
  readonly rows: Uint32Array;
}

/** A worker whose lease holds no samples. */
export class NothingToSample extends Error {
  override name = 'NothingToSample';
}

/**
 * Endless batches over a worker's blocks. Every epoch takes every sample exactly once: blocks in an order shuffled by
 * (seed, rank, epoch), cut into windows of WINDOW_BLOCKS, samples shuffled within a window. Batches follow each other
 * without gaps, over the ends of windows and epochs. Throws `NothingToSample` where there are no samples.
 *
 * A worker that takes blocks over in the middle of a run begins with those that are `here`, in a window of as many (of
 * `FIRST_WINDOW_BLOCKS` at least), so that it need not make or fetch 32 of them before its first step.
 */
export class Sampler {
  private readonly blocks: readonly LeasedBlock[];
  private epoch = 0;
  private order: Uint32Array;
  /** Place in `order` of the first block after the current window. */
  private nextStart = 0;
  private window: Picks = { blocks: new Uint32Array(0), rows: new Uint32Array(0) };
  /** Blocks of the next window. */
  private windowBlocks = WINDOW_BLOCKS;
  private at = 0;
  /** So many windows were opened: `needs` answers the same until there is another. */
  windows = 0;

  constructor(
    blocks: readonly LeasedBlock[],
    private readonly seed: number,
    private readonly rank: number,
    here: ReadonlySet<number> | null = null,
  ) {
    this.blocks = blocks.filter((block) => block.samples > 0);
    if (this.blocks.length === 0)
      throw new NothingToSample(`worker of rank ${rank} has no samples: share out the data`);
    this.order = this.orderOf(0);
    if (here !== null) this.beginWith(here);
    this.openWindow();
  }

  private beginWith(here: ReadonlySet<number>): void {
    const isHere = (place: number) => here.has(this.blocks[place]?.index ?? -1);
    const first = this.order.filter(isHere);
    this.order = Uint32Array.from([...first, ...this.order.filter((place) => !isHere(place))]);
    this.windowBlocks = Math.min(WINDOW_BLOCKS, Math.max(FIRST_WINDOW_BLOCKS, first.length));
  }

  /** Samples in one epoch. */
  get samples(): number {
    return this.blocks.reduce((sum, block) => sum + block.samples, 0);
  }

  /** The next `count` samples. */
  next(count: number): Picks {
    const picks = { blocks: new Uint32Array(count), rows: new Uint32Array(count) };
    for (let filled = 0; filled < count; ) {
      const size = Math.min(count - filled, this.window.rows.length - this.at);
      picks.blocks.set(this.window.blocks.subarray(this.at, this.at + size), filled);
      picks.rows.set(this.window.rows.subarray(this.at, this.at + size), filled);
      filled += size;
      this.at += size;
      if (this.at === this.window.rows.length) this.openWindow();
    }
    return picks;
  }

  /** Leaves out the first `count` samples, as if they had been taken. Only before the first `next`, of whole windows. */
  skip(count: number): void {
    if (count === 0) return;
    this.epoch = Math.floor(count / this.samples);
    this.order = this.orderOf(this.epoch);
    this.nextStart = 0;
    this.openWindow();
    for (let left = count % this.samples; left > 0; ) {
      const size = Math.min(left, this.window.rows.length - this.at);
      left -= size;
      this.at += size;
      if (this.at === this.window.rows.length) this.openWindow();
    }
  }

  /** Indexes of the blocks that the rest of this window and the next one use, soonest first. Ask before `next`: fetch
   * these, and drop the others once the last batch is gathered. */
  needs(): number[] {
    const soon = new Set<number>(this.window.blocks.subarray(this.at));
    const following = this.nextStart < this.order.length ? this.order : this.orderOf(this.epoch + 1);
    const start = this.nextStart < this.order.length ? this.nextStart : 0;
    for (const place of following.subarray(start, start + this.windowBlocks)) soon.add(this.blocks[place]?.index ?? 0);
    return [...soon];
  }

  private orderOf(epoch: number): Uint32Array {
    const order = Uint32Array.from({ length: this.blocks.length }, (_, place) => place);
    new Random(hash32(this.seed, this.rank, epoch)).shuffle(order);
    return order;
  }

  private openWindow(): void {
    if (this.nextStart >= this.order.length) {
      this.epoch++;
      this.order = this.orderOf(this.epoch);
      this.nextStart = 0;
    }
    const start = this.nextStart;
    const places = this.order.subarray(start, start + this.windowBlocks);
    this.windowBlocks = Math.min(WINDOW_BLOCKS, 2 * this.windowBlocks);
    this.windows++;
    this.nextStart = start + places.length;
    this.window = this.shuffledWindow(places, hash32(this.seed, this.rank, this.epoch, start));
    this.at = 0;
  }

  private shuffledWindow(places: Uint32Array, seed: number): Picks {
    const members = Array.from(places, (place) => this.blocks[place]).filter((block) => block !== undefined);
    const total = members.reduce((sum, block) => sum + block.samples, 0);
    const blocks = new Uint32Array(total);
    const rows = new Uint32Array(total);
    let at = 0;
    for (const { index, samples } of members) {
      for (let row = 0; row < samples; row++, at++) {
        blocks[at] = index;
        rows[at] = row;
      }
    }
    const order = Uint32Array.from({ length: total }, (_, sample) => sample);
    new Random(seed).shuffle(order);
    return { blocks: order.map((sample) => blocks[sample] ?? 0), rows: order.map((sample) => rows[sample] ?? 0) };
  }
}

/** How many samples of a global batch the worker of `rank` takes: equal shares, the remainder to the first ranks. */
export function shareOf(batch: number, rank: number, workers: number): number {
  return Math.floor(batch / workers) + (rank < batch % workers ? 1 : 0);
}
