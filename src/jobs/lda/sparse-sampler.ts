// Collapsed Gibbs sampling (Griffiths and Steyvers, PNAS 2004) in the form of Yao, Mimno and McCallum, "Efficient methods for
// topic model inference on streaming document collections", KDD 2009, section 3.4 (SparseLDA): the weight of topic k,
//   (α + n_dk)(β + n_wk) / (Vβ + n_k) = αβ/(Vβ + n_k) + n_dk·β/(Vβ + n_k) + (α + n_dk)·n_wk/(Vβ + n_k),
// is drawn from three buckets. The first two masses are kept up to date; the last touches only the topics that the word
// is in. So a token costs about as many operations as its word has topics, not as there are topics.
import type { Random } from '../../random.ts';

export interface Priors {
  /** Of a document's mixture, per topic. */
  readonly alpha: number;
  /** Of a topic's words, per word. */
  readonly beta: number;
}

/** A product of probabilities is far above the smallest number while one more, of 1e-100 at least, comes in. */
const LEAST_PRODUCT = 1e-200;

/** Tokens of one document: row of each token's word in the word counts, and the token's topic, which sampling changes. */
export interface DocumentTokens {
  readonly rows: Uint32Array;
  readonly topics: Uint32Array;
}

/**
 * Samples documents against counts that it keeps up to date as it goes. Counts that other workers have changed meanwhile
 * may be off, even below zero: such a count weighs nothing.
 */
export class SparseSampler {
  private readonly topics: number;
  /** Counts and totals as they were. */
  private readonly countsBefore: Int32Array;
  private readonly totalsBefore: Float64Array;
  /** 1 / (Vβ + n_k). */
  private readonly inverse: Float64Array;
  /** (α + n_dk) / (Vβ + n_k): the factor of n_wk in the word bucket. */
  private readonly factor: Float64Array;
  private readonly inDocument: Int32Array;
  /** Topics that each row's word is in: wordTopics[row × topics …], wordTopicCounts[row] of them. */
  private readonly wordTopics: Uint16Array;
  private readonly wordTopicCounts: Int32Array;
  private readonly documentTopics: Uint16Array;
  private documentTopicCount = 0;
  /** Masses of the first two buckets. */
  private smoothing = 0;
  private ofDocument = 0;
  private readonly weights: Float64Array;

  /**
   * @param counts n_wk of the rows sampled here, row-major [rows, topics]; changed
   * @param totals n_k; changed
   * @param vocabulary V, all words of the model
   */
  constructor(
    private readonly counts: Int32Array,
    private readonly totals: Float64Array,
    private readonly priors: Priors,
    private readonly vocabulary: number,
  ) {
    const topics = totals.length;
    this.topics = topics;
    this.countsBefore = counts.slice();
    this.totalsBefore = totals.slice();
    this.inverse = new Float64Array(topics);
    this.factor = new Float64Array(topics);
    this.inDocument = new Int32Array(topics);
    this.wordTopics = new Uint16Array(counts.length);
    this.wordTopicCounts = new Int32Array(counts.length / topics);
    this.documentTopics = new Uint16Array(topics);
    this.weights = new Float64Array(topics);
    this.listWordTopics();
    for (let topic = 0; topic < topics; topic++) this.setInverse(topic);
  }

  /** What sampling has changed, row-major [rows, topics] and [topics]: whole numbers, every token's sum being zero. */
  changes(): { readonly counts: Float32Array; readonly totals: Float32Array } {
    const { counts: now, countsBefore: before } = this;
    const counts = new Float32Array(now.length);
    for (let i = 0; i < counts.length; i++) counts[i] = (now[i] as number) - (before[i] as number);
    const totals = Float32Array.from(this.totals, (total, topic) => total - (this.totalsBefore[topic] as number));
    return { counts, totals };
  }

  /** One sweep over a document's tokens. @returns Σ −log p(word | all other tokens), in nats */
  sample(document: DocumentTokens, random: Random): number {
    this.enter(document);
    const { rows, topics } = document;
    const { alpha } = this.priors;
    const others = rows.length - 1 + this.topics * alpha;
    let loss = 0;
    // One logarithm for many tokens: it would cost as much as a draw.
    let product = 1;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const old = topics[at] as number;
      this.take(row, old);
      const word = this.weighWord(row);
      const mass = this.smoothing + this.ofDocument + word;
      product *= mass / others;
      if (product < LEAST_PRODUCT) {
        loss -= Math.log(product);
        product = 1;
      }
      const topic = this.draw(row, random.unit() * mass, word);
      this.put(row, topic);
      topics[at] = topic;
    }
    this.leave();
    return loss - Math.log(product);
  }

  private listWordTopics(): void {
    const { topics, counts, wordTopics, wordTopicCounts } = this;
    for (let row = 0; row < wordTopicCounts.length; row++) {
      const start = row * topics;
      let found = start;
      for (let topic = 0; topic < topics; topic++) {
        if ((counts[start + topic] as number) > 0) wordTopics[found++] = topic;
      }
      wordTopicCounts[row] = found - start;
    }
  }

  private setInverse(topic: number): void {
    const { alpha, beta } = this.priors;
    const inverse = 1 / (this.vocabulary * beta + Math.max(0, this.totals[topic] as number));
    this.inverse[topic] = inverse;
    this.factor[topic] = (alpha + (this.inDocument[topic] as number)) * inverse;
  }

  /** Counts a document's topics. Sums begin anew, so that roundings don't pile up. */
  private enter({ topics }: DocumentTokens): void {
    const { alpha, beta } = this.priors;
    this.documentTopicCount = 0;
    for (let at = 0; at < topics.length; at++) {
      const topic = topics[at] as number;
      const count = (this.inDocument[topic] as number) + 1;
      this.inDocument[topic] = count;
      if (count === 1) this.documentTopics[this.documentTopicCount++] = topic;
    }
    this.smoothing = 0;
    for (let topic = 0; topic < this.topics; topic++) this.smoothing += alpha * beta * (this.inverse[topic] as number);
    this.ofDocument = 0;
    for (let i = 0; i < this.documentTopicCount; i++) {
      const topic = this.documentTopics[i] as number;
      const inverse = this.inverse[topic] as number;
      this.ofDocument += beta * (this.inDocument[topic] as number) * inverse;
      this.factor[topic] = (alpha + (this.inDocument[topic] as number)) * inverse;
    }
  }

  private leave(): void {
    for (let i = 0; i < this.documentTopicCount; i++) {
      const topic = this.documentTopics[i] as number;
      this.inDocument[topic] = 0;
      this.factor[topic] = this.priors.alpha * (this.inverse[topic] as number);
    }
  }

  /** Takes one token out of all counts. */
  private take(row: number, topic: number): void {
    const place = row * this.topics + topic;
    const count = (this.counts[place] as number) - 1;
    this.counts[place] = count;
    if (count === 0) this.dropWordTopic(row, topic);
    this.move(topic, -1);
    if (this.inDocument[topic] === 0) this.dropDocumentTopic(topic);
  }

  /** Puts one token into all counts. */
  private put(row: number, topic: number): void {
    const place = row * this.topics + topic;
    const count = (this.counts[place] as number) + 1;
    this.counts[place] = count;
    if (count === 1) {
      const known = this.wordTopicCounts[row] as number;
      this.wordTopics[row * this.topics + known] = topic;
      this.wordTopicCounts[row] = known + 1;
    }
    if (this.inDocument[topic] === 0) this.documentTopics[this.documentTopicCount++] = topic;
    this.move(topic, 1);
  }

  /** One token more or less in a topic: document, totals, and both masses that depend on them. */
  private move(topic: number, by: number): void {
    const { alpha, beta } = this.priors;
    const before = this.inverse[topic] as number;
    this.smoothing -= alpha * beta * before;
    this.ofDocument -= beta * (this.inDocument[topic] as number) * before;
    const count = (this.inDocument[topic] as number) + by;
    const total = (this.totals[topic] as number) + by;
    this.inDocument[topic] = count;
    this.totals[topic] = total;
    const inverse = 1 / (this.vocabulary * beta + (total > 0 ? total : 0));
    this.inverse[topic] = inverse;
    this.factor[topic] = (alpha + count) * inverse;
    this.smoothing += alpha * beta * inverse;
    this.ofDocument += beta * count * inverse;
  }

  private dropWordTopic(row: number, topic: number): void {
    const start = row * this.topics;
    const last = start + (this.wordTopicCounts[row] as number) - 1;
    for (let at = start; at <= last; at++) {
      if (this.wordTopics[at] !== topic) continue;
      this.wordTopics[at] = this.wordTopics[last] as number;
      this.wordTopicCounts[row] = last - start;
      return;
    }
  }

  private dropDocumentTopic(topic: number): void {
    for (let i = 0; i < this.documentTopicCount; i++) {
      if (this.documentTopics[i] !== topic) continue;
      this.documentTopics[i] = this.documentTopics[--this.documentTopicCount] as number;
      return;
    }
  }

  /** Mass of the word bucket; leaves each topic's share in `weights`, in the order of `wordTopics`. */
  private weighWord(row: number): number {
    const { counts, factor, wordTopics, weights } = this;
    const start = row * this.topics;
    const known = this.wordTopicCounts[row] as number;
    let sum = 0;
    for (let i = 0; i < known; i++) {
      const topic = wordTopics[start + i] as number;
      const weight = (counts[start + topic] as number) * (factor[topic] as number);
      weights[i] = weight;
      sum += weight;
    }
    return sum;
  }

  /** The topic at `point` of the three buckets laid end to end, the word's first. */
  private draw(row: number, point: number, word: number): number {
    if (point < word) return this.drawOfWord(row, point);
    let rest = point - word;
    const { beta } = this.priors;
    if (rest < this.ofDocument) {
      for (let i = 0; i < this.documentTopicCount; i++) {
        const topic = this.documentTopics[i] as number;
        rest -= beta * (this.inDocument[topic] as number) * (this.inverse[topic] as number);
        if (rest < 0) return topic;
      }
      return this.documentTopics[0] as number;
    }
    rest -= this.ofDocument;
    const share = this.priors.alpha * beta;
    for (let topic = 0; topic < this.topics; topic++) {
      rest -= share * (this.inverse[topic] as number);
      if (rest < 0) return topic;
    }
    // Roundings only: the masses were summed in another order.
    return this.topics - 1;
  }

  private drawOfWord(row: number, point: number): number {
    const start = row * this.topics;
    const last = (this.wordTopicCounts[row] as number) - 1;
    let rest = point;
    for (let i = 0; i < last; i++) {
      rest -= this.weights[i] as number;
      if (rest < 0) return this.wordTopics[start + i] as number;
    }
    return this.wordTopics[start + last] as number;
  }
}
