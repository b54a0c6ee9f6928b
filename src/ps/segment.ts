// One segment on the shard that owns it: its rows, its optimiser state, its vector clock, and how a gradient is applied.
import type { ClockSnapshot } from '../protocol/frame-fields.ts';
import type { SegmentState, Update } from '../protocol/frames.ts';
import { compareEpochs, type Epoch, NO_EPOCH, type WorkerId } from '../protocol/ids.ts';
import { hashUnit } from '../random.ts';
import { PushCounts } from './push-counts.ts';
import type { SegmentRange, TableSpec } from './table.ts';
import type { Updater } from './updaters/updater.ts';
import { VectorClock } from './vector-clock.ts';

/** A gradient for some rows, or (keys null) for all rows of the segment in order. */
export interface Rows {
  readonly keys: Uint32Array | null;
  readonly values: Float32Array;
}

/** One worker's part of an aggregation. */
export interface Contribution extends Rows {
  readonly samples: number;
}

/** What an owner decided to apply: with it a replica does the same. */
export type SegmentUpdate = Pick<
  Update,
  'learningRate' | 'weight' | 'hasGradient' | 'isDrift' | 'advances' | 'keys' | 'values'
>;

export class Segment {
  clocks = new VectorClock();
  /** Pushes in this history, by worker. */
  pushes = new PushCounts();
  /** Updates applied so far, those that only moved clocks included. */
  version = 0;
  /** Epoch in which the last of them was applied. With the version it names one history. */
  stamp: Epoch = NO_EPOCH;
  private values: Float32Array;
  private slots: Float32Array[];
  private scalars: Float64Array;
  /** The whole range as it was at `snapshotVersion`: in BSP all workers pull the same version, one copy serves all. */
  private snapshot: Float32Array | null = null;
  private snapshotVersion = -1;

  constructor(
    readonly range: SegmentRange,
    private readonly width: number,
    private readonly updater: Updater,
  ) {
    this.values = new Float32Array(range.floats);
    this.slots = Array.from({ length: updater.slots }, () => new Float32Array(range.floats));
    this.scalars = Float64Array.from(updater.scalars);
  }

  /** Fills the rows as the table says; a pure function of (seed, table, key, column). */
  initialise(spec: TableSpec, seed: number): void {
    if (spec.init.kind === 'zeros') return;
    const { scale } = spec.init;
    const first = this.range.start * this.width;
    for (let at = 0; at < this.values.length; at++) {
      this.values[at] = (2 * hashUnit(seed, this.range.table, first + at) - 1) * scale;
    }
  }

  /** May workers push what came of local steps? */
  get takesDrifts(): boolean {
    return this.updater.drift !== undefined;
  }

  /** How the pushes of one clock become one gradient. */
  get aggregate(): Updater['aggregate'] {
    return this.updater.aggregate;
  }

  /** Applies one update, as its owner or as a replica: the same bytes come out. */
  apply(update: SegmentUpdate, epoch: Epoch): void {
    this.version++;
    this.stamp = epoch;
    if (update.isDrift) this.applyDrift(update, update.learningRate, update.weight);
    else if (update.hasGradient) this.applyGradient(update, update.learningRate, update.weight);
    for (const { worker, clock } of update.advances) {
      this.clocks.advance(worker, clock);
      if (isOfPushes(update)) this.pushes.add(worker.node);
    }
  }

  /** Goes along the way that the workers have gone, the mean of it or (outside BSP) each one's part. */
  private applyDrift({ values: drift }: Rows, learningRate: number, weight: number): void {
    this.updater.drift?.(this.values, this.slots, drift, { learningRate, weight, scalars: this.scalars });
  }

  private applyGradient({ keys, values }: Rows, learningRate: number, weight: number): void {
    const context = { learningRate, weight, scalars: this.scalars };
    this.updater.advance(context);
    if (keys === null) {
      if (values.length > 0) this.updater.apply(this.values, this.slots, 0, values, 0, values.length, context);
      return;
    }
    for (let row = 0; row < keys.length; row++) {
      const at = ((keys[row] ?? 0) - this.range.start) * this.width;
      this.updater.apply(this.values, this.slots, at, values, row * this.width, this.width, context);
    }
  }

  /** The rows of `keys`, or the whole range. A copy that never changes; shared between readers of one version. */
  read(keys: Uint32Array | null): Float32Array {
    if (keys === null) return this.readAll();
    const rows = new Float32Array(keys.length * this.width);
    for (let row = 0; row < keys.length; row++) {
      const at = ((keys[row] ?? 0) - this.range.start) * this.width;
      this.updater.refresh?.(this.values, this.slots, at, this.width, this.scalars);
      for (let column = 0; column < this.width; column++)
        rows[row * this.width + column] = this.values[at + column] ?? 0;
    }
    return rows;
  }

  private readAll(): Float32Array {
    if (this.snapshot === null || this.snapshotVersion !== this.version) {
      this.updater.refresh?.(this.values, this.slots, 0, this.values.length, this.scalars);
      this.snapshot = this.values.slice();
      this.snapshotVersion = this.version;
    }
    return this.snapshot;
  }

  clockSnapshot(): ClockSnapshot {
    return this.clocks.snapshot();
  }

  /** Do these rows fit this segment: as many values as rows, every key inside and ascending? */
  accepts({ keys, values }: Rows): boolean {
    if (keys === null) return values.length === 0 || values.length === this.range.floats;
    return values.length === keys.length * this.width && this.acceptsKeys(keys);
  }

  /** Are all keys inside the range, ascending and unique? */
  acceptsKeys(keys: Uint32Array): boolean {
    let last = this.range.start - 1;
    for (const key of keys) {
      if (key <= last || key >= this.range.end) return false;
      last = key;
    }
    return true;
  }

  /** Everything a follower needs; without values for one that has this version. Copies: the segment lives on. */
  toSnapshot(isComplete: boolean): SegmentState {
    const { table, segment } = this.range;
    const { version, stamp } = this;
    const clocks = { floor: this.clocks.floor(), clocks: this.clocks.list(), pushes: this.pushes.list() };
    const [values, slots] = isComplete
      ? [this.values.slice(), this.slots.map((slot) => slot.slice())]
      : [new Float32Array(0), []];
    return { table, segment, version, stamp, ...clocks, scalars: this.scalars.slice(), values, slots };
  }

  /** Everything that a checkpoint keeps, with the values as a reader would see them. */
  toCut(): SegmentState {
    return { ...this.toSnapshot(true), values: this.readAll() };
  }

  /** Becomes what another shard's segment is. @returns false where the shapes don't fit, and then nothing has changed */
  adopt(snapshot: SegmentState, workers: readonly WorkerId[]): boolean {
    const isComplete = snapshot.values.length > 0;
    const fits = isComplete
      ? snapshot.values.length === this.range.floats &&
        snapshot.slots.length === this.slots.length &&
        snapshot.scalars.length === this.scalars.length
      : this.isAt(snapshot.version, snapshot.stamp);
    if (!fits) return false;
    if (isComplete) {
      this.values = snapshot.values.slice();
      this.slots = snapshot.slots.map((slot) => slot.slice());
      this.scalars = snapshot.scalars.slice();
      this.version = snapshot.version;
      this.stamp = snapshot.stamp;
      this.snapshot = null;
    }
    this.clocks = VectorClock.from(snapshot.floor, snapshot.clocks);
    this.clocks.setWorkers(workers);
    this.pushes = new PushCounts(snapshot.pushes);
    return true;
  }

  /** Is this the very state that another shard has under this version and stamp? */
  isAt(version: number, stamp: Epoch): boolean {
    return version === this.version && compareEpochs(stamp, this.stamp) === 0;
  }

  /** Bytes of everything that must be the same on replicas, for comparing them. */
  state(): { values: Float32Array; slots: readonly Float32Array[]; scalars: Float64Array } {
    return { values: this.values, slots: this.slots, scalars: this.scalars };
  }
}

/** Does it contain pushes? Those without samples, too; a worker that skips clocks because it starts late moves at no rate. */
const isOfPushes = ({ learningRate }: SegmentUpdate): boolean => learningRate > 0;
