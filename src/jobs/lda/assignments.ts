// The topics of a document's tokens as rows of a table: what a worker leaves behind for whoever goes on with the document.
// A value is how many topics (modulo their number) a token is past the one it started in, so zeros are the start.
import type { DocumentsMeta, SparseBlock } from '../../data/dataset.ts';
import { wordCount } from '../../data/documents.ts';
import type { Picks } from '../../data/sampler.ts';
import type { TableValues } from '../job.ts';
import type { DocumentTokens } from './sparse-sampler.ts';
import type { StartCounts } from './start-counts.ts';

/** Tokens in one row: a document of a few hundred words takes a few rows, and wastes half of one. */
export const ROW_TOKENS = 64;

/** Rows that every document has, used or not: the longest needs them. */
export const rowsPerDocument = ({ longest }: DocumentsMeta): number => Math.max(1, Math.ceil(longest / ROW_TOKENS));

/** The document's number among all training documents. */
export const documentOf = ({ blockDocuments }: DocumentsMeta, { blocks, rows }: Picks, at: number): number =>
  (blocks[at] ?? 0) * blockDocuments + (rows[at] ?? 0);

/**
 * Keys of the rows of the picked documents, ascending and unique.
 * @param isWanted by a document's number; the others' are left out
 */
export function assignmentKeys(
  meta: DocumentsMeta,
  batch: SparseBlock,
  picks: Picks | null,
  isWanted: (document: number) => boolean = () => true,
): Uint32Array {
  if (picks === null) return new Uint32Array(0);
  const keys = new Set<number>();
  for (let at = 0; at < batch.count; at++) {
    const document = documentOf(meta, picks, at);
    if (!isWanted(document)) continue;
    const first = document * rowsPerDocument(meta);
    const rows = Math.ceil(lengthOf(batch, at, meta.words) / ROW_TOKENS);
    for (let row = 0; row < rows; row++) keys.add(first + row);
  }
  return Uint32Array.from(keys).sort();
}

function lengthOf(batch: SparseBlock, row: number, words: number): number {
  const start = batch.indptr[row] ?? 0;
  const end = start + wordCount(batch, row, words);
  let length = 0;
  for (let at = start; at < end; at++) length += batch.values[at] as number;
  return length;
}

/** Tokens of one document, and where in it each stands (words that aren't counted are left out). */
export interface PlacedTokens extends DocumentTokens {
  readonly places: Uint32Array;
  /** Topic that each token started in. */
  readonly starts: Uint32Array;
}

/** One document's tokens at a time: nothing is allocated for each but views. */
export class TokenList {
  private room = 0;
  private rows = new Uint32Array(0);
  private places = new Uint32Array(0);
  private starts = new Uint32Array(0);
  private topics = new Uint32Array(0);

  constructor(
    private readonly meta: DocumentsMeta,
    private readonly start: StartCounts,
  ) {}

  /**
   * The tokens of one document, each in the topic it started in; they hold until the next document's are read.
   * @param rowOf row of every word among the counts pulled
   */
  read(batch: SparseBlock, row: number, rowOf: Int32Array): PlacedTokens {
    const { indices, values, indptr } = batch;
    const first = indptr[row] ?? 0;
    const count = wordCount(batch, row, this.meta.words);
    this.reserve(lengthOf(batch, row, this.meta.words));
    const { start, rows, places, starts, topics } = this;
    let [place, tokens] = [0, 0];
    for (let at = first; at < first + count; at++) {
      const word = indices[at] as number;
      const times = values[at] as number;
      if (start.isCounted(word)) {
        const wordRow = rowOf[word] as number;
        let topic = start.topicOf(word, values[at + count] as number);
        for (let i = 0; i < times; i++) {
          rows[tokens] = wordRow;
          places[tokens] = place + i;
          topics[tokens] = topic;
          starts[tokens++] = topic;
          // The following occurrences take the following topics in turn.
          if (++topic === start.topics) topic = 0;
        }
      }
      place += times;
    }
    const of = (list: Uint32Array) => list.subarray(0, tokens);
    return { rows: of(rows), places: of(places), starts: of(starts), topics: of(topics) };
  }

  private reserve(tokens: number): void {
    if (tokens <= this.room) return;
    this.room = 2 * tokens;
    const make = () => new Uint32Array(this.room);
    [this.rows, this.places, this.starts, this.topics] = [make(), make(), make(), make()];
  }
}

/** How far past their starts the tokens of one document are, by the rows pulled. */
export function readShifts(tokens: PlacedTokens, pulled: TableValues, first: number, topics: number): Uint16Array {
  const { keys, values } = pulled;
  const base = keys === null ? first : lowerBound(keys, first);
  const { places } = tokens;
  const shifts = new Uint16Array(places.length);
  for (let i = 0; i < shifts.length; i++) {
    // As an integer: a remainder of floats costs as much as a draw.
    const value = ((values[base * ROW_TOKENS + (places[i] as number)] as number) | 0) % topics;
    shifts[i] = value < 0 ? value + topics : value;
  }
  return shifts;
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
