// One segment's pushes on their way through the filters, with what earlier ones left behind. Lives as long as one worker's
// part in one run: what stays behind is gradient that nobody has got yet, so it outlives changes of owners.
import type { PushSpec } from '../../protocol/filters.ts';
import type { Rows } from '../segment.ts';
import type { SegmentRange } from '../table.ts';
import { codecNamed } from './codecs.ts';
import { applyStage, needsMemory, type StageContext } from './sparsify.ts';
import { type BlockEncoder, decodeBlock } from './value-block.ts';

/** What a push is besides its rows. */
export interface PushContext {
  readonly clock: number;
  /** Clocks whose mean the values are, the last of them `clock`. */
  readonly covers: number;
  readonly seed: number;
  readonly l1: number;
  /** What the gradient was computed on, laid out like its values; null where not known. */
  readonly parameters: Float32Array | null;
}

/** Work space that all segments of one client share: as large as the largest of them. */
export class PushWork {
  private whole = new Float32Array(0);
  private sent = new Float32Array(0);
  private decoded = new Float32Array(0);

  reserve(length: number): { whole: Float32Array; sent: Float32Array; decoded: Float32Array } {
    if (this.whole.length < length) {
      this.whole = new Float32Array(length);
      this.sent = new Float32Array(length);
      this.decoded = new Float32Array(length);
    }
    const { whole, sent, decoded } = this;
    return {
      whole: whole.subarray(0, length),
      sent: sent.subarray(0, length),
      decoded: decoded.subarray(0, length),
    };
  }
}

export class PushFilter {
  /** What was not sent, value by value of the segment, summed over clocks: the next push may cover others. Null while all is. */
  private memory: Float32Array | null = null;
  /** Momentum before it is sent (Lin et al. 2018, "Deep gradient compression", section 3.1). */
  private velocity: Float32Array | null = null;
  /** Clock at which each value was last sent. */
  private sentAt: Int32Array | null = null;

  constructor(
    private readonly range: SegmentRange,
    private readonly width: number,
    private readonly encoder: BlockEncoder,
    private readonly work: PushWork,
  ) {}

  /** Has something been left out that no push has carried yet? */
  get hasRest(): boolean {
    return this.memory !== null;
  }

  /**
   * What travels instead of `rows.values`. What that leaves out, by stages or by rounding, is added to later pushes where
   * a stage or codec needs it (Karimireddy et al. 2019, "Error feedback fixes SignSGD").
   */
  encode(rows: Rows, spec: PushSpec, context: PushContext): Uint8Array {
    const { clock, covers } = context;
    const hasMemory = spec.codec === 'onebit' || spec.stages.some(needsMemory);
    const codec = codecNamed(spec.codec);
    const isPlain = spec.stages.length === 0 && !hasMemory && this.memory === null;
    if (isPlain) return this.encoder.encode(rows.values, codec, context.seed);
    const { whole, sent, decoded } = this.work.reserve(rows.values.length);
    this.recall(rows, spec, covers, whole);
    sent.set(whole);
    const stageContext: StageContext = {
      ...context,
      hasMemory,
      clocksHeld: (place) => (clock - (this.sentAt?.[this.placeOf(rows.keys, place)] ?? -1)) / covers,
    };
    for (const stage of spec.stages) applyStage(stage, sent, stageContext);
    const block = this.encoder.encode(sent, codec, context.seed);
    if (hasMemory) this.remember(rows.keys, whole, decodeBlock(block, whole.length, decoded), context);
    else this.forget(rows);
    return block;
  }

  /** What was left out of these rows has gone with them; what of others there is waits for a push of those. */
  private forget({ keys, values }: Rows): void {
    const { memory } = this;
    if (memory === null) return;
    for (let i = 0; i < values.length; i++) memory[this.placeOf(keys, i)] = 0;
    if (memory.every((value) => value === 0)) this.memory = null;
  }

  /** The gradient, or its momentum, and what was left behind before. */
  private recall({ keys, values }: Rows, spec: PushSpec, covers: number, whole: Float32Array): void {
    const momentum = momentumOf(spec);
    const velocity = momentum > 0 ? this.velocityOf() : null;
    const { memory } = this;
    for (let i = 0; i < values.length; i++) {
      const place = this.placeOf(keys, i);
      let value = values[i] as number;
      if (velocity !== null) {
        value += momentum * (velocity[place] as number);
        velocity[place] = value;
      }
      whole[i] = memory === null ? value : value + (memory[place] as number) / covers;
    }
  }

  private velocityOf(): Float32Array {
    this.velocity ??= new Float32Array(this.range.floats);
    return this.velocity;
  }

  /** Keeps the rest. What was sent starts anew, its momentum too (momentum factor masking, section 3.2). */
  private remember(
    keys: Uint32Array | null,
    whole: Float32Array,
    decoded: Float32Array,
    { clock, covers }: PushContext,
  ): void {
    this.memory ??= new Float32Array(this.range.floats);
    this.sentAt ??= new Int32Array(this.range.floats).fill(-1);
    const { memory, sentAt, velocity } = this;
    for (let i = 0; i < whole.length; i++) {
      const place = this.placeOf(keys, i);
      const sent = decoded[i] as number;
      memory[place] = ((whole[i] as number) - sent) * covers;
      if (sent === 0) continue;
      sentAt[place] = clock;
      if (velocity !== null) velocity[place] = 0;
    }
  }

  /** Where a value of a push lies in the segment. */
  private placeOf(keys: Uint32Array | null, at: number): number {
    if (keys === null) return at;
    if (this.width === 1) return (keys[at] as number) - this.range.start;
    const row = Math.floor(at / this.width);
    return ((keys[row] as number) - this.range.start) * this.width + (at - row * this.width);
  }
}

function momentumOf(spec: PushSpec): number {
  for (const stage of spec.stages) if (stage.kind === 'topk') return stage.momentum;
  return 0;
}
