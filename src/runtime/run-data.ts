// The data of one run as a trainer sees them: block i of a split, made from a seed or fetched by hash.
import { checkBlockFits, decodeBlock, encodedBytes } from '../data/blocks.ts';
import type { Block, DatasetMeta, Manifest, Split } from '../data/dataset.ts';
import type { Job } from '../jobs/job.ts';
import type { DataPlan, SplitPlan } from '../protocol/control.ts';
import type { BlockExchange } from './block-exchange.ts';
import { openPrivateData } from './private-data.ts';

export interface RunData {
  readonly meta: DatasetMeta;
  /** What can be asked for. */
  readonly splits: Readonly<Record<Split, SplitPlan>>;
  /** These are this tab's own, and every other has others. */
  readonly isOwn: boolean;
  /** Block `index` of `split`. */
  block(split: Split, index: number): Promise<Block>;
  /** Is it here, so that it need neither be made nor fetched? */
  isHere(split: Split, index: number): boolean;
  /** Does this tab hold every block, so that others can fetch any from it? Never of data that need no fetching. */
  holdsAll(): boolean;
}

/**
 * @param own what this tab has read from files, if anything; private runs learn from nothing else
 * @throws BlockNotFound when the manifest can't be had
 */
export async function openRunData(
  plan: DataPlan,
  job: Job,
  exchange: BlockExchange,
  own: Manifest | null = null,
): Promise<RunData> {
  if (plan.source.kind === 'private') {
    const data = openPrivateData(plan.source.shape, own, exchange);
    return { ...data, ...remembering(data.block, () => true) };
  }
  const splits = { train: plan.train, test: plan.test };
  if (plan.source.kind === 'generated') {
    const generator = job.generate(plan.source.seed, plan.source.samples);
    const load = async (split: Split, index: number) => generator.block(split, index);
    return { meta: generator.meta, splits, isOwn: false, ...remembering(load, () => false), holdsAll: () => false };
  }
  const manifest = await exchange.openData(plan.source.manifest);
  const load = (split: Split, index: number) => fetchBlock(manifest, exchange, split, index);
  const hashes = [...manifest.blocks.train, ...manifest.blocks.test].map(({ hash }) => hash);
  const holdsAll = () => exchange.holdsAll(hashes);
  const isHeld = (split: Split, index: number) => exchange.holdsAll([manifest.blocks[split][index]?.hash ?? '']);
  return { meta: manifest.meta, splits, isOwn: false, ...remembering(load, isHeld), holdsAll };
}

async function fetchBlock(manifest: Manifest, exchange: BlockExchange, split: Split, index: number): Promise<Block> {
  const entry = manifest.blocks[split][index];
  if (entry === undefined) throw new RangeError(`The data have no block ${index} for ${split}.`);
  const block = decodeBlock(await exchange.get(entry.hash, 'data'));
  checkBlockFits(block, manifest.meta);
  return block;
}

/**
 * Bytes of decoded blocks kept: two windows of a worker's blocks (`data/sampler.ts`), unless these are large. Beyond it
 * those not asked for longest are loaded again when they are.
 */
const MAX_DECODED_BYTES = 256 * 1024 * 1024;

/**
 * Blocks were made or decoded at some cost: the newest are kept.
 * @param isHeld nothing has to come for a block that isn't decoded
 */
function remembering(load: RunData['block'], isHeld: RunData['isHere']): Pick<RunData, 'block' | 'isHere'> {
  /** Those asked for last are at the end; sizes are 0 until they are loaded. */
  const loaded = new Map<string, { readonly block: Promise<Block>; bytes: number }>();
  let total = 0;
  const forget = (key: string) => {
    total -= loaded.get(key)?.bytes ?? 0;
    loaded.delete(key);
  };
  const keyOf = (split: Split, index: number) => `${split} ${index}`;
  const block: RunData['block'] = (split, index) => {
    const key = keyOf(split, index);
    const known = loaded.get(key);
    if (known !== undefined) {
      loaded.delete(key);
      loaded.set(key, known);
      return known.block;
    }
    const entry = { block: load(split, index), bytes: 0 };
    loaded.set(key, entry);
    entry.block.then(
      (block) => {
        if (loaded.get(key) !== entry) return;
        entry.bytes = encodedBytes(block);
        total += entry.bytes;
        for (const [old, { bytes }] of loaded) {
          if (total <= MAX_DECODED_BYTES) break;
          if (bytes > 0 && old !== key) forget(old);
        }
      },
      // A block that could not be had is asked for again.
      () => loaded.get(key) === entry && forget(key),
    );
    return entry.block;
  };
  const isLoaded = (split: Split, index: number) => (loaded.get(keyOf(split, index))?.bytes ?? 0) > 0;
  return { block, isHere: (split, index) => isLoaded(split, index) || isHeld(split, index) };
}
