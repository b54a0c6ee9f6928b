// Where every occurrence of a word starts: a topic that follows from the word and the occurrence's number alone. So everybody
// knows, without asking, both where a token that nobody has sampled yet is, and what all tokens together count at the start;
// the servers' tables hold what has changed since, and begin with zeros.
import type { DocumentsMeta } from '../../data/dataset.ts';
import { hash32 } from '../../random.ts';

/** Keeps words apart: the first occurrences of different words start in different topics. */
const WORD_SEED = 0x1da;

export class StartCounts {
  /** Topic of each word's occurrence 0; the following ones take the following topics in turn. */
  private readonly first: Uint32Array;

  /** @param isCounted words left out (stop words) have no occurrences */
  constructor(
    private readonly meta: DocumentsMeta,
    readonly topics: number,
    readonly isCounted: (word: number) => boolean,
  ) {
    this.first = Uint32Array.from({ length: meta.words }, (_, word) => hash32(WORD_SEED, word) % topics);
  }

  /** Topic at which occurrence `number` of `word` starts. */
  topicOf(word: number, number: number): number {
    return ((this.first[word] as number) + number) % this.topics;
  }

  /** Adds the starting counts of `word` over the topics to `counts[at …]`. One kind of array only: this is done for all counts of
   * every clock, and a loop over two kinds takes ten times as long. */
  addTo(counts: Int32Array, at: number, word: number): void {
    if (!this.isCounted(word)) return;
    const { topics } = this;
    const total = this.meta.totals[word] ?? 0;
    const each = Math.floor(total / topics);
    const rest = total % topics;
    if (each > 0) for (let place = at; place < at + topics; place++) counts[place] = (counts[place] as number) + each;
    let topic = this.topicOf(word, 0);
    for (let number = 0; number < rest; number++) {
      counts[at + topic] = (counts[at + topic] as number) + 1;
      if (++topic === topics) topic = 0;
    }
  }

  /** Starting counts of all words together, per topic. */
  totals(): Float64Array {
    const totals = new Float64Array(this.topics);
    const ofWord = new Int32Array(this.topics);
    for (let word = 0; word < this.meta.words; word++) {
      this.addTo(ofWord.fill(0), 0, word);
      for (let topic = 0; topic < totals.length; topic++)
        totals[topic] = (totals[topic] as number) + (ofWord[topic] as number);
    }
    return totals;
  }

  /** Tokens that are counted at all. */
  get tokens(): number {
    return this.meta.totals.reduce((sum, total, word) => sum + (this.isCounted(word) ? total : 0), 0);
  }
}
