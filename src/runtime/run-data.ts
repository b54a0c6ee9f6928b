// The data of one run as a trainer sees them: block i of a split, made from a seed or fetched by hash.
import { checkBlockFits, decodeBlock } from '../data/blocks.ts';
import type { Block, DatasetMeta, Manifest, Split } from '../data/dataset.ts';
import { decodeManifest } from '../data/manifest.ts';
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
  /** Block `index` of `split`. Kept once loaded. */
  block(split: Split, index: number): Promise<Block>;
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
    return { ...data, block: remembering(data.block) };
  }
  const splits = { train: plan.train, test: plan.test };
  if (plan.source.kind === 'generated') {
    const generator = job.generate(plan.source.seed, plan.source.samples);
    const load = async (split: Split, index: number) => generator.block(split, index);
    return { meta: generator.meta, splits, isOwn: false, block: remembering(load), holdsAll: () => false };
  }
  const manifest = decodeManifest(await exchange.get(plan.source.manifest, 'data'));
  const load = (split: Split, index: number) => fetchBlock(manifest, exchange, split, index);
  const hashes = [...manifest.blocks.train, ...manifest.blocks.test].map(({ hash }) => hash);
  const holdsAll = () => exchange.holdsAll(hashes);
  return { meta: manifest.meta, splits, isOwn: false, block: remembering(load), holdsAll };
}

async function fetchBlock(manifest: Manifest, exchange: BlockExchange, split: Split, index: number): Promise<Block> {
  const entry = manifest.blocks[split][index];
  if (entry === undefined) throw new RangeError(`The data have no block ${index} for ${split}.`);
  const block = decodeBlock(await exchange.get(entry.hash, 'data'));
  checkBlockFits(block, manifest.meta);
  return block;
}

/** Blocks are views of bytes that are held anyway, or were made at some cost: each is loaded once. */
function remembering(load: RunData['block']): RunData['block'] {
  const loaded = new Map<string, Promise<Block>>();
  return (split, index) => {
    const key = `${split} ${index}`;
    const known = loaded.get(key);
    if (known !== undefined) return known;
    const loading = load(split, index);
    loaded.set(key, loading);
    // A block that could not be had is asked for again.
    loading.catch(() => loaded.delete(key));
    return loading;
  };
}
