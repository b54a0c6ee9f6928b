// One segment's answers as workers wish for them: coded, or as the difference from what the worker holds. The owner keeps
// what each holds, so that rounding doesn't add up: each difference corrects the one before.
import type { PullWish } from '../../protocol/frames.ts';
import type { NodeId, WorkerId } from '../../protocol/ids.ts';
import { hash32 } from '../../random.ts';
import { codecNamed, codecOf } from './codecs.ts';
import { type BlockEncoder, decodeBlock } from './value-block.ts';
import type { ValueCodec } from './value-codec.ts';

/** What a worker holds of this segment: as many copies as workers that wish for differences, at most MAX_ROOM_NODES. */
interface Held {
  readonly incarnation: number;
  readonly serial: number;
  readonly values: Float32Array;
}

/** An answer's rows as they travel. */
export interface CodedAnswer {
  readonly serial: number;
  readonly base: number;
  readonly block: Uint8Array;
}

export class AnswerFilter {
  private readonly held = new Map<NodeId, Held>();
  private serials = 0;
  /** The last block of the whole range: in BSP all workers ask for the same version. */
  private last: { readonly version: number; readonly codec: ValueCodec; readonly block: Uint8Array } | null = null;

  constructor(
    private readonly segmentSeed: number,
    private readonly encoder: BlockEncoder,
  ) {}

  /** A new epoch: who asks next gets everything once more. */
  reset(): void {
    this.held.clear();
    this.last = null;
  }

  /** @param values rows of the whole range, or of a key list; not changed */
  encode(worker: WorkerId, wish: PullWish, version: number, isWhole: boolean, values: Float32Array): CodedAnswer {
    const codec = codecOf(wish.codec) ?? codecNamed('f32');
    const seed = hash32(this.segmentSeed, version);
    // Whole numbers lose nothing: there is nothing to correct later.
    if (wish.base === null || !isWhole || codec.name === 'whole')
      return this.plain(codec, version, isWhole, values, seed);
    const held = this.held.get(worker.node);
    const isKnown = held !== undefined && held.serial === wish.base && held.incarnation === worker.incarnation;
    return isKnown ? this.difference(held, worker, codec, values, seed) : this.first(worker, values);
  }

  private plain(codec: ValueCodec, version: number, isWhole: boolean, values: Float32Array, seed: number): CodedAnswer {
    // A single sign per value is enough for a difference only.
    const able = codec.name === 'onebit' ? codecNamed('f16') : codec;
    const { last } = this;
    if (isWhole && last?.version === version && last.codec === able) return { serial: 0, base: 0, block: last.block };
    const block = this.encoder.encode(values, able, seed);
    if (isWhole) this.last = { version, codec: able, block };
    return { serial: 0, base: 0, block };
  }

  /** Everything, exactly: differences start from there. */
  private first(worker: WorkerId, values: Float32Array): CodedAnswer {
    const serial = this.hold(worker, values.slice());
    return { serial, base: 0, block: this.encoder.encode(values, codecNamed('f32'), 0) };
  }

  private difference(held: Held, worker: WorkerId, codec: ValueCodec, values: Float32Array, seed: number): CodedAnswer {
    const change = new Float32Array(values.length);
    takeDifference(change, values, held.values, codec);
    const block = this.encoder.encode(change, codec, seed, codec.name === 'f32');
    addDifference(held.values, decodeBlock(block, values.length, change), codec);
    return { serial: this.hold(worker, held.values), base: held.serial, block };
  }

  private hold({ node, incarnation }: WorkerId, values: Float32Array): number {
    this.serials = (this.serials + 1) >>> 0 || 1;
    this.held.set(node, { incarnation, serial: this.serials, values });
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
