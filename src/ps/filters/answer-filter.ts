// One segment's answers as workers wish for them: coded, or as the difference from what the worker holds. The owner keeps
// what each holds, so that rounding doesn't add up: each difference corrects the one before. Differences of whole numbers are
// of any rows, and begin with zeros; others are of the whole range, and begin with what is.
import type { PullWish } from '../../protocol/frames.ts';
import { type NodeId, segmentKey, type WorkerId } from '../../protocol/ids.ts';
import { hash32 } from '../../random.ts';
import type { SegmentRange } from '../table.ts';
import { codecNamed, codecOf } from './codecs.ts';
import { HeldRows } from './held-rows.ts';
import { type BlockEncoder, decodeBlock } from './value-block.ts';
import type { ValueCodec } from './value-codec.ts';

/** The last difference that was coded: workers that hold the same, as in BSP, differ from what is by the same. */
interface Differed {
  readonly from: Float32Array;
  readonly version: number;
  readonly codec: ValueCodec;
  readonly block: Uint8Array;
  /** What they hold after it. */
  readonly values: Float32Array;
}

/** An answer's rows as they travel. */
export interface CodedAnswer {
  readonly serial: number;
  readonly base: number;
  readonly block: Uint8Array;
}

/** What each worker holds of this segment: as many as workers that wish for differences, at most MAX_ROOM_NODES. */
class Holders<Of> {
  private readonly held = new Map<NodeId, { incarnation: number; serial: number; values: Of }>();

  /** @param nextSerial names what a worker is sent, over all kinds of answers */
  constructor(private readonly nextSerial: () => number) {}

  clear(): void {
    this.held.clear();
  }

  /** What this worker was sent under that name; undefined where it isn't the last that was sent to it. */
  of({ node, incarnation }: WorkerId, serial: number): Of | undefined {
    const held = this.held.get(node);
    return held?.serial === serial && held.incarnation === incarnation ? held.values : undefined;
  }

  /** @returns the name under which it is sent */
  hold({ node, incarnation }: WorkerId, values: Of): number {
    const serial = this.nextSerial();
    this.held.set(node, { incarnation, serial, values });
    return serial;
  }
}

export class AnswerFilter {
  private serials = 0;
  private readonly ranges = new Holders<Float32Array>(() => this.nextSerial());
  private readonly counts = new Holders<HeldRows>(() => this.nextSerial());
  /** The last block of the whole range: in BSP all workers ask for the same version. */
  private last: { readonly version: number; readonly codec: ValueCodec; readonly block: Uint8Array } | null = null;
  private differed: Differed | null = null;
  /** What those got who held nothing, by the version: the same copy for all. Never changed. */
  private whole: { readonly version: number; readonly values: Float32Array; readonly block: Uint8Array } | null = null;

  constructor(
    private readonly range: SegmentRange,
    private readonly encoder: BlockEncoder,
  ) {}

  /** A new epoch: who asks next gets everything once more. */
  reset(): void {
    this.ranges.clear();
    this.counts.clear();
    this.last = null;
    this.differed = null;
    this.whole = null;
  }

  /** @param values rows of the keys, or where they are null of the whole range; not changed */
  encode(
    worker: WorkerId,
    wish: PullWish,
    version: number,
    keys: Uint32Array | null,
    values: Float32Array,
  ): CodedAnswer {
    const codec = codecOf(wish.codec) ?? codecNamed('f32');
    if (wish.base !== null && codec.name === 'whole') return this.count(worker, wish.base, keys, values);
    if (wish.base === null || keys !== null) return this.plain(codec, version, keys === null, values);
    const from = this.ranges.of(worker, wish.base);
    return from === undefined
      ? this.first(worker, version, values)
      : this.difference(worker, wish.base, from, codec, version, values);
  }

  /** What has changed of whole numbers, or where that can't be told, what they are: the change of zeros. */
  private count(worker: WorkerId, base: number, keys: Uint32Array | null, values: Float32Array): CodedAnswer {
    const held = this.counts.of(worker, base);
    const change = held?.change(keys, values) ?? null;
    const rows = change !== null && held !== undefined ? held : new HeldRows(this.range);
    if (change === null) rows.change(keys, values);
    const block = this.encoder.encode(change ?? values, codecNamed('whole'), 0);
    return { serial: this.counts.hold(worker, rows), base: change === null ? 0 : base, block };
  }

  private plain(codec: ValueCodec, version: number, isWhole: boolean, values: Float32Array): CodedAnswer {
    // A single sign per value is enough for a difference only.
    const able = codec.name === 'onebit' ? codecNamed('f16') : codec;
    const { last } = this;
    if (isWhole && last?.version === version && last.codec === able) return { serial: 0, base: 0, block: last.block };
    const block = this.encoder.encode(values, able, this.seedOf(version));
    if (isWhole) this.last = { version, codec: able, block };
    return { serial: 0, base: 0, block };
  }

  /** Everything, exactly: differences start from there. */
  private first(worker: WorkerId, version: number, values: Float32Array): CodedAnswer {
    if (this.whole?.version !== version) {
      this.whole = { version, values: values.slice(), block: this.encoder.encode(values, codecNamed('f32'), 0) };
    }
    return { serial: this.ranges.hold(worker, this.whole.values), base: 0, block: this.whole.block };
  }

  private difference(
    worker: WorkerId,
    base: number,
    from: Float32Array,
    codec: ValueCodec,
    version: number,
    values: Float32Array,
  ): CodedAnswer {
    if (this.whole?.version !== version) this.whole = null;
    const { differed } = this;
    const isSame = differed?.from === from && differed.version === version && differed.codec === codec;
    const known = isSame ? differed : this.differ(from, codec, version, values);
    this.differed = known;
    return { serial: this.ranges.hold(worker, known.values), base, block: known.block };
  }

  private differ(from: Float32Array, codec: ValueCodec, version: number, values: Float32Array): Differed {
    const change = new Float32Array(values.length);
    takeDifference(change, values, from, codec);
    const block = this.encoder.encode(change, codec, this.seedOf(version), codec.name === 'f32');
    const after = decodeBlock(block, values.length, change);
    addDifference(after, from, codec);
    return { from, version, codec, block, values: after };
  }

  private seedOf(version: number): number {
    return hash32(segmentKey(this.range.table, this.range.segment), version);
  }

  private nextSerial(): number {
    this.serials = (this.serials + 1) >>> 0 || 1;
    return this.serials;
  }
}

const wordsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Differences of f32 are those of their bits, so that nothing is rounded; of other codecs those of the numbers. */
function takeDifference(change: Float32Array, values: Float32Array, base: Float32Array, codec: ValueCodec): void {
  if (codec.name === 'f32') {
    const [to, a, b] = [wordsOf(change), wordsOf(values), wordsOf(base)];
    for (let i = 0; i < to.length; i++) to[i] = (a[i] as number) ^ (b[i] as number);
  } else {
    for (let i = 0; i < change.length; i++) change[i] = (values[i] as number) - (base[i] as number);
  }
}

/** Both ends do this with the same numbers, and so hold the same. */
export function addDifference(held: Float32Array, change: Float32Array, codec: ValueCodec): void {
  if (codec.name === 'f32') {
    const [to, from] = [wordsOf(held), wordsOf(change)];
    for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) ^ (from[i] as number);
  } else {
    for (let i = 0; i < held.length; i++) held[i] = (held[i] as number) + (change[i] as number);
  }
}
