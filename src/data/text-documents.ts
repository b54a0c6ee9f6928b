// Plain text as documents: one a line, cut into words. The vocabulary comes from the training documents.
import { BadDataFile } from './data-file.ts';
import { type CountedDocument, countWords } from './documents.ts';
import { bySplit, datasetName, type FileFormat, type LoadedDataset, type NamedFile } from './file-format.ts';
import { MAX_TOKENS, MAX_VOCABULARY } from './limits.ts';
import { clipWord, corpusDataset, firstLines, linesOf } from './text-lines.ts';

/** Letters and digits of any script, with apostrophes inside: "don't" is one word. */
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;

/** Lines looked at to tell text from what isn't. */
const SNIFF_LINES = 100;

/** The words of a text, in lower case. */
export const wordsIn = (text: string): string[] => (text.toLowerCase().match(WORD) ?? []).map(clipWord);

export const textDocuments: FileFormat = {
  name: 'plain text (a document a line)',
  kind: 'documents',
  isDistinctive: false,
  detect: (files) => files.length <= 2 && files.some(hasLines) && files.every((file) => firstLines(file, 1) !== null),
  load: loadText,
};

/** Two documents are the least that can be learnt from and tested on; fewer lines are something else. */
const hasLines = (file: NamedFile): boolean =>
  (firstLines(file, SNIFF_LINES) ?? []).filter((line) => line.trim() !== '').length >= 2;

/** @throws BadDataFile */
function loadText(files: readonly NamedFile[], seed: number): LoadedDataset {
  const named = bySplit(files, 'plain text');
  const train = tokenised(named.train);
  const test = named.test === null ? null : tokenised(named.test);
  const vocabulary = vocabularyOf(train);
  const numbers = new Map(vocabulary.map((word, number) => [word, number]));
  const numbered = (documents: readonly string[][]) => documents.map((words) => numberWords(words, numbers));
  const what = { name: datasetName(named.train.name), words: vocabulary.length, vocabulary, isText: true, picture: [] };
  return corpusDataset(what, numbered(train), test === null ? null : numbered(test), seed);
}

/** Words of every line that has any. */
function tokenised(file: NamedFile): string[][] {
  const documents = linesOf(file)
    .map(wordsIn)
    .filter((words) => words.length > 0);
  const tokens = documents.reduce((sum, words) => sum + words.length, 0);
  if (tokens === 0) throw new BadDataFile(file.name, 'empty', 'the file has no words');
  if (tokens > MAX_TOKENS) {
    throw new BadDataFile(file.name, 'too-large', `${tokens} words; at most ${MAX_TOKENS} can be counted: use fewer`);
  }
  return documents;
}

/** The most frequent words, at most MAX_VOCABULARY, in alphabetical order where equally frequent. */
function vocabularyOf(documents: readonly string[][]): string[] {
  const counts = new Map<string, number>();
  for (const words of documents) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1))
    .slice(0, MAX_VOCABULARY)
    .map(([word]) => word);
}

function numberWords(words: readonly string[], numbers: ReadonlyMap<string, number>): CountedDocument {
  return countWords(words.map((word) => numbers.get(word)).filter((number) => number !== undefined));
}
