// The manifest of a dataset: encode, decode, build. It is JSON, validated: it may have come from anyone in the room.
import { z } from 'zod';
import { MalformedBytes } from '../protocol/bytes.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCKS } from '../protocol/limits.ts';
import { hashBlock } from './blocks.ts';
import type { Block, BlockEntry, DatasetMeta, Manifest, Split } from './dataset.ts';
import {
  BLOCK_SAMPLES,
  MAX_CHARACTERS,
  MAX_CLASSES,
  MAX_MANIFEST_BYTES,
  MAX_NAME_LENGTH,
  MAX_SPARSE_FEATURES,
  MAX_TOKENS,
  MAX_VOCABULARY,
  MAX_WORD_LENGTH,
} from './limits.ts';
import { ratingsMetaSchema } from './ratings-format.ts';
import { isConsistentTable, tabularMetaSchema } from './table-format.ts';

const count = z.int().min(0).max(0xffff_ffff);
const entry = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  samples: count.min(1),
  bytes: z.int().min(1).max(MAX_BLOCK_BYTES),
});
const common = {
  name: z.string().max(MAX_NAME_LENGTH),
  samples: z.strictObject({ train: count, test: count }),
};

/** What a dataset's meta must look like when it arrives from outside. */
export const datasetMetaSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('dense'),
      ...common,
      features: z.int().min(1).max(MAX_BLOCK_BYTES),
      shape: z.array(z.int().min(1)).min(1).max(4),
      classes: z.int().min(2).max(MAX_CLASSES),
    })
    .refine((meta) => meta.shape.reduce((product, size) => product * size, 1) === meta.features, {
      message: 'the shape does not multiply to the features',
    }),
  z
    .strictObject({
      kind: z.literal('images'),
      ...common,
      features: z.int().min(1).max(MAX_BLOCK_BYTES),
      shape: z.tuple([z.int().min(1), z.int().min(1), z.union([z.literal(1), z.literal(3)])]),
      classes: z.int().min(2).max(MAX_CLASSES),
      labels: z.array(z.string().max(MAX_NAME_LENGTH)).max(MAX_CLASSES),
      counts: z.array(count).max(MAX_CLASSES),
    })
    .refine(({ shape: [height, width, channels], features }) => height * width * channels === features, {
      message: 'the shape does not multiply to the features',
    })
    .refine(({ labels, counts, classes }) => labels.length === classes && counts.length === classes, {
      message: 'there is not a label and a count for every class',
    })
    .refine(({ counts, samples }) => counts.reduce((sum, one) => sum + one, 0) === samples.train, {
      message: 'the counts do not add up to the samples',
    }),
  z.strictObject({
    kind: z.literal('sparse'),
    ...common,
    features: z.int().min(1).max(MAX_SPARSE_FEATURES),
    classes: z.literal(2),
  }),
  ratingsMetaSchema.extend(common),
  tabularMetaSchema.extend(common).refine(isConsistentTable, { message: 'the columns do not make the features' }),
  z
    .strictObject({
      kind: z.literal('text'),
      ...common,
      features: z.int().min(2).max(MAX_BLOCK_BYTES),
      classes: z.int().min(2).max(MAX_CHARACTERS),
      vocabulary: z.array(z.string().min(1).max(2)).max(MAX_CHARACTERS),
      answersAfter: z.string().min(1).max(2).nullable(),
    })
    .refine((meta) => meta.vocabulary.length === meta.classes, {
      message: 'the vocabulary is not as large as the classes',
    }),
  z
    .strictObject({
      kind: z.literal('documents'),
      ...common,
      features: z
        .int()
        .min(2)
        .max(2 * MAX_VOCABULARY),
      words: z.int().min(1).max(MAX_VOCABULARY),
      vocabulary: z.array(z.string().max(MAX_WORD_LENGTH)).max(MAX_VOCABULARY),
      totals: z.array(z.int().min(0).max(MAX_TOKENS)).max(MAX_VOCABULARY),
      tokens: z.strictObject({ train: z.int().min(0).max(MAX_TOKENS), test: count }),
      longest: z.int().min(0).max(MAX_TOKENS),
      blockDocuments: z.int().min(1).max(BLOCK_SAMPLES),
      isText: z.boolean(),
      picture: z.array(z.int().min(1).max(MAX_VOCABULARY)).max(2),
    })
    .refine((meta) => meta.features === 2 * meta.words && meta.totals.length === meta.words, {
      message: 'features and totals do not fit the words',
    })
    .refine((meta) => meta.vocabulary.length === 0 || meta.vocabulary.length === meta.words, {
      message: 'there is not a name for every word',
    })
    .refine((meta) => meta.totals.reduce((sum, total) => sum + total, 0) === meta.tokens.train, {
      message: 'the totals do not add up to the tokens',
    })
    .refine((meta) => meta.picture.length === 0 || meta.picture.reduce((a, b) => a * b, 1) === meta.words, {
      message: 'the picture does not have as many pixels as there are words',
    }),
]);

const total = (entries: readonly { samples: number }[]) => entries.reduce((sum, { samples }) => sum + samples, 0);

const manifestSchema = z
  .strictObject({
    meta: datasetMetaSchema,
    blocks: z.strictObject({ train: z.array(entry).max(MAX_BLOCKS), test: z.array(entry).max(MAX_BLOCKS) }),
  })
  .refine(({ blocks }) => blocks.train.length + blocks.test.length <= MAX_BLOCKS, { message: 'too many blocks' })
  .refine(
    ({ meta, blocks }) => total(blocks.train) === meta.samples.train && total(blocks.test) === meta.samples.test,
    { message: "the blocks' samples do not add up to the meta's" },
  );

/** One manifest line for a block and its encoded bytes. */
export const entryOf = (block: Block, bytes: Uint8Array): BlockEntry => ({
  hash: hashBlock(bytes),
  samples: block.count,
  bytes: bytes.byteLength,
});

/** JSON with its keys in a fixed order, so that equal manifests give equal bytes and so one hash. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const line = ({ hash, samples, bytes }: BlockEntry) => ({ hash, samples, bytes });
  const blocks = { train: manifest.blocks.train.map(line), test: manifest.blocks.test.map(line) };
  const bytes = new TextEncoder().encode(JSON.stringify({ meta: metaInOrder(manifest.meta), blocks }));
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new MalformedBytes(`a manifest of ${bytes.byteLength} bytes is too large: use more samples per block`);
  }
  return bytes;
}

/** Fields by name, whatever kind it is. */
const metaInOrder = (meta: DatasetMeta): Record<string, unknown> => {
  const samples: Record<Split, number> = { train: meta.samples.train, test: meta.samples.test };
  return Object.fromEntries(Object.entries({ ...meta, samples }).toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

/** A manifest from bytes that anyone may have sent. Throws `MalformedBytes` that says which field is wrong. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) throw new MalformedBytes(`a manifest of ${bytes.byteLength} bytes`);
  const parsed = manifestSchema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MalformedBytes(`not a manifest: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new MalformedBytes('a manifest that is not JSON', { cause });
  }
}
