// What generators of documents share. Occurrences are numbered over the whole training split, so it is made at once, when
// its meta's totals or one of its blocks are first asked for: the page asks for neither, nor do a job's defaults.
import type { DatasetMeta, DocumentsMeta, Generator, SparseBlock, Split } from '../dataset.ts';
import { blockDocumentsOf, type Corpus, type CountedDocument, numberOccurrences } from '../documents.ts';
import { BLOCK_SAMPLES } from '../limits.ts';
import { rowRange } from '../rows.ts';

interface Made {
  readonly meta: DatasetMeta & DocumentsMeta;
  readonly rows: Readonly<Record<Split, SparseBlock>>;
}

/** A generator of documents of `length` words each, every one a pure function of split and index. */
export function documentsGenerator(
  what: Omit<Corpus, 'documents'>,
  samples: Readonly<Record<Split, number>>,
  length: number,
  draw: (split: Split, index: number) => CountedDocument,
): Generator {
  const blockDocuments = blockDocumentsOf(samples.train);
  const sizeOf = { train: blockDocuments, test: BLOCK_SAMPLES };
  let made: Made | null = null;
  const make = (): Made => {
    made ??= makeAll(what, samples, draw);
    return made;
  };
  const meta: DatasetMeta = {
    kind: 'documents',
    ...what,
    samples: { train: samples.train, test: samples.test },
    features: 2 * what.words,
    blockDocuments,
    get totals() {
      return make().meta.totals;
    },
    tokens: { train: length * samples.train, test: length * samples.test },
    get longest() {
      return make().meta.longest;
    },
  };
  return {
    name: what.name,
    meta,
    blockSamples: { train: sizes(samples.train, sizeOf.train), test: sizes(samples.test, sizeOf.test) },
    block(split, index) {
      const start = index * sizeOf[split];
      return rowRange(make().rows[split], start, Math.min(start + sizeOf[split], samples[split]));
    },
  };
}

function makeAll(
  what: Omit<Corpus, 'documents'>,
  samples: Readonly<Record<Split, number>>,
  draw: (split: Split, index: number) => CountedDocument,
): Made {
  const all = (split: Split) => Array.from({ length: samples[split] }, (_, index) => draw(split, index));
  const documents = { train: all('train'), test: all('test') };
  const { meta, train, test } = numberOccurrences({ ...what, documents });
  return { meta, rows: { train, test } };
}

const sizes = (samples: number, each: number): number[] =>
  Array.from({ length: Math.ceil(samples / each) }, (_, block) => Math.min(each, samples - block * each));
