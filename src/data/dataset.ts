// What a dataset is to everyone else: meta, blocks of typed arrays, and where blocks come from.

export type Split = 'train' | 'test';

/**
 * Shape of a dataset: enough to size a model before any block has arrived. Every kind has `features`: values of a dense
 * sample, or size of the key space of sparse ones. A kind without `classes` has the label 0 everywhere.
 */
export type DatasetMeta = {
  readonly name: string;
  /** Samples in each split. */
  readonly samples: Readonly<Record<Split, number>>;
} & (
  | {
      readonly kind: 'dense';
      /** Values per sample; `shape` says how they are laid out (images: [height, width]). */
      readonly features: number;
      readonly shape: readonly number[];
      readonly classes: number;
    }
  | {
      /** Pictures of one size: dense rows of bytes. */
      readonly kind: 'images';
      readonly features: number;
      /** [height, width, channels]: 1 is grey, 3 red, green and blue. */
      readonly shape: readonly number[];
      readonly classes: number;
      /** What each class is called. */
      readonly labels: readonly string[];
      /** Training pictures of each class. */
      readonly counts: readonly number[];
    }
  | {
      readonly kind: 'sparse';
      /** Size of the key space: every index is below it. Labels are 0 and 1. */
      readonly features: number;
      readonly classes: 2;
    }
  | {
      /** Rows of `features` characters, as bytes: numbers of the vocabulary. */
      readonly kind: 'text';
      readonly features: number;
      /** Size of the vocabulary. */
      readonly classes: number;
      /** One character each, by number. */
      readonly vocabulary: readonly string[];
      /** What stands between a question and its answer on a line; null for text that asks nothing. */
      readonly answersAfter: string | null;
    }
  | {
      /** Sparse rows [user, users + item] with values [rating, time]; a label says nothing. */
      readonly kind: 'ratings';
      /** Users and items. */
      readonly features: number;
      readonly users: number;
      readonly items: number;
      /** Mean rating of the training split. */
      readonly mean: number;
      /** By key, as their file calls them; empty where they have no names but their keys. */
      readonly names: { readonly users: readonly string[]; readonly items: readonly string[] };
    }
  | {
      /** Dense rows of encoded columns; in regression the last value is the target, and labels say nothing. */
      readonly kind: 'tabular';
      /** Values per sample, a regression's target included. */
      readonly features: number;
      /** 1 in regression. */
      readonly classes: number;
      readonly columns: readonly TableInput[];
      readonly target: TableTarget;
    }
  | DocumentsMeta
);

/** One column of a table as values of a sample; where `hasMissing`, one more value is 1 for a field with nothing in it. */
export type TableInput = { readonly name: string; readonly hasMissing: boolean } & (
  | {
      readonly kind: 'number';
      /** The value is (field − mean) / scale, and 0 where the field is missing. */
      readonly mean: number;
      readonly scale: number;
    }
  | {
      readonly kind: 'category';
      /** One value each, 1 where the field is it. */
      readonly values: readonly string[];
      /** One more value, for everything else. */
      readonly hasOthers: boolean;
    }
);

/** What a table's samples are to teach. */
export type TableTarget = { readonly name: string } & (
  | { readonly kind: 'classes'; readonly labels: readonly string[] }
  /** As an input: standardised by the training split. */
  | { readonly kind: 'number'; readonly mean: number; readonly scale: number }
);

/**
 * Bags of words. A row's keys below `words` are words, with how often each stands in the document. In training documents
 * key words + w says how often word w stands in those before: so every occurrence of a word has a number of its own,
 * from 0 to totals[w] − 1, that everybody agrees on.
 */
export interface DocumentsMeta {
  readonly kind: 'documents';
  /** 2 × words. */
  readonly features: number;
  /** Size of the vocabulary. */
  readonly words: number;
  /** The words themselves; empty where they are only numbers. */
  readonly vocabulary: readonly string[];
  /** Occurrences of each word in the training documents. */
  readonly totals: readonly number[];
  /** Occurrences of all words in each split. */
  readonly tokens: Readonly<Record<Split, number>>;
  /** Occurrences in the longest training document. */
  readonly longest: number;
  /** Documents in each training block but the last. */
  readonly blockDocuments: number;
  /** Words are cut out of running text: it has stop words in it. */
  readonly isText: boolean;
  /** [height, width] where the words are pixels; else empty. */
  readonly picture: readonly number[];
}

/** How the blocks of each kind of data are laid out. */
const LAYOUTS: Readonly<Record<DatasetMeta['kind'], Block['kind']>> = {
  dense: 'dense',
  images: 'dense',
  sparse: 'sparse',
  text: 'dense',
  ratings: 'sparse',
  tabular: 'dense',
  documents: 'sparse',
};

/** Layout of a dataset's blocks: a new kind of data needs no new kind of block where one of these fits. */
export const layoutOf = (meta: DatasetMeta): Block['kind'] => LAYOUTS[meta.kind];

/** Labels of a dataset's samples are below this. */
export const classesOf = (meta: DatasetMeta): number => ('classes' in meta ? meta.classes : 1);

/** Samples with every feature present. `x` is row-major [count, features]; a u8 value v means v / 255. */
export interface DenseBlock {
  readonly kind: 'dense';
  readonly count: number;
  readonly features: number;
  readonly x: Uint8Array | Float32Array;
  /** Class of each sample. */
  readonly y: Uint32Array;
}

/** Samples with few features each, in compressed sparse rows: row i is indices[indptr[i] .. indptr[i+1]]. */
export interface SparseBlock {
  readonly kind: 'sparse';
  readonly count: number;
  /** Length count + 1. */
  readonly indptr: Uint32Array;
  /** Keys, ascending within a row. */
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** Label of each sample, 0 or 1. */
  readonly y: Uint32Array;
}

export type Block = DenseBlock | SparseBlock;

/** Lower-case hex SHA-256 of a block's encoded bytes. */
export type BlockHash = string;

export interface BlockEntry {
  readonly hash: BlockHash;
  readonly samples: number;
  readonly bytes: number;
}

/** The list of blocks that make a dataset. Its own hash names the dataset. */
export interface Manifest {
  readonly meta: DatasetMeta;
  readonly blocks: Readonly<Record<Split, readonly BlockEntry[]>>;
}

/** Data that every node can make for itself from a seed, block by block. Pure: same arguments, same bytes. */
export interface Generator {
  readonly name: string;
  readonly meta: DatasetMeta;
  /** Samples in block `index` of `split`. */
  readonly blockSamples: Readonly<Record<Split, readonly number[]>>;
  block(split: Split, index: number): Block;
}
