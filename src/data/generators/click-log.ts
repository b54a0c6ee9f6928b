// A generated click log: sparse samples of categorical fields with power-law values, and clicks drawn from a planted
// sparse logistic model, so that the best possible result is known. Only exact operations (see exact-math.ts).
import { hash32, Random } from '../../random.ts';
import type { DatasetMeta, Generator, SparseBlock, Split } from '../dataset.ts';
import { exactSigmoid } from '../exact-math.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { blockSizes, SPLIT_SEEDS } from './blocks-of.ts';

export const CLICK_LOG_SAMPLES = { train: 60_000, test: 12_000 };
export const CLICK_LOG_FEATURES = 20_000;

/** Different values of each field: a device or an hour at one end, a user or a page at the other. */
const FIELD_VALUES = [3, 7, 12, 24, 50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000];
/** Key of the feature that every sample has: its weight is the base rate. */
export const BIAS_KEY = 0;
/** Draws of planted weights; repeated keys are planted once, so somewhat fewer are non-zero. */
const PLANTED_DRAWS = 600;
/** Largest planted weight: a dozen of them make some samples near certain and leave most in doubt. */
const PLANTED_WEIGHT = 1.2;
/** Share of clicks that the bias weight is chosen for. */
export const CLICK_RATE = 0.22;
/** Samples, from draws of their own, that the bias weight is fitted on. */
const CALIBRATION_SAMPLES = 2_000;
/** Halvings of the interval that the bias weight is looked for in: past f32 precision. */
const BISECTIONS = 40;
/** Seeds of the planted model and of its calibration, apart from the splits' (SPLIT_SEEDS). */
const PLANT_SEED = 101;
const CALIBRATION_SEED = 102;

/** What the planted model itself reaches, which nobody can beat but by luck. */
export interface BestPossible {
  /** Expected share of right answers when predicting whichever is more likely. */
  readonly accuracy: number;
  /** Expected log loss (nats per sample) when predicting the true probabilities. */
  readonly logLoss: number;
  /** Expected share of clicks. */
  readonly clickRate: number;
}

/** A `Generator` that also tells its secret. */
export interface ClickLog extends Generator {
  /** Weight of every key of the planted model, mostly zero. */
  readonly planted: Float32Array;
  /** The best that any model can expect on the samples of a split, given their features. */
  bestPossible(split: Split): BestPossible;
}

/** A generator of `samples` ad views over a key space of `features` keys (at least 2). */
export function clickLogGenerator(
  seed: number,
  samples: Readonly<Record<Split, number>> = CLICK_LOG_SAMPLES,
  features = CLICK_LOG_FEATURES,
): ClickLog {
  if (!(features >= 2)) throw new RangeError(`a click log needs 2 keys or more, not ${features}`);
  const meta: DatasetMeta = {
    kind: 'sparse',
    name: 'generated click log',
    samples: { train: samples.train, test: samples.test },
    features,
    classes: 2,
  };
  const blockSamples = { train: blockSizes(samples.train), test: blockSizes(samples.test) };
  // Found when it is first needed: what the data are is known without it.
  let found: Float32Array | null = null;
  const planted = () => {
    found ??= plant(seed, features);
    return found;
  };
  const viewOf = (split: Split, index: number) => new Random(hash32(seed, SPLIT_SEEDS[split], index));
  return {
    name: 'click-log',
    meta,
    blockSamples,
    get planted() {
      return planted();
    },
    block(split: Split, index: number): SparseBlock {
      const count = blockSamples[split][index] ?? 0;
      return drawBlock(count, features, planted(), (row) => viewOf(split, index * BLOCK_SAMPLES + row));
    },
    bestPossible: (split: Split) =>
      expectedBest(samples[split], planted(), (index) => drawKeys(viewOf(split, index), features)),
  };
}

/** Cumulative weights of 1/rank for the field with the most values; smaller fields use its beginning (Zipf's law). */
const ZIPF = (() => {
  const sums = new Float64Array(Math.max(...FIELD_VALUES));
  let sum = 0;
  for (let rank = 0; rank < sums.length; rank++) {
    sum += 1 / (rank + 1);
    sums[rank] = sum;
  }
  return sums;
})();

/** A value below `values`, rank r with probability proportional to 1 / (r + 1). */
function drawZipf(random: Random, values: number): number {
  const target = random.unit() * (ZIPF[values - 1] ?? 0);
  let low = 0;
  let high = values - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ZIPF[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The hashing trick: all fields share the keys after the bias; values that collide share a weight. */
const keyOf = (field: number, value: number, features: number) => 1 + (hash32(field, value) % (features - 1));

/** The keys of one sample, ascending and different: the bias and one of each field. */
function drawKeys(random: Random, features: number): Uint32Array {
  const keys = new Uint32Array(FIELD_VALUES.length + 1);
  keys[0] = BIAS_KEY;
  FIELD_VALUES.forEach((values, field) => {
    keys[field + 1] = keyOf(field, drawZipf(random, values), features);
  });
  keys.sort();
  return keys.filter((key, at) => at === 0 || key !== keys[at - 1]);
}

function scoreOf(keys: Uint32Array, weights: Float32Array): number {
  let score = 0;
  for (const key of keys) score += weights[key] ?? 0;
  return score;
}

function drawBlock(
  count: number,
  features: number,
  planted: Float32Array,
  viewOf: (row: number) => Random,
): SparseBlock {
  const indptr = new Uint32Array(count + 1);
  const indices = new Uint32Array(count * (FIELD_VALUES.length + 1));
  const y = new Uint32Array(count);
  let stored = 0;
  for (let row = 0; row < count; row++) {
    const random = viewOf(row);
    const keys = drawKeys(random, features);
    indices.set(keys, stored);
    stored += keys.length;
    indptr[row + 1] = stored;
    y[row] = random.unit() < exactSigmoid(scoreOf(keys, planted)) ? 1 : 0;
  }
  const values = new Float32Array(stored).fill(1);
  return { kind: 'sparse', count, indptr, indices: indices.slice(0, stored), values, y };
}

/** The planted model: weights on keys drawn as samples draw theirs (so they matter), and a bias for CLICK_RATE. */
function plant(seed: number, features: number): Float32Array {
  const weights = new Float32Array(features);
  const random = new Random(hash32(seed, PLANT_SEED));
  for (let draw = 0; draw < PLANTED_DRAWS; draw++) {
    const field = draw % FIELD_VALUES.length;
    const key = keyOf(field, drawZipf(random, FIELD_VALUES[field] ?? 1), features);
    weights[key] = PLANTED_WEIGHT * (2 * random.unit() - 1);
  }
  const views = Array.from({ length: CALIBRATION_SAMPLES }, (_, index) =>
    drawKeys(new Random(hash32(seed, CALIBRATION_SEED, index)), features),
  );
  const scores = views.map((keys) => scoreOf(keys, weights));
  weights[BIAS_KEY] = fitBias(scores);
  return weights;
}

/** The bias that makes the mean probability of `scores` CLICK_RATE, by bisection. */
function fitBias(scores: readonly number[]): number {
  let low = -20;
  let high = 20;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (const score of scores) sum += exactSigmoid(score + middle);
    if (sum < CLICK_RATE * scores.length) low = middle;
    else high = middle;
  }
  return low;
}

function expectedBest(count: number, planted: Float32Array, keysOf: (index: number) => Uint32Array): BestPossible {
  let [right, loss, clicks] = [0, 0, 0];
  for (let index = 0; index < count; index++) {
    const p = exactSigmoid(scoreOf(keysOf(index), planted));
    clicks += p;
    right += Math.max(p, 1 - p);
    // Only shown, never hashed: the browser's own logarithm will do.
    loss -= p * Math.log(p) + (1 - p) * Math.log(1 - p);
  }
  return { accuracy: right / count, logLoss: loss / count, clickRate: clicks / count };
}
