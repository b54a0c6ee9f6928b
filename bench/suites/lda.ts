// Tokens per second of the Gibbs sampler on documents of a planted model: the kernel alone beside the textbook's sampler that
// looks at every topic for every token, and the whole job in real tabs, two workers beside one and beside the kernel. All
// are in their later sweeps, when most words are in few topics, as most of a run is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparseSampler } from '../../src/jobs/lda/sparse-sampler.ts';
import { Random } from '../../src/random.ts';
import { atLeast, type Benchmark, compare, cpuMs, rowOf } from '../harness.ts';
import { LiveRoom } from '../live-room.ts';
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

/** Documents of the run in real tabs, and how long it goes on before it is looked at. */
const TAB_DOCUMENTS = 16_000;
const TAB_TOPICS = 100;
/** What the job makes of so many: twice as many tokens as its table has counts. */
const TAB_BATCH = (2 * VOCABULARY * TAB_TOPICS) / LENGTH;
const TAB_SWEEPS_BEFORE = 5;

/** One document a line: how many different words, then word:times. */
function asLdaC(documents: Documents): string {
  const lines = documents.map(({ rows }) => {
    const times = new Map<number, number>();
    for (const row of rows) times.set(row, (times.get(row) ?? 0) + 1);
    return [times.size, ...[...times].sort(([a], [b]) => a - b).map(([word, count]) => `${word}:${count}`)].join(' ');
  });
  return `${lines.join('\n')}\n`;
}

/** The whole job: pulls, tables, sampling, pushes, servers. One room, in turn one tab that works beside one that serves, and two that do both. */
async function inTabs(isQuick: boolean): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pushpull-lda-'));
  const room = await LiveRoom.open(2);
  const [one, two] = [
    { workers: 1, servers: 1 },
    { workers: 2, servers: 2 },
  ];
  const kernel = sparse(TAB_TOPICS, 600);
  for (let sweep = 0; sweep < TAB_SWEEPS_BEFORE; sweep++) kernel();
  const [ours, alone, bare]: number[][] = [[], [], []];
  try {
    const path = join(folder, 'corpus.ldac');
    writeFileSync(path, asLdaC(corpus(TAB_TOPICS, TAB_DOCUMENTS)));
    await room.start(two, {
      ...{ job: 'lda', files: [path], options: { topics: TAB_TOPICS, alpha: PRIORS.alpha, beta: PRIORS.beta } },
      ...{ consistency: { kind: 'ssp', delay: 1 }, filters: { kind: 'auto' }, batch: TAB_BATCH },
    });
    await room.metricsWhen(({ samples }) => samples > TAB_SWEEPS_BEFORE * TAB_DOCUMENTS);
    for (let round = 0; round < (isQuick ? 1 : 7); round++) {
      for (const ratio of round % 2 === 0 ? [two, one] : [one, two]) {
        await room.setRatio(ratio);
        // Until the tables have moved to their new places.
        await room.rateOver(3 * TAB_BATCH, 3);
        const rate = await room.rateOver(6 * TAB_BATCH, isQuick ? 3 : 6);
        (ratio === two ? ours : alone)?.push(LENGTH * rate);
      }
      bare?.push((600 * LENGTH * 1000) / (await cpuMs(kernel)));
    }
  } finally {
    await room.close();
    rmSync(folder, { recursive: true });
  }
  const note = `${TAB_TOPICS} topics, ${TAB_DOCUMENTS} documents of ${LENGTH} words, ${TAB_BATCH} a clock, ssp:1, default filters`;
  const row = { unit: 'tokens/s', note, ours: ours ?? [] };
  return [
    rowOf({
      ...row,
      what: 'lda: two tabs that work and serve, beside one that works for one that serves',
      reference: alone ?? [],
      target: atLeast(1.7),
    }),
    rowOf({
      ...row,
      what: 'lda: two tabs that work and serve, beside the kernel alone in one thread',
      reference: bare ?? [],
      target: atLeast(1.5e6, 'ours'),
    }),
  ];
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
