// Topics as files: the words of each, for spreadsheets and for other programs.
import { encodeCsv, encodeJson } from '../../data/csv-write.ts';
import { wordName } from '../../data/documents.ts';
import type { TopicModel } from './look.ts';
import { topRows } from './model.ts';

/** Words of each topic, the likeliest first: what is after them says little. */
const EXPORTED_WORDS = 100;

interface ExportedTopic {
  readonly topic: number;
  /** Of all tokens. */
  readonly share: number;
  readonly words: readonly { readonly word: string; readonly probability: number }[];
}

function topicsOf(trainer: TopicModel, tables: readonly Float32Array[]): ExportedTopic[] {
  const parameters = tables.map((values) => ({ keys: null, values }));
  const shares = trainer.sharesOf(parameters);
  const totals = trainer.totalsOf(parameters);
  const tokens = totals.reduce((sum, total) => sum + total, 0);
  return Array.from(totals, (total, topic) => ({
    topic: topic + 1,
    share: total / Math.max(1, tokens),
    words: topRows(shares, topic, EXPORTED_WORDS).map((row) => ({
      word: wordName(trainer.meta, row),
      probability: shares.values[row * shares.topics + topic] ?? 0,
    })),
  }));
}

/** A line for each word of each topic. */
export const topicsCsv = (trainer: TopicModel, tables: readonly Float32Array[]): Uint8Array =>
  encodeCsv([
    ['topic', 'topic share', 'rank', 'word', 'probability'],
    ...topicsOf(trainer, tables).flatMap(({ topic, share, words }) =>
      words.map(({ word, probability }, rank) => [topic, share, rank + 1, word, probability]),
    ),
  ]);

export const topicsJson = (trainer: TopicModel, tables: readonly Float32Array[]): Uint8Array =>
  encodeJson({ data: trainer.meta.isText ? 'text' : 'words', topics: topicsOf(trainer, tables) });
