import { describe, expect, test } from 'vitest';
import { Random } from '../../random.ts';
import { SparseSampler } from './sparse-sampler.ts';

const TOPICS = 4;
const WORDS = 5;
const PRIORS = { alpha: 0.3, beta: 0.07 };

/** A small corpus of tokens in random topics, and its counts. */
function corpus(seed: number) {
  const random = new Random(seed);
  const documents = Array.from({ length: 6 }, () => {
    const rows = Uint32Array.from({ length: 12 }, () => random.below(WORDS));
    return { rows, topics: rows.map(() => random.below(TOPICS)) };
  });
  return { documents, ...count(documents) };
}

function count(documents: readonly { rows: Uint32Array; topics: Uint32Array }[]) {
  const counts = new Int32Array(WORDS * TOPICS);
  const totals = new Float64Array(TOPICS);
  for (const { rows, topics } of documents) {
    rows.forEach((row, at) => {
      const topic = topics[at] ?? 0;
      counts[row * TOPICS + topic] = (counts[row * TOPICS + topic] ?? 0) + 1;
      totals[topic] = (totals[topic] ?? 0) + 1;
    });
  }
  return { counts, totals };
}

/** The full conditional of one token, from its definition: (α + n_dk)(β + n_wk) / (Vβ + n_k), all without the token. */
function conditional(
  counts: Int32Array,
  totals: Float64Array,
  row: number,
  old: number,
  inDocument: readonly number[],
) {
  const weights = Array.from({ length: TOPICS }, (_, topic) => {
    const own = topic === old ? 1 : 0;
    const word = (counts[row * TOPICS + topic] ?? 0) - own;
    const document = (inDocument[topic] ?? 0) - own;
    return ((PRIORS.alpha + document) * (PRIORS.beta + word)) / (WORDS * PRIORS.beta + (totals[topic] ?? 0) - own);
  });
  return { weights, mass: weights.reduce((sum, weight) => sum + weight, 0) };
}

describe('the sparse sampler', () => {
  test('draws a token from its full conditional', () => {
    const { documents, counts, totals } = corpus(1);
    const [document] = documents;
    if (document === undefined) throw new Error('no document');
    const inDocument = Array.from(
      { length: TOPICS },
      (_, topic) => document.topics.filter((at) => at === topic).length,
    );
    const [row = 0, old = 0] = [document.rows[0], document.topics[0]];
    const { weights, mass } = conditional(counts, totals, row, old, inDocument);
    const draws = 20_000;
    const seen = new Float64Array(TOPICS);
    for (let draw = 0; draw < draws; draw++) {
      const sampler = new SparseSampler(counts.slice(), totals.slice(), PRIORS, WORDS);
      const copy = { rows: document.rows, topics: document.topics.slice() };
      sampler.sample(copy, new Random(draw));
      seen[copy.topics[0] ?? 0] = (seen[copy.topics[0] ?? 0] ?? 0) + 1;
    }
    // χ² with 3 degrees of freedom is below 16.3 in 999 of 1,000 cases.
    const chi = weights.reduce((sum, weight, topic) => {
      const expected = (draws * weight) / mass;
      return sum + ((seen[topic] ?? 0) - expected) ** 2 / expected;
    }, 0);
    expect(chi).toBeLessThan(16.3);
  });

  test('its loss is −log of the conditional mass over what the document could be', () => {
    const { counts, totals } = count([{ rows: Uint32Array.of(2, 3), topics: Uint32Array.of(1, 0) }]);
    const document = { rows: Uint32Array.of(2), topics: Uint32Array.of(1) };
    const loss = new SparseSampler(counts, totals, PRIORS, WORDS).sample(document, new Random(1));
    // One token alone: every topic weighs α, and only topic 0 has another word in it.
    const empty = 1 / WORDS;
    const other = PRIORS.beta / (WORDS * PRIORS.beta + 1);
    expect(loss).toBeCloseTo(-Math.log((3 * empty + other) / TOPICS), 10);
  });

  test('after many sweeps its counts are those of the topics it left, and its changes the difference', () => {
    const { documents, counts, totals } = corpus(2);
    const [oldCounts, oldTotals] = [counts.slice(), totals.slice()];
    const sampler = new SparseSampler(counts, totals, PRIORS, WORDS);
    const random = new Random(3);
    for (let sweep = 0; sweep < 30; sweep++) for (const document of documents) sampler.sample(document, random);
    const now = count(documents);
    expect(counts).toEqual(now.counts);
    expect(totals).toEqual(now.totals);
    const changes = sampler.changes();
    expect(Array.from(changes.counts)).toEqual(Array.from(now.counts, (value, at) => value - (oldCounts[at] ?? 0)));
    expect(Array.from(changes.totals)).toEqual(Array.from(now.totals, (value, at) => value - (oldTotals[at] ?? 0)));
    for (let row = 0; row < WORDS; row++) {
      const change = changes.counts.subarray(row * TOPICS, (row + 1) * TOPICS).reduce((sum, value) => sum + value, 0);
      expect(change).toBe(0);
    }
  });

  test('counts that others have taken below zero weigh nothing, and every token stays one token', () => {
    const { documents, counts, totals } = corpus(4);
    counts.fill(-1, 0, 2 * TOPICS);
    totals[0] = -3;
    const before = counts.reduce((sum, value) => sum + value, 0);
    const sampler = new SparseSampler(counts, totals, PRIORS, WORDS);
    let loss = 0;
    for (const document of documents) loss += sampler.sample(document, new Random(5));
    expect(loss).not.toBeNaN();
    expect(counts.reduce((sum, value) => sum + value, 0)).toBe(before);
    for (const { topics } of documents) expect(topics.every((topic) => topic < TOPICS)).toBe(true);
  });
});
