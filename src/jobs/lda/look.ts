// What the page may ask of live topics: their words (or pictures), how coherent they are, and what a text is about.
import { z } from 'zod';
import type { DatasetMeta, DocumentsMeta } from '../../data/dataset.ts';
import { wordName, wordsOf } from '../../data/documents.ts';
import { wordsIn } from '../../data/text-documents.ts';
import type { ReadBlock, ReadRows, TableValues } from '../job.ts';
import { mixtureOf, type RowTimes, topRows, umassCoherence, type WordShares } from './model.ts';

/** Documents that coherence looks at: a sample is enough, and a look must not take long. */
const COHERENCE_DOCUMENTS = 1_000;
/** Top words that coherence is measured on: the number that Mimno et al. use. */
const COHERENCE_WORDS = 10;
/** Characters of a text to look at. */
const MAX_TEXT = 20_000;

const requestSchema = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('topics'), words: z.int().min(1).max(65_536), withCoherence: z.boolean() }),
  z.object({ ask: z.literal('text'), text: z.string().max(MAX_TEXT) }),
]);

export interface TopicAnswer {
  /** Share of all tokens. */
  readonly share: number;
  readonly words: readonly { readonly name: string; readonly share: number }[];
  /** UMass; null where it wasn't asked for. */
  readonly coherence: number | null;
  /** Share of each word among the largest's, 0–255, where words are pixels; else empty. */
  readonly pixels: Uint8Array;
}

export interface TopicsAnswer {
  readonly topics: readonly TopicAnswer[];
  /** [height, width] of the pictures; empty where words are words. */
  readonly picture: readonly number[];
  /** Tokens of a training document on the average: turns documents per second into tokens per second. */
  readonly tokensPerDocument: number;
}

export interface TextAnswer {
  /** Mixture of the text over the topics. */
  readonly mixture: Float64Array;
  /** Words of the text that the model knows. */
  readonly known: number;
}

/** What an answer needs of the trainer. */
export interface TopicModel {
  readonly meta: DatasetMeta & DocumentsMeta;
  readonly model: { readonly alpha: number; readonly isCounted: (word: number) => boolean };
  /** φ of the words pulled. */
  sharesOf(parameters: readonly TableValues[]): WordShares;
  /** n_k. */
  totalsOf(parameters: readonly TableValues[]): Float64Array;
}

/** @throws ZodError for a request that the page doesn't send */
export async function lookAtTopics(
  trainer: TopicModel,
  request: unknown,
  read: ReadRows,
  block: ReadBlock,
): Promise<TopicsAnswer | TextAnswer> {
  const wanted = requestSchema.parse(request);
  return wanted.ask === 'text'
    ? lookAtText(trainer, wanted.text, read)
    : topicsNow(trainer, wanted.words, wanted.withCoherence, read, block);
}

async function topicsNow(
  trainer: TopicModel,
  most: number,
  withCoherence: boolean,
  read: ReadRows,
  block: ReadBlock,
): Promise<TopicsAnswer> {
  const { meta } = trainer;
  const parameters = await read([null, null, new Uint32Array(0)]);
  const shares = trainer.sharesOf(parameters);
  const totals = trainer.totalsOf(parameters);
  const tokens = totals.reduce((sum, total) => sum + total, 0);
  const tops = Array.from(totals, (_, topic) => topRows(shares, topic, Math.max(most, COHERENCE_WORDS)));
  const coherences = withCoherence ? await coherencesOf(trainer, tops, block) : null;
  const topics = tops.map((rows, topic) => ({
    share: (totals[topic] ?? 0) / Math.max(1, tokens),
    words: rows.slice(0, most).map((row) => ({ name: wordName(meta, row), share: shareOf(shares, row, topic) })),
    coherence: coherences?.[topic] ?? null,
    pixels: pixelsOf(meta, shares, topic),
  }));
  return { topics, picture: meta.picture, tokensPerDocument: tokens / Math.max(1, meta.samples.train) };
}

const shareOf = ({ topics, values }: WordShares, row: number, topic: number): number =>
  values[row * topics + topic] ?? 0;

function pixelsOf({ picture, words }: DocumentsMeta, shares: WordShares, topic: number): Uint8Array {
  if (picture.length === 0) return new Uint8Array(0);
  const row = Float64Array.from({ length: words }, (_, word) => shareOf(shares, word, topic));
  const most = Math.max(...row);
  return Uint8Array.from(row, (share) => Math.round((255 * share) / most));
}

async function coherencesOf(trainer: TopicModel, tops: readonly number[][], block: ReadBlock): Promise<number[]> {
  const { meta } = trainer;
  const lists = tops.map((rows) => rows.slice(0, COHERENCE_WORDS));
  const wanted = new Set(lists.flat());
  const documents: Set<number>[] = [];
  const blocks = Math.ceil(meta.samples.train / meta.blockDocuments);
  for (let index = 0; index < blocks && documents.length < COHERENCE_DOCUMENTS; index++) {
    const rows = await block('train', index);
    if (rows.kind !== 'sparse') continue;
    for (let row = 0; row < rows.count; row++) {
      const here = new Set<number>();
      for (const { word } of wordsOf(rows, row, meta.words)) if (wanted.has(word)) here.add(word);
      documents.push(here);
    }
  }
  return lists.map((list) => umassCoherence(list, documents));
}

async function lookAtText(trainer: TopicModel, text: string, read: ReadRows): Promise<TextAnswer> {
  const { meta, model } = trainer;
  const counts = new Map<number, number>();
  for (const name of wordsIn(text)) {
    const word = meta.vocabulary.indexOf(name);
    if (word >= 0 && model.isCounted(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const keys = Uint32Array.from(counts.keys()).sort();
  const shares = trainer.sharesOf(await read([keys, null, new Uint32Array(0)]));
  const words: RowTimes[] = Array.from(keys, (word, row) => ({ row, times: counts.get(word) ?? 0 }));
  return { mixture: mixtureOf(words, shares, model.alpha), known: words.reduce((sum, { times }) => sum + times, 0) };
}
