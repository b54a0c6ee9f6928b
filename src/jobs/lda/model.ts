// What the topics of a moment say: word shares, a document's mixture, held-out perplexity, coherence. Pure functions of
// counts; no sampling.
import type { SparseBlock } from '../../data/dataset.ts';
import { wordsOf } from '../../data/documents.ts';
import type { Priors } from './sparse-sampler.ts';

/** Shares of the words of some rows in every topic: φ, row-major [rows, topics]. */
export interface WordShares {
  readonly topics: number;
  readonly values: Float64Array;
  /** Row of a word, or −1. */
  rowOf(word: number): number;
}

/** A word's row and how often it stands somewhere. */
export interface RowTimes {
  readonly row: number;
  readonly times: number;
}

/** Fixed points of the mixture are reached to far below the noise of a perplexity after so many rounds. */
const MIXTURE_ROUNDS = 50;

/**
 * φ_wk = (n_wk + β) / (n_k + Vβ): the mean of a topic's words given its counts (Griffiths and Steyvers 2004, equation 6).
 * Counts below zero, which late changes of others can make, are zeros.
 */
export function wordShares(
  counts: Int32Array,
  totals: Float64Array,
  { beta }: Priors,
  vocabulary: number,
): Float64Array {
  const topics = totals.length;
  const inverse = Float64Array.from(totals, (total) => 1 / (Math.max(0, total) + vocabulary * beta));
  return Float64Array.from(counts, (count, at) => (Math.max(0, count) + beta) * (inverse[at % topics] as number));
}

/**
 * A document's mixture θ under fixed topics: θ_k ∝ α + Σ_w times_w · φ_wk θ_k / Σ_j φ_wj θ_j, iterated from the uniform one
 * (expectation maximisation with the prior's mean kept: Buntine, "Estimating likelihoods for topic models", ACML 2009).
 */
export function mixtureOf(words: readonly RowTimes[], { topics, values }: WordShares, alpha: number): Float64Array {
  let mixture = new Float64Array(topics).fill(1 / topics);
  const tokens = words.reduce((sum, { times }) => sum + times, 0);
  for (let round = 0; round < MIXTURE_ROUNDS; round++) {
    const next = new Float64Array(topics).fill(alpha);
    for (const { row, times } of words) {
      const at = row * topics;
      let mass = 0;
      for (let topic = 0; topic < topics; topic++) mass += (values[at + topic] as number) * (mixture[topic] as number);
      const scale = times / mass;
      for (let topic = 0; topic < topics; topic++) {
        next[topic] = (next[topic] as number) + scale * (values[at + topic] as number) * (mixture[topic] as number);
      }
    }
    const sum = tokens + topics * alpha;
    mixture = next.map((mass) => mass / sum);
  }
  return mixture;
}

/** A document cut in two by turns: its occurrences 0, 2, 4 … and 1, 3, 5 … in the order of its words. */
export function halves(words: readonly RowTimes[]): [RowTimes[], RowTimes[]] {
  const [seen, held]: [RowTimes[], RowTimes[]] = [[], []];
  let place = 0;
  for (const { row, times } of words) {
    const even = Math.floor((times + 1 - (place % 2)) / 2);
    if (even > 0) seen.push({ row, times: even });
    if (times - even > 0) held.push({ row, times: times - even });
    place += times;
  }
  return [seen, held];
}

/** Σ −log p of words given a mixture, in nats, and how many they are. */
export function surprise(
  words: readonly RowTimes[],
  mixture: Float64Array,
  { topics, values }: WordShares,
): { nats: number; tokens: number } {
  let [nats, tokens] = [0, 0];
  for (const { row, times } of words) {
    let mass = 0;
    for (let topic = 0; topic < topics; topic++) {
      mass += (values[row * topics + topic] as number) * (mixture[topic] as number);
    }
    nats -= times * Math.log(mass);
    tokens += times;
  }
  return { nats, tokens };
}

/**
 * Document completion (Wallach et al., "Evaluation methods for topic models", ICML 2009, section 5): from half of each
 * document its mixture, then the surprise of the other half.
 */
export function completion(
  block: SparseBlock,
  words: number,
  shares: WordShares,
  alpha: number,
): { nats: number; tokens: number } {
  let [nats, tokens] = [0, 0];
  for (let row = 0; row < block.count; row++) {
    const [seen, held] = halves(rowTimes(block, row, words, shares));
    const part = surprise(held, mixtureOf(seen, shares, alpha), shares);
    nats += part.nats;
    tokens += part.tokens;
  }
  return { nats, tokens };
}

/** The words of a document that have rows. */
export function rowTimes(block: SparseBlock, row: number, words: number, { rowOf }: WordShares): RowTimes[] {
  const list: RowTimes[] = [];
  for (const { word, times } of wordsOf(block, row, words)) {
    const place = rowOf(word);
    if (place >= 0) list.push({ row: place, times });
  }
  return list;
}

/** Rows with the largest shares of a topic, best first. */
export function topRows({ topics, values }: WordShares, topic: number, most: number): number[] {
  const rows = Array.from({ length: values.length / topics }, (_, row) => row);
  const shareOf = (row: number) => values[row * topics + topic] as number;
  return rows.sort((a, b) => shareOf(b) - shareOf(a) || a - b).slice(0, most);
}

/**
 * UMass coherence of one topic: Σ_{m>l} log (D(w_m, w_l) + 1) / D(w_l) over its top words, D counting documents (Mimno et
 * al., "Optimizing semantic coherence in topic models", EMNLP 2011, equation 1). Nearer to zero is better.
 * @param documents the top words (by place in `top`) of each document
 */
export function umassCoherence(top: readonly number[], documents: readonly ReadonlySet<number>[]): number {
  const has = top.map((word) => documents.map((document) => document.has(word)));
  const inAll = (a: number, b: number) => documents.filter((_, i) => has[a]?.[i] && has[b]?.[i]).length;
  let sum = 0;
  for (let m = 1; m < top.length; m++) {
    for (let l = 0; l < m; l++) {
      const alone = inAll(l, l);
      if (alone > 0) sum += Math.log((inAll(m, l) + 1) / alone);
    }
  }
  return sum;
}
