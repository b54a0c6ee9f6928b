// Stages that send less than everything: each sets to zero what shall stay behind, in place.
import type { PushStage } from '../../protocol/filters.ts';
import { hash32, hashUnit } from '../../random.ts';

/** What the stages of one push know besides the values. */
export interface StageContext {
  /** Of this push of this segment: the same push gives the same bytes. */
  readonly seed: number;
  /** What stays behind is kept and added later: then random-k needs no division to be right on average. */
  readonly hasMemory: boolean;
  /** L1 penalty on the mean loss per sample; 0 without. */
  readonly l1: number;
  /** The parameters that the gradient is of, place by place; null where not known. */
  readonly parameters: Float32Array | null;
  /** Clocks since the value in a place was last sent, this one included. */
  clocksHeld(place: number): number;
}

/** Does what this stage leaves out have to be remembered, or would it be lost? */
export const needsMemory = (stage: PushStage): boolean => stage.kind !== 'randomk';

export function applyStage(stage: PushStage, values: Float32Array, context: StageContext): void {
  switch (stage.kind) {
    case 'topk':
      return keepFrom(values, largestFrom(values, Math.ceil(stage.fraction * values.length)));
    case 'randomk':
      return keepRandom(values, stage.fraction, context);
    case 'significant':
      return keepFrom(values, stage.threshold * largest(values));
    case 'skip':
      if (hashUnit(context.seed, 1) < stage.chance) values.fill(0);
      return;
    case 'kkt':
      return keepMoving(values, context);
    default:
      stage satisfies never;
  }
}

function largest(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] as number));
  return most;
}

function keepFrom(values: Float32Array, least: number): void {
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i] as number) < least) values[i] = 0;
}

/** Bits of an f32's size that are looked at first, and then: the order of the bits is the order of the sizes. */
const HIGH_SHIFT = 20;
const LOW_SHIFT = 9;
const BINS = 2_048;

/**
 * The size that the `count` largest values have at least, or a hair less (2⁻¹⁴ of it), so that ties stay together. Counts
 * sizes by their upper bits, then those of the decisive bin by the next ones: two passes, no sorting, no sample's luck.
 */
export function largestFrom(values: Float32Array, count: number): number {
  if (count >= values.length) return 0;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bins = new Uint32Array(BINS);
  for (let i = 0; i < words.length; i++) {
    const bin = ((words[i] as number) & 0x7fffffff) >>> HIGH_SHIFT;
    bins[bin] = (bins[bin] as number) + 1;
  }
  const high = binOf(bins, count);
  const above = sumAbove(bins, high);
  bins.fill(0);
  for (let i = 0; i < words.length; i++) {
    const size = (words[i] as number) & 0x7fffffff;
    if (size >>> HIGH_SHIFT !== high) continue;
    const bin = (size >>> LOW_SHIFT) & (BINS - 1);
    bins[bin] = (bins[bin] as number) + 1;
  }
  const low = binOf(bins, count - above);
  return new Float32Array(Uint32Array.of((high << HIGH_SHIFT) | (low << LOW_SHIFT)).buffer)[0] ?? 0;
}

/** The bin in which the count-th largest lies. */
function binOf(bins: Uint32Array, count: number): number {
  let seen = 0;
  for (let bin = BINS - 1; bin > 0; bin--) {
    seen += bins[bin] as number;
    if (seen >= count) return bin;
  }
  return 0;
}

function sumAbove(bins: Uint32Array, bin: number): number {
  let sum = 0;
  for (let i = bin + 1; i < BINS; i++) sum += bins[i] as number;
  return sum;
}

/** Stich et al. 2018, "Sparsified SGD with memory", random-k: with memory as it is, without divided by the chance. */
function keepRandom(values: Float32Array, fraction: number, { seed, hasMemory }: StageContext): void {
  const scale = hasMemory ? 1 : 1 / fraction;
  for (let i = 0; i < values.length; i++) {
    values[i] = hash32(seed, 2, i) < fraction * 2 ** 32 ? (values[i] as number) * scale : 0;
  }
}

/**
 * Li et al. 2014, "Communication efficient distributed machine learning with the parameter server", section 4.2: under an
 * L1 penalty λ a weight stays at zero while its gradient lies within ±λ. Looked at is the mean since the value was last
 * sent: nothing is lost, and a weight that does want to leave zero collects until its mean says so.
 */
function keepMoving(values: Float32Array, { l1, parameters, clocksHeld }: StageContext): void {
  if (l1 === 0 || parameters === null) return;
  for (let i = 0; i < values.length; i++) {
    if (parameters[i] === 0 && Math.abs(values[i] as number) <= l1 * clocksHeld(i)) values[i] = 0;
  }
}
