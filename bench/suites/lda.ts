// Tokens per second of the Gibbs sampler on documents of a planted model: the kernel alone beside the textbook's sampler that
// looks at every topic for every token, and the whole job in real tabs, two workers beside one and beside the kernel. All
// are in their later sweeps, when most words are in few topics, as most of a run is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparseSampler } from '../../src/jobs/lda/sparse-sampler.ts';
import { Random } from '../../src/random.ts';
import { runCluster } from '../cluster.ts';
import { atLeast, type Benchmark, compare, cpuMs, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

const VOCABULARY = 5_000;
const LENGTH = 200;
const PRIORS = { alpha: 0.1, beta: 0.05 };
/** Topics that a document is about, and words that a topic prefers, in the planted model. */
const DOCUMENT_TOPICS = 4;
const TOPIC_WORDS = 200;
const SWEEPS_BEFORE = 20;

type Documents = { readonly rows: Uint32Array; readonly topics: Uint32Array }[];

/** Each about a few topics, each topic with words of its own, some far more frequent. */
function corpus(topics: number, documents: number): Documents {
  const random = new Random(1);
  const wordOf = (topic: number) => (topic * 47 + Math.floor(TOPIC_WORDS * random.unit() ** 3)) % VOCABULARY;
  return Array.from({ length: documents }, () => {
    const about = Array.from({ length: DOCUMENT_TOPICS }, () => random.below(topics));
    const rows = Uint32Array.from({ length: LENGTH }, () => wordOf(about[random.below(DOCUMENT_TOPICS)] ?? 0));
    return { rows, topics: rows.map(() => random.below(topics)) };
  });
}

function countsOf(documents: Documents, topics: number) {
  const counts = new Int32Array(VOCABULARY * topics);
  const totals = new Float64Array(topics);
  for (const document of documents) {
    document.rows.forEach((row, at) => {
      const topic = document.topics[at] ?? 0;
      counts[row * topics + topic] = (counts[row * topics + topic] ?? 0) + 1;
      totals[topic] = (totals[topic] ?? 0) + 1;
    });
  }
  return { counts, totals };
}

function sparse(topics: number, size: number): () => void {
  const documents = corpus(topics, size);
  const { counts, totals } = countsOf(documents, topics);
  const sampler = new SparseSampler(counts, totals, PRIORS, VOCABULARY);
  const random = new Random(2);
  return () => {
    for (const document of documents) sampler.sample(document, random);
  };
}

/** Griffiths and Steyvers 2004: (n_dk + α)(n_kw + β) / (n_k + Vβ) of each topic, then one draw. */
function textbook(topics: number, size: number): () => void {
  const documents = corpus(topics, size);
  const { counts, totals } = countsOf(documents, topics);
  const random = new Random(2);
  const sums = new Float64Array(topics);
  const own = new Int32Array(topics);
  const move = (row: number, topic: number, by: number) => {
    counts[row * topics + topic] = (counts[row * topics + topic] as number) + by;
    totals[topic] = (totals[topic] as number) + by;
    own[topic] = (own[topic] as number) + by;
  };
  const draw = (row: number): number => {
    let sum = 0;
    for (let topic = 0; topic < topics; topic++) {
      const ofWord = (counts[row * topics + topic] as number) + PRIORS.beta;
      sum +=
        (((own[topic] as number) + PRIORS.alpha) * ofWord) / ((totals[topic] as number) + VOCABULARY * PRIORS.beta);
      sums[topic] = sum;
    }
    const target = random.unit() * sum;
    let topic = 0;
    while (topic < topics - 1 && (sums[topic] as number) < target) topic++;
    return topic;
  };
  return () => {
    for (const document of documents) {
      own.fill(0);
      for (const topic of document.topics) own[topic] = (own[topic] as number) + 1;
      document.rows.forEach((row, at) => {
        move(row, document.topics[at] as number, -1);
        const topic = draw(row);
        document.topics[at] = topic;
        move(row, topic, 1);
      });
    }
  };
}

const TAB_TOPICS = 100;

/** A run in real tabs. The first third of its steps isn't counted: six sweeps of one worker, twelve of two. */
interface TabRun {
  readonly documents: number;
  /** Documents of a clock and worker. */
  readonly share: number;
  readonly steps: number;
}

/** A share as the job has it by default for one worker: twice as many tokens as its table has counts. */
const FULL: TabRun = { documents: 16_000, share: (2 * VOCABULARY * TAB_TOPICS) / LENGTH, steps: 60 };
/** Too little to judge by: so early words are in many topics yet, and the table is large beside the batch. */
const QUICK: TabRun = { documents: 2_000, share: 900, steps: 12 };

/** One document a line: how many different words, then word:times. */
function asLdaC(documents: Documents): string {
  const lines = documents.map(({ rows }) => {
    const times = new Map<number, number>();
    for (const row of rows) times.set(row, (times.get(row) ?? 0) + 1);
    return [times.size, ...[...times].sort(([a], [b]) => a - b).map(([word, count]) => `${word}:${count}`)].join(' ');
  });
  return `${lines.join('\n')}\n`;
}

/** Tokens a second of the whole job: pulls, tables, sampling, pushes, a server in a tab of its own. */
async function speedOf(path: string, workers: number, batch: number, steps: number): Promise<number> {
  const options = { topics: TAB_TOPICS, alpha: PRIORS.alpha, beta: PRIORS.beta };
  const { steadySamplesPerSecond } = await runCluster([
    ...['--job', 'lda', '--data', path, '--workers', `${workers}`, '--servers', '1', '--consistency', 'ssp:1'],
    ...['--batch', `${batch}`, '--steps', `${steps}`, '--evaluate-every', '1000000'],
    ...Object.entries(options).flatMap(([name, value]) => ['--option', `${name}=${value}`]),
  ]);
  if (steadySamplesPerSecond === null) throw new Error(`${steps} steps are too few to measure.`);
  return LENGTH * steadySamplesPerSecond;
}

/** In real tabs. A worker's share of a clock is the same for one and for two, as in bench scaling; and once the whole clock is. */
async function inTabs(isQuick: boolean): Promise<Row[]> {
  const { documents, share, steps } = isQuick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'pushpull-lda-'));
  const kernel = sparse(TAB_TOPICS, 600);
  for (let sweep = 0; sweep < SWEEPS_BEFORE; sweep++) kernel();
  const [two, one, divided, bare]: [number[], number[], number[], number[]] = [[], [], [], []];
  try {
    const path = join(folder, 'corpus.ldac');
    writeFileSync(path, asLdaC(corpus(TAB_TOPICS, documents)));
    const ways = [
      async () => two.push(await speedOf(path, 2, 2 * share, steps)),
      async () => one.push(await speedOf(path, 1, share, steps)),
      ...(isQuick ? [] : [async () => divided.push(await speedOf(path, 2, share, steps))]),
    ];
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) await way();
      bare.push((600 * LENGTH * 1000) / (await cpuMs(kernel)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const data = `${TAB_TOPICS} topics, ${documents} documents of ${LENGTH} words, ssp:1, default filters, a tab that serves`;
  const row = { unit: 'tokens/s', note: `${data}; ${share} documents a worker and clock`, ours: two };
  const rows = [
    rowOf({ ...row, what: 'lda: 2 workers beside one', reference: one, ...(!isQuick && { target: atLeast(1.7) }) }),
    rowOf({
      ...row,
      what: 'lda: 2 workers beside the kernel alone in one thread',
      reference: bare,
      target: atLeast(1.5e6, 'ours'),
    }),
  ];
  if (divided.length === 0) return rows;
  const what = 'lda: 2 workers that share one worker’s batch, beside that one';
  return [...rows, rowOf({ ...row, what, ours: divided, reference: one, note: `${data}; ${share} documents a clock` })];
}

export const benchmark: Benchmark = {
  what: 'tokens per second of the Gibbs sampler beside the textbook’s, and of the whole job in real tabs',
  async run({ isQuick }) {
    const size = isQuick ? 200 : 600;
    const comparisons = [20, 100].map((topics) => {
      const [ours, reference] = [sparse(topics, size), textbook(topics, size)];
      for (let sweep = 0; sweep < SWEEPS_BEFORE; sweep++) {
        ours();
        reference();
      }
      const speed = (sweep: () => void) => async () => (size * LENGTH * 1000) / (await cpuMs(sweep));
      return {
        what: `lda: ${topics} topics, one thread`,
        unit: 'tokens/s',
        ...{ ours: speed(ours), reference: speed(reference) },
        target: atLeast(1),
        note: `after ${SWEEPS_BEFORE} sweeps; the kernel alone`,
      };
    });
    const rows = await compare(comparisons, { warmUp: 1, rounds: isQuick ? 5 : 21 });
    return [...rows, ...(await inTabs(isQuick))];
  },
};
