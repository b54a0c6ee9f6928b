// Latent Dirichlet allocation in a trainer worker. It keeps nothing of a document: the topics of its tokens are a table on
// the servers like the counts, so whoever gets the document next goes on from there.
import type { Block, DatasetMeta, DocumentsMeta, SparseBlock } from '../../data/dataset.ts';
import { wordCount } from '../../data/documents.ts';
import type { Picks } from '../../data/sampler.ts';
import { hash32, Random } from '../../random.ts';
import { UnsuitableBlock } from '../errors.ts';
import type { Evaluation, Gradient, Prediction, ReadBlock, ReadRows, TableValues, Trainer } from '../job.ts';
import { KeyIndex } from '../key-index.ts';
import {
  assignmentKeys,
  documentOf,
  lowerBound,
  type PlacedTokens,
  ROW_TOKENS,
  readShifts,
  rowsPerDocument,
  startTokens,
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
  readonly shifts: Uint32Array;
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
    const rowOf = indexOf(words, this.meta.words);
    const seed = this.seedOf(totals);
    let [nats, tokens] = [0, 0];
    this.batches++;
    for (let at = 0; at < documents.count; at++) {
      const document = picks === null ? null : documentOf(this.meta, picks, at);
      const list = startTokens(documents, at, this.meta, this.start, rowOf);
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
    const index = indexOf(words, this.meta.words);
    const rowOf = (word: number) => (this.model.isCounted(word) ? index.position(word) : -1);
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
    const index = new KeyIndex(Math.min(indices.length, this.meta.words));
    for (let row = 0; row < count; row++) {
      const start = indptr[row] as number;
      const end = start + wordCount(documents, row, this.meta.words);
      for (let at = start; at < end; at++) {
        const word = indices[at] as number;
        if (this.model.isCounted(word)) index.add(word);
      }
    }
    return index.sorted();
  }

  private shiftsOf(document: number, list: PlacedTokens, pulled: TableValues): Uint32Array {
    const known = this.remembered.get(document);
    if (known !== undefined) return known.shifts;
    return readShifts(list, pulled, document * rowsPerDocument(this.meta), this.model.topics);
  }

  /** Writes down where sampling has left a document: for the servers, and for the next few batches. */
  private keep(
    document: number,
    list: PlacedTokens,
    before: Uint32Array,
    keys: Uint32Array,
    moved: Float32Array,
  ): void {
    const { topics } = this.model;
    const base = lowerBound(keys, document * rowsPerDocument(this.meta)) * ROW_TOKENS;
    const shifts = new Uint32Array(list.topics.length);
    for (let i = 0; i < shifts.length; i++) {
      const way = (list.topics[i] as number) - (list.starts[i] as number);
      const shift = way < 0 ? way + topics : way;
      shifts[i] = shift;
      const place = base + (list.places[i] as number);
      moved[place] = (moved[place] as number) + shift - (before[i] as number);
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
function shiftTopics(list: Uint32Array, shifts: Uint32Array, topics: number): void {
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

function indexOf({ keys }: TableValues, words: number): KeyIndex {
  return KeyIndex.of(keys ?? Uint32Array.from({ length: words }, (_, word) => word));
}
