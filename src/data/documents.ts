// Documents as bags of words: what a row says, and from counted documents to a dataset with numbered occurrences.
import { BadDataFile } from './data-file.ts';
import type { DatasetMeta, DocumentsMeta, SparseBlock, Split } from './dataset.ts';
import type { LoadedDataset } from './file-format.ts';
import { BLOCK_SAMPLES, DOCUMENT_BLOCKS, MAX_TOKENS } from './limits.ts';
import { cutBlocks } from './rows.ts';

/** One document: its different words, ascending, and how often each stands in it. */
export interface CountedDocument {
  readonly words: Uint32Array;
  readonly times: Uint32Array;
}

export interface Corpus {
  readonly name: string;
  /** Size of the vocabulary. */
  readonly words: number;
  /** Its words; empty where they are only numbers. */
  readonly vocabulary: readonly string[];
  readonly isText: boolean;
  readonly picture: readonly number[];
  readonly documents: Readonly<Record<Split, readonly CountedDocument[]>>;
}

/** Documents in each training block: few enough that there are blocks for many workers. */
export const blockDocumentsOf = (documents: number): number =>
  Math.min(BLOCK_SAMPLES, Math.max(1, Math.ceil(documents / DOCUMENT_BLOCKS)));

/**
 * How many different words a row has: they stand first in it, in a training row followed by as many numbers of occurrences,
 * one for each word in the same order (`indices` from `words` on).
 */
export function wordCount({ indptr, indices }: SparseBlock, row: number, words: number): number {
  const entries = (indptr[row + 1] ?? 0) - (indptr[row] ?? 0);
  const hasOrdinals = entries > 0 && (indices[(indptr[row + 1] ?? 0) - 1] ?? 0) >= words;
  return hasOrdinals ? entries / 2 : entries;
}

/** The words of one row, in order. `before` is how often each stands in the training documents before this one. */
export function* wordsOf(
  block: SparseBlock,
  row: number,
  words: number,
): Generator<{ word: number; times: number; before: number }> {
  const start = block.indptr[row] ?? 0;
  const end = block.indptr[row + 1] ?? 0;
  const count = wordCount(block, row, words);
  const ordinals = start + count;
  for (let i = 0; i < count; i++) {
    const at = ordinals + i;
    const before = at < end ? (block.values[at] ?? 0) : 0;
    yield { word: block.indices[start + i] ?? 0, times: block.values[start + i] ?? 0, before };
  }
}

/** What a word is called. */
export const wordName = ({ vocabulary }: Pick<DocumentsMeta, 'vocabulary'>, word: number): string =>
  vocabulary[word] ?? `item ${word}`;

/** Meta and blocks of a corpus. @throws BadDataFile where it has more words than can be counted exactly */
export function documentsDataset(corpus: Corpus): LoadedDataset {
  const { name } = corpus;
  const { meta, train, test } = numberOccurrences(corpus);
  if (meta.tokens.train > MAX_TOKENS) {
    const sentence = `${meta.tokens.train} words; at most ${MAX_TOKENS} can be counted exactly: use fewer documents`;
    throw new BadDataFile(name, 'too-large', sentence);
  }
  // One test block is as good as many: documents are few, and an evaluation reads most words anyway.
  return { meta, blocks: { train: cutBlocks(train, meta.blockDocuments), test: cutBlocks(test) } };
}

/** Meta and rows: every occurrence of a word in the training documents gets its number here. */
export function numberOccurrences(
  corpus: Corpus,
): { meta: DatasetMeta & DocumentsMeta } & Readonly<Record<Split, SparseBlock>> {
  const { name, words, vocabulary, isText, picture, documents } = corpus;
  const totals = new Float64Array(words);
  const train = rowsOf(documents.train, words, totals);
  const meta = {
    kind: 'documents' as const,
    name,
    samples: { train: documents.train.length, test: documents.test.length },
    features: 2 * words,
    words,
    vocabulary: [...vocabulary],
    totals: Array.from(totals),
    tokens: { train: tokensIn(documents.train), test: tokensIn(documents.test) },
    longest: documents.train.reduce((most, document) => Math.max(most, lengthOf(document)), 0),
    blockDocuments: blockDocumentsOf(documents.train.length),
    isText,
    picture: [...picture],
  };
  return { meta, train, test: rowsOf(documents.test, words, null) };
}

const lengthOf = ({ times }: CountedDocument): number => times.reduce((sum, count) => sum + count, 0);
const tokensIn = (documents: readonly CountedDocument[]): number =>
  documents.reduce((sum, document) => sum + lengthOf(document), 0);

/** @param totals counts on from what was there; without it the occurrences get no numbers */
function rowsOf(documents: readonly CountedDocument[], words: number, totals: Float64Array | null): SparseBlock {
  const count = documents.length;
  const indptr = new Uint32Array(count + 1);
  documents.forEach((document, row) => {
    indptr[row + 1] = (indptr[row] ?? 0) + document.words.length * (totals === null ? 1 : 2);
  });
  const indices = new Uint32Array(indptr[count] ?? 0);
  const values = new Float32Array(indices.length);
  documents.forEach((document, row) => {
    const at = indptr[row] ?? 0;
    indices.set(document.words, at);
    values.set(document.times, at);
    if (totals === null) return;
    const ordinals = at + document.words.length;
    document.words.forEach((word, i) => {
      indices[ordinals + i] = words + word;
      values[ordinals + i] = totals[word] ?? 0;
      totals[word] = (totals[word] ?? 0) + (document.times[i] ?? 0);
    });
  });
  return { kind: 'sparse', count, indptr, indices, values, y: new Uint32Array(count) };
}

/** Counts the words of one document. */
export function countWords(tokens: Iterable<number>): CountedDocument {
  const counts = new Map<number, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const words = Uint32Array.from(counts.keys()).sort();
  return { words, times: words.map((word) => counts.get(word) ?? 0) };
}
