// Bounds on data: what a file, a block or a manifest may claim, each with its reason.
import { MAX_BLOCKS } from '../protocol/limits.ts';

/** Samples in one block. 512 images of 28×28 are 394 KiB: about 10 ms on a link, so that a block doesn't hold up
 * gradients, and 60,000 samples still make enough blocks (118) to share out among a room of 64. Sparse rows are smaller
 * yet; the same number keeps a batch's samples in few blocks. */
export const BLOCK_SAMPLES = 512;

/** Samples of one split of a file: which of them are held out takes four bytes each while it is read. */
export const MAX_SAMPLES = 64 * 1024 * 1024;

/** Files of formats that must be held whole to be read (idx): what is made of them takes as much again. */
export const MAX_WHOLE_BYTES = 512 * 1024 * 1024;

/** Names of users, and of items, as a manifest lists them: 138,000 users of MovieLens 20M are 1 MiB. */
export const MAX_NAMES_BYTES = 2 * 1024 * 1024;

/** An encoded manifest: 128 bytes for each entry (a hash is 64 of them), and room for the meta with its names. */
export const MAX_MANIFEST_BYTES = MAX_BLOCKS * 128 + 2 * MAX_NAMES_BYTES + 64 * 1024;

/** Key space of sparse data: a table over all of it is 256 MiB of f32, about what a tab can hold. */
export const MAX_SPARSE_FEATURES = 64 * 1024 * 1024;

/** Classes of dense data: bounds the output layer that a manifest can make a trainer allocate. ImageNet has 1,000. */
export const MAX_CLASSES = 1_024;

/** Largest magnitude of a value. f32 ends at 3.4e38, so the first product with a value beyond this overflows: such a
 * number is a mistake in a file, not a measurement. */
export const MAX_VALUE = 1e30;

/** Characters of a dataset's name: it is shown, never interpreted. */
export const MAX_NAME_LENGTH = 200;

/** The held-out test split where none was given: a sixth, and no more samples than one evaluation goes through fast. */
export const HOLD_OUT_FRACTION = 1 / 6;
export const MAX_HELD_OUT_SAMPLES = 10_000;

/** A row of text is this long, and one character more: the longest context that a model can have of files. */
export const TEXT_WINDOW = 128;

/** Rows of text begin so far apart: half a row, so that windows of half its length see every character twice. */
export const TEXT_STRIDE = 64;

/** Different characters of a text: they are bytes in a block, and the model's embedding and head have a row for each. */
export const MAX_CHARACTERS = 256;

/** One text file: it is held as characters while it is cut, about 20 bytes each. */
export const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** Words of a vocabulary: the rest, the rarest, are left out. Their names travel in the manifest, and 65,536 of them with
 * their counts are about 1 MB of it. */
export const MAX_VOCABULARY = 65_536;

/** Different words told apart while a text is read; what a word takes in memory is some 100 bytes. */
export const MAX_DISTINCT_WORDS = 2 * 1024 * 1024;

/** Characters of a word, or of a cell that is counted as one: longer ones are cut. */
export const MAX_WORD_LENGTH = 64;

/** Words of a corpus, counted with repetition: counts are f32, which has every whole number up to here. */
export const MAX_TOKENS = 2 ** 24;

/** Training blocks that documents are cut into, as long as there are enough: each is a lease's unit, so a room's workers
 * share out even a few hundred documents. */
export const DOCUMENT_BLOCKS = 64;
