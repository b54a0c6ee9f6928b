// Latent Dirichlet allocation in a trainer worker. It keeps nothing of a document: the topics of its tokens are a table on
// the servers like the counts, so whoever gets the document next goes on from there.
import type { Block, DatasetMeta, DocumentsMeta, SparseBlock } from '../../data/dataset.ts';
import { wordCount } from '../../data/documents.ts';
import type { Picks } from '../../data/sampler.ts';
import { hash32, Random } from '../../random.ts';
import { UnsuitableBlock } from '../errors.ts';
import type { Evaluation, Gradient, Prediction, ReadBlock, ReadRows, TableValues, Trainer } from '../job.ts';
import {
  assignmentKeys,
  documentOf,
  lowerBound,
  type PlacedTokens,
  ROW_TOKENS,
  readShifts,
  rowsPerDocument,
  TokenList,
} from './assignments.ts';
import { lookAtTopics } from './look.ts';
import { completion, type WordShares, wordShares } from './model.ts';
import { type Priors, SparseSampler } from './sparse-sampler.ts';
import { StartCounts } from './start-counts.ts';

/** Batches for which a document's topics are remembered here, and not pulled: while its push may still be under way (at most
 * 4 clocks unacknowledged, and the next pull sent ahead), what comes of it would be old. */
const REMEMBERED_BATCHES = 8;

export interface LdaModel extends Priors {
  readonly topics: number;
  /** Which words count at all: stop words may not. */
  readonly isCounted: (word: number) => boolean;
}

/** Tables of the model in their order. */
export const WORDS = 0;
export const TOPICS = 1;
export const ASSIGNMENTS = 2;

/** A document sampled a short while ago: how far its tokens are past their starts. */
interface Remembered {
  readonly shifts: Uint16Array;
  /** The newest batch that it was in, or whose pull left it out. */
  batch: number;
}

export class LdaTrainer implements Trainer {
  readonly device = 'JavaScript';
  readonly start: StartCounts;
  readonly meta: DatasetMeta & DocumentsMeta;
  /** Different words that count: V of the model. */
  readonly vocabulary: number;
  private readonly startTotals: Float64Array;
  private readonly tokens: TokenList;
  private readonly remembered = new Map<number, Remembered>();
  private batches = 0;

  constructor(
    readonly model: LdaModel,
    meta: DatasetMeta,
  ) {
    if (meta.kind !== 'documents') throw new UnsuitableBlock('lda learns from documents, not from other data.');
    this.meta = meta;
    this.start = new StartCounts(meta, model.topics, model.isCounted);
    this.startTotals = this.start.totals();
    this.tokens = new TokenList(meta, this.start);
    this.vocabulary = Array.from({ length: meta.words }, (_, word) => model.isCounted(word)).filter(Boolean).length;
  }

  keysOf(batch: Block, picks: Picks | null = null): readonly (Uint32Array | null)[] {
    const documents = sparse(batch);
    return [this.wordsIn(documents), null, assignmentKeys(this.meta, documents, picks, (at) => !this.remembers(at))];
  }

  /** If so, it will until the batch is computed that asks now. */
  private remembers(document: number): boolean {
    const known = this.remembered.get(document);
    if (known !== undefined) known.batch = this.batches;
    return known !== undefined;
  }

  /**
   * One sweep over the batch's documents. "Gradient" are the changes of all counts, whole numbers; the loss is the mean
   * −log p(word | all other tokens) of the batch in nats, times its documents.
   */
  async gradient(parameters: readonly TableValues[], batch: Block, picks: Picks | null = null): Promise<Gradient> {
    const documents = sparse(batch);
    const words = tableOf(parameters, WORDS);
    const assignments = tableOf(parameters, ASSIGNMENTS);
    const { topics } = this.model;
    const totals = this.totalsOf(parameters);
    const sampler = new SparseSampler(this.countsOf(words), totals, this.model, this.vocabulary);
    const movedKeys = assignmentKeys(this.meta, documents, picks);
    const moved = new Float32Array(movedKeys.length * ROW_TOKENS);
    const rowOf = rowsOf(words, this.meta.words);
    const seed = this.seedOf(totals);
    let [nats, tokens] = [0, 0];
    this.batches++;
    for (let at = 0; at < documents.count; at++) {
      const document = picks === null ? null : documentOf(this.meta, picks, at);
      const list = this.tokens.read(documents, at, rowOf);
      if (list.rows.length === 0) continue;
      const shifts = document === null ? null : this.shiftsOf(document, list, assignments);
      if (shifts !== null) shiftTopics(list.topics, shifts, topics);
      nats += sampler.sample(list, new Random(hash32(seed, document ?? at)));
      tokens += list.rows.length;
      if (document !== null && shifts !== null) this.keep(document, list, shifts, movedKeys, moved);
    }
    this.forgetOld();
    const changes = sampler.changes();
    return {
      lossSum: tokens === 0 ? 0 : (nats / tokens) * documents.count,
      tables: [
        { keys: words.keys, values: changes.counts },
        { keys: tableOf(parameters, TOPICS).keys, values: changes.totals },
        { keys: movedKeys, values: moved },
      ],
    };
  }

  /** Document completion; loss and score are the held-out nats per token, times documents (so that they add up). */
  async evaluate(parameters: readonly TableValues[], batch: Block): Promise<Evaluation> {
    const documents = sparse(batch);
    const { nats, tokens } = completion(documents, this.meta.words, this.sharesOf(parameters), this.model.alpha);
    const sum = tokens === 0 ? 0 : (nats / tokens) * documents.count;
    return { samples: documents.count, lossSum: sum, score: sum };
  }

  async predict(): Promise<Prediction> {
    throw new UnsuitableBlock('lda has no classes to predict: ask it for topics instead.');
  }

  look(request: unknown, read: ReadRows, block: ReadBlock): Promise<unknown> {
    return lookAtTopics(this, request, read, block);
  }

  dispose(): void {
    this.remembered.clear();
  }

  /** φ of the words pulled. */
  sharesOf(parameters: readonly TableValues[]): WordShares {
    const words = tableOf(parameters, WORDS);
    const values = wordShares(this.countsOf(words), this.totalsOf(parameters), this.model, this.vocabulary);
    const rows = rowsOf(words, this.meta.words);
    const rowOf = (word: number) => (this.model.isCounted(word) ? (rows[word] as number) : -1);
    return { topics: this.model.topics, values, rowOf };
  }

  /** n_wk of the rows pulled: where they started and what has changed since. */
  countsOf({ keys, values }: TableValues): Int32Array {
    const { topics } = this.model;
    // Whole numbers, so nothing is cut off. Not by the constructor: that converts one by one, by the general rule.
    const counts = new Int32Array(values.length);
    for (let i = 0; i < counts.length; i++) counts[i] = values[i] as number;
    const rows = values.length / topics;
    for (let row = 0; row < rows; row++) this.start.addTo(counts, row * topics, keys?.[row] ?? row);
    return counts;
  }

  /** n_k. */
  totalsOf(parameters: readonly TableValues[]): Float64Array {
    const { values } = tableOf(parameters, TOPICS);
    return this.startTotals.map((count, topic) => count + Math.round(values[topic] ?? 0));
  }

  private wordsIn(documents: SparseBlock): Uint32Array {
    const { indices, indptr, count } = documents;
    const isThere = new Uint8Array(this.meta.words);
    for (let row = 0; row < count; row++) {
      const start = indptr[row] as number;
      const end = start + wordCount(documents, row, this.meta.words);
      for (let at = start; at < end; at++) isThere[indices[at] as number] = 1;
    }
    const words = new Uint32Array(this.meta.words);
    let found = 0;
    for (let word = 0; word < words.length; word++) {
      if (isThere[word] === 1 && this.model.isCounted(word)) words[found++] = word;
    }
    return words.slice(0, found);
  }

  private shiftsOf(document: number, list: PlacedTokens, pulled: TableValues): Uint16Array {
    const known = this.remembered.get(document);
    if (known !== undefined) return known.shifts;
    return readShifts(list, pulled, document * rowsPerDocument(this.meta), this.model.topics);
  }

  /**
   * Writes down where sampling has left a document: for the servers, and for the next few batches.
   * @param shifts as they were; become what they are
   */
  private keep(
    document: number,
    list: PlacedTokens,
    shifts: Uint16Array,
    keys: Uint32Array,
    moved: Float32Array,
  ): void {
    const { topics } = this.model;
    const base = lowerBound(keys, document * rowsPerDocument(this.meta)) * ROW_TOKENS;
    for (let i = 0; i < shifts.length; i++) {
      const way = (list.topics[i] as number) - (list.starts[i] as number);
      const shift = way < 0 ? way + topics : way;
      const place = base + (list.places[i] as number);
      // A document may be in a batch twice, where one pass over the data ends and the next begins.
      moved[place] = (moved[place] as number) + shift - (shifts[i] as number);
      shifts[i] = shift;
    }
    this.remembered.set(document, { shifts, batch: this.batches });
  }

  private forgetOld(): void {
    for (const [document, { batch }] of this.remembered) {
      if (batch <= this.batches - REMEMBERED_BATCHES) this.remembered.delete(document);
    }
  }

  /** Random numbers follow from the counts that a clock begins with: the same run twice, the same numbers. */
  private seedOf(totals: Float64Array): number {
    return hash32(this.model.topics, ...totals);
  }
}

function sparse(block: Block): SparseBlock {
  if (block.kind !== 'sparse') throw new UnsuitableBlock('lda learns from documents, not from images or tables.');
  return block;
}

/** Moves each token as far past its start as it is; both are below `topics`. */
function shiftTopics(list: Uint32Array, shifts: Uint16Array, topics: number): void {
  for (let i = 0; i < list.length; i++) {
    const topic = (list[i] as number) + (shifts[i] as number);
    list[i] = topic < topics ? topic : topic - topics;
  }
}

export function tableOf(parameters: readonly TableValues[], table: number): TableValues {
  const found = parameters[table];
  if (found === undefined) throw new UnsuitableBlock('lda has three tables, and fewer were given.');
  return found;
}

/** Row of every word among those pulled; −1 of the others. */
function rowsOf({ keys }: TableValues, words: number): Int32Array {
  if (keys === null) return Int32Array.from({ length: words }, (_, word) => word);
  const rows = new Int32Array(words).fill(-1);
  for (let row = 0; row < keys.length; row++) rows[keys[row] as number] = row;
  return rows;
}
