// Tokens per second of the Gibbs sampler, the kernel alone, on documents of a planted model. `npx tsx bench/lda.ts [--topics 100] [--seconds 5] [--json FILE]`; one thread, so run
// as many at once as there are cores for what a machine does.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SparseSampler } from '../src/jobs/lda/sparse-sampler.ts';
import { Random } from '../src/random.ts';

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});

const VOCABULARY = 5_000;
const DOCUMENTS = 600;
const LENGTH = 200;
const PRIORS = { alpha: 0.1, beta: 0.05 };
/** Topics that a document is about, and words that a topic prefers, in the planted model. */
const DOCUMENT_TOPICS = 4;
const TOPIC_WORDS = 200;

/** Documents of a planted model: each about a few topics, each topic with words of its own, some far more frequent. */
function corpus(topics: number) {
  const random = new Random(1);
  const wordOf = (topic: number) => (topic * 47 + Math.floor(TOPIC_WORDS * random.unit() ** 3)) % VOCABULARY;
  return Array.from({ length: DOCUMENTS }, () => {
    const about = Array.from({ length: DOCUMENT_TOPICS }, () => random.below(topics));
    const rows = Uint32Array.from({ length: LENGTH }, () => wordOf(about[random.below(DOCUMENT_TOPICS)] ?? 0));
    return { rows, topics: rows.map(() => random.below(topics)) };
  });
}

function main(): void {
  const topics = Number(values.topics);
  const documents = corpus(topics);
  const counts = new Int32Array(VOCABULARY * topics);
  const totals = new Float64Array(topics);
  for (const document of documents) {
    document.rows.forEach((row, at) => {
      const topic = document.topics[at] ?? 0;
      counts[row * topics + topic] = (counts[row * topics + topic] ?? 0) + 1;
      totals[topic] = (totals[topic] ?? 0) + 1;
    });
  }
  const sampler = new SparseSampler(counts, totals, PRIORS, VOCABULARY);
  const random = new Random(2);
  const sweep = () => documents.reduce((nats, document) => nats + sampler.sample(document, random), 0);
  const first = rate(sweep, 1);
  // The first sweeps, with every word in many topics, cost the most; a run's are mostly like the later ones.
  for (let i = 0; i < 20; i++) sweep();
  const later = rate(sweep, Number(values.seconds));
  const million = (tokens: number) => `${(tokens / 1e6).toFixed(2)} M tokens/s`;
  console.log(`${topics} topics, one thread: first sweep ${million(first)}, after 20 sweeps ${million(later)}`);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ lda: { topics, firstSweep: first, tokensPerSecond: later } }, null, 2)}\n`,
    );
  }
}

/** Tokens per second over at least `seconds`, and at least one sweep. */
function rate(sweep: () => number, seconds: number): number {
  const start = performance.now();
  let sweeps = 0;
  do {
    sweep();
    sweeps++;
  } while (performance.now() - start < seconds * 1000 && seconds > 1);
  return (sweeps * DOCUMENTS * LENGTH * 1000) / (performance.now() - start);
}

main();
