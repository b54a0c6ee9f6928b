// Documents whose words are words: numbered while they are read, in the order in which they appear, and at the end anew by how
// often they stand in the training documents.
import { BadRowCount } from './bad-rows.ts';
import { BadDataFile } from './data-file.ts';
import { type CountedDocument, countWords } from './documents.ts';
import { datasetName, emitAll, type Loaded } from './file-format.ts';
import { MAX_DISTINCT_WORDS, MAX_VOCABULARY } from './limits.ts';
import type { Asking, ByteSink, Emit, FileHead } from './reading.ts';
import { type CorpusSettings, corpusDataset, TokenCount } from './text-lines.ts';

/** The words seen so far. */
export class WordNumbers {
  private readonly numbers = new Map<string, number>();
  private readonly counts: number[] = [];
  private tokens: TokenCount;
  private isClosed = false;

  constructor(private readonly file: string) {
    this.tokens = new TokenCount(file);
  }

  /** The training documents have been read: other words are left out from now on. */
  close(): void {
    this.isClosed = true;
    this.tokens = new TokenCount(this.file);
  }

  /** Null for a document without words. @throws BadDataFile where there are too many words */
  document(words: readonly string[]): CountedDocument | null {
    if (words.length === 0) return null;
    this.tokens.add(words.length);
    const known = this.isClosed ? words.filter((word) => this.numbers.has(word)) : words;
    return countWords(known.map((word) => this.numberOf(word)));
  }

  private numberOf(word: string): number {
    const known = this.numbers.get(word) ?? this.numbers.size;
    if (!this.isClosed) this.counts[known] = (this.counts[known] ?? 0) + 1;
    if (known < this.numbers.size) return known;
    if (known >= MAX_DISTINCT_WORDS) {
      const sentence = `over ${MAX_DISTINCT_WORDS} different words: no more can be told apart; use a part of it`;
      throw new BadDataFile(this.file, 'too-large', sentence);
    }
    this.numbers.set(word, known);
    return known;
  }

  /** The most frequent words, at most MAX_VOCABULARY, in alphabetical order where equally frequent; and each one's place. */
  vocabulary(): { readonly words: readonly string[]; readonly placeOf: Int32Array } {
    const sorted = [...this.numbers]
      .sort(([a, x], [b, y]) => (this.counts[y] ?? 0) - (this.counts[x] ?? 0) || (a < b ? -1 : 1))
      .slice(0, MAX_VOCABULARY);
    const placeOf = new Int32Array(this.numbers.size).fill(-1);
    sorted.forEach(([, number], place) => {
      placeOf[number] = place;
    });
    return { words: sorted.map(([word]) => word), placeOf };
  }
}

/** A document with its words' places in the vocabulary; those that have none are left out. */
function placed({ words, times }: CountedDocument, placeOf: Int32Array): CountedDocument {
  const order = Array.from(words.keys()).filter((at) => (placeOf[words[at] as number] ?? -1) >= 0);
  const place = (at: number) => placeOf[words[at] as number] as number;
  order.sort((a, b) => place(a) - place(b));
  return { words: Uint32Array.from(order, place), times: Uint32Array.from(order, (at) => times[at] as number) };
}

/** Reads one file, and hands out its documents with the words' numbers. */
export type OpenDocuments = (
  file: FileHead,
  badRows: BadRowCount,
  onDocument: (document: CountedDocument) => void,
) => ByteSink;

/**
 * A dataset of documents with words.
 * @param isText its words were found in lines of text
 * @throws BadDataFile, BadRows
 */
export function* wordCorpus(
  named: { readonly train: FileHead; readonly test: FileHead | null },
  words: WordNumbers,
  open: OpenDocuments,
  isText: boolean,
  { seed, skipBadRows, isStream = false }: CorpusSettings,
  emit: Emit,
): Asking<Loaded> {
  let skippedRows = 0;
  function* read(file: FileHead): Asking<CountedDocument[]> {
    const badRows = new BadRowCount(file.name, skipBadRows);
    const documents: CountedDocument[] = [];
    yield { file, into: open(file, badRows, (document) => documents.push(document)), doing: 'Reading' };
    badRows.finish();
    if (documents.length === 0) throw new BadDataFile(file.name, 'empty', 'the file has no words');
    skippedRows += badRows.rows;
    return documents;
  }
  const train = yield* read(named.train);
  words.close();
  const test = named.test === null ? null : yield* read(named.test);
  const { words: vocabulary, placeOf } = words.vocabulary();
  const all = (documents: readonly CountedDocument[]) => documents.map((document) => placed(document, placeOf));
  const what = { name: datasetName(named.train.name), words: vocabulary.length, vocabulary, isText, picture: [] };
  const loaded = corpusDataset(what, all(train), test && all(test), isStream ? null : seed);
  return { ...emitAll(loaded, emit), skippedRows };
}
