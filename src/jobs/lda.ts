// Topics of documents (latent Dirichlet allocation, Blei, Ng and Jordan 2003) by collapsed Gibbs sampling: a batch pulls the rows
// of its own words, and pushes whole-number changes of counts. Samplers and evaluation are in lda/.
import { z } from 'zod';
import type { DatasetMeta, DocumentsMeta } from '../data/dataset.ts';
import { barsGenerator } from '../data/generators/bars.ts';
import { UnsuitableBlock } from './errors.ts';
import type { Job } from './job.ts';
import { ROW_TOKENS, rowsPerDocument } from './lda/assignments.ts';
import { topicsCsv, topicsJson } from './lda/export.ts';
import { LdaTrainer } from './lda/lda-trainer.ts';
import { StartCounts } from './lda/start-counts.ts';
import { isStopWord } from './lda/stop-words.ts';

/** Topics are u16 in the sampler, and a row of the word table is one float for each. */
const MAX_LDA_TOPICS = 4_096;

const options = z.strictObject({
  /** Null: as many as a picture has rows and columns, else 20. */
  topics: z.number().int().min(2).max(MAX_LDA_TOPICS).nullable().default(null),
  /** Dirichlet prior of a document's mixture, per topic. Null: 1 for pictures, whose mixtures are even, else 0.1. */
  alpha: z.number().positive().max(100).nullable().default(null),
  /** Dirichlet prior of a topic's words, per word. */
  beta: z.number().positive().max(100).default(0.1),
  /** English words that say nothing of a topic. `auto`: dropped where the words were cut out of running text. */
  stopWords: z.enum(['auto', 'keep', 'drop']).default('auto'),
});

export type LdaOptions = z.infer<typeof options>;

const DEFAULT_TOPICS = 20;
const DEFAULT_ALPHA = 0.1;
/** Batches that the training documents make, so that topics follow each other's changes often; with large tables at least
 * so many: workers may even sweep over all of theirs before they hear of each other (Newman et al. 2009, "Distributed
 * algorithms for topic models"). */
const BATCHES_PER_SWEEP = 8;
const FEWEST_BATCHES_PER_SWEEP = 2;
/** Tokens of a clock for each count of the word table: exchanging the table costs less than sampling. */
const TOKENS_PER_COUNT = 2;
/** Tokens of a clock, of all workers together: about a second of one worker's time. */
const MAX_BATCH_TOKENS = 2_000_000;
const SWEEPS = 100;

/** Documents of a clock, of all workers together. */
function batchOf(topics: number, { samples, tokens, words }: DatasetMeta & DocumentsMeta): number {
  const documentsOf = (count: number) => (count * samples.train) / Math.max(1, tokens.train);
  const wanted = Math.max(samples.train / BATCHES_PER_SWEEP, documentsOf(TOKENS_PER_COUNT * words * topics));
  const most = Math.min(samples.train / FEWEST_BATCHES_PER_SWEEP, documentsOf(MAX_BATCH_TOKENS));
  return Math.max(1, Math.ceil(Math.min(wanted, most)));
}

function documents(meta: DatasetMeta): DatasetMeta & DocumentsMeta {
  if (meta.kind !== 'documents') throw new UnsuitableBlock('lda learns from documents, not from other data.');
  return meta;
}

const topicsOf = ({ topics }: LdaOptions, { picture }: DocumentsMeta): number =>
  topics ?? (picture.length > 0 ? picture.reduce((sum, size) => sum + size, 0) : DEFAULT_TOPICS);

function countedWords({ stopWords }: LdaOptions, { isText, vocabulary }: DocumentsMeta): (word: number) => boolean {
  if (stopWords === 'keep' || (stopWords === 'auto' && !isText)) return () => true;
  const isDropped = Uint8Array.from(vocabulary, (word) => (isStopWord(word) ? 1 : 0));
  return (word) => isDropped[word] !== 1;
}

function trainerOf(options: LdaOptions, meta: DatasetMeta): LdaTrainer {
  const { alpha, beta } = options;
  const isPicture = documents(meta).picture.length > 0;
  return new LdaTrainer(
    {
      topics: topicsOf(options, documents(meta)),
      alpha: alpha ?? (isPicture ? 1 : DEFAULT_ALPHA),
      beta,
      isCounted: countedWords(options, documents(meta)),
    },
    meta,
  );
}

export const lda: Job<LdaOptions> = {
  name: 'lda',
  title: 'Topics of documents',
  summary: 'Topic modelling by Gibbs sampling: what documents are about, found from their words alone.',
  dataKind: 'documents',
  options,
  measures: {
    loss: { name: 'Nats per word' },
    score: { name: 'Held-out perplexity', format: 'number', isHigherBetter: false, isLogarithm: true },
  },
  /** Counts are conserved: `tokens` is what there is, `counted` what the table says, and every word's row agrees by itself. */
  figures(options, meta, [changes = new Float32Array()]) {
    const start = new StartCounts(
      documents(meta),
      topicsOf(options, documents(meta)),
      countedWords(options, documents(meta)),
    );
    let [sum, unbalanced] = [0, 0];
    for (let at = 0; at < changes.length; at += start.topics) {
      const ofWord = changes.subarray(at, at + start.topics).reduce((total, change) => total + change, 0);
      sum += ofWord;
      if (ofWord !== 0) unbalanced++;
    }
    return { tokens: start.tokens, counted: start.tokens + sum, unbalancedWords: unbalanced };
  },
  defaults(options, meta) {
    const batch = batchOf(topicsOf(options, documents(meta)), documents(meta));
    return {
      batch,
      learningRate: 1,
      updater: { kind: 'add' },
      steps: Math.ceil((SWEEPS * meta.samples.train) / batch),
    };
  },
  tables(options, meta) {
    const { words, samples } = documents(meta);
    const topics = topicsOf(options, documents(meta));
    const rows = samples.train * rowsPerDocument(documents(meta));
    return [
      // Changes since the start, of which everybody knows the counts: see lda/start-counts.ts.
      { name: 'words', keys: words, width: topics, init: { kind: 'zeros' }, shape: [words, topics] },
      { name: 'topics', keys: 1, width: topics, init: { kind: 'zeros' }, shape: [topics] },
      { name: 'assignments', keys: rows, width: ROW_TOKENS, init: { kind: 'zeros' }, shape: [rows, ROW_TOKENS] },
    ];
  },
  generate: (seed, samples) => barsGenerator(seed, samples ?? undefined),
  createTrainer: async (options, meta) => trainerOf(options, meta),
  exports: [
    {
      name: 'Topics (CSV)',
      extension: 'csv',
      make: (options, meta, tables) => topicsCsv(trainerOf(options, meta), tables),
    },
    {
      name: 'Topics (JSON)',
      extension: 'json',
      make: (options, meta, tables) => topicsJson(trainerOf(options, meta), tables),
    },
  ],
};
