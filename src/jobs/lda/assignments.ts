// The topics of a document's tokens as rows of a table: what a worker leaves behind for whoever goes on with the document.
// A value is how many topics (modulo their number) a token is past the one it started in, so zeros are the start.
import type { DocumentsMeta, SparseBlock } from '../../data/dataset.ts';
import { wordsOf } from '../../data/documents.ts';
import type { Picks } from '../../data/sampler.ts';
import type { TableValues } from '../job.ts';
import type { KeyIndex } from '../key-index.ts';
import type { DocumentTokens } from './sparse-sampler.ts';
import type { StartCounts } from './start-counts.ts';

/** Tokens in one row: a document of a few hundred words takes a few rows, and wastes half of one. */
export const ROW_TOKENS = 64;

/** Rows that every document has, used or not: the longest needs them. */
export const rowsPerDocument = ({ longest }: DocumentsMeta): number => Math.max(1, Math.ceil(longest / ROW_TOKENS));

/** The document's number among all training documents. */
export const documentOf = ({ blockDocuments }: DocumentsMeta, { blocks, rows }: Picks, at: number): number =>
  (blocks[at] ?? 0) * blockDocuments + (rows[at] ?? 0);

/** Keys of the rows of the picked documents, ascending and unique. */
export function assignmentKeys(meta: DocumentsMeta, batch: SparseBlock, picks: Picks | null): Uint32Array {
  if (picks === null) return new Uint32Array(0);
  const keys = new Set<number>();
  for (let at = 0; at < batch.count; at++) {
    const first = documentOf(meta, picks, at) * rowsPerDocument(meta);
    const rows = Math.ceil(lengthOf(batch, at, meta.words) / ROW_TOKENS);
    for (let row = 0; row < rows; row++) keys.add(first + row);
  }
  return Uint32Array.from(keys).sort();
}

function lengthOf(batch: SparseBlock, row: number, words: number): number {
  let length = 0;
  for (const { times } of wordsOf(batch, row, words)) length += times;
  return length;
}

/** Tokens of one document, and where in it each stands (words that aren't counted are left out). */
export interface PlacedTokens extends DocumentTokens {
  readonly places: Uint32Array;
  /** Topic that each token started in. */
  readonly starts: Uint32Array;
}

/** The tokens of one document, each in the topic it started in. @param rowOf row of a word among the counts pulled */
export function startTokens(
  batch: SparseBlock,
  row: number,
  meta: DocumentsMeta,
  start: StartCounts,
  rowOf: KeyIndex,
): PlacedTokens {
  const [rows, places, starts]: [number[], number[], number[]] = [[], [], []];
  let place = 0;
  for (const { word, times, before } of wordsOf(batch, row, meta.words)) {
    if (start.isCounted(word)) {
      const wordRow = rowOf.position(word);
      for (let i = 0; i < times; i++) {
        rows.push(wordRow);
        places.push(place + i);
        starts.push(start.topicOf(word, before + i));
      }
    }
    place += times;
  }
  return {
    rows: Uint32Array.from(rows),
    places: Uint32Array.from(places),
    starts: Uint32Array.from(starts),
    topics: Uint32Array.from(starts),
  };
}

/** How far past their starts the tokens of one document are, by the rows pulled. */
export function readShifts(tokens: PlacedTokens, pulled: TableValues, first: number, topics: number): Uint32Array {
  const { keys, values } = pulled;
  const base = keys === null ? first : lowerBound(keys, first);
  return tokens.places.map((place) => {
    const value = Math.round(values[base * ROW_TOKENS + place] ?? 0) % topics;
    return value < 0 ? value + topics : value;
  });
}

/** Place of the first key that is not below `key`. */
export function lowerBound(keys: Uint32Array, key: number): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
