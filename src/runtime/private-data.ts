// The data of a private run as one tab sees them: its own blocks, brought to the shape that the room agreed on.

import { fitter, parseShape, ShapesDiffer, shapeText, unite } from '../data/agreement.ts';
import { checkBlockFits, decodeBlock } from '../data/blocks.ts';
import type { Block, Manifest, Split } from '../data/dataset.ts';
import type { DataPlan, SplitPlan } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Offer, Privacy } from '../protocol/privacy.ts';
import type { BlockExchange } from './block-exchange.ts';
import { splitPlan } from './splits.ts';

/** A tab that has no files of its own has nothing to train on in a private run. */
export class NoOwnData extends Error {
  override name = 'NoOwnData';
  constructor() {
    super('In this run data stay in each tab, and this tab has none. Drop your own files here to take part.');
  }
}

type LoadBlock = (split: Split, index: number) => Promise<Block>;

const NONE: SplitPlan = { samples: 0, blockSamples: 1, blocks: 0 };

export const splitsOf = ({ blocks }: Manifest): Record<Split, SplitPlan> => {
  const of = (split: Split) => splitPlan(blocks[split].map(({ samples }) => samples));
  return { train: of('train'), test: of('test') };
};

/** What a tab tells the room of its data. @throws ShapesDiffer for data that can't be private */
export function offerOf(manifest: Manifest): Offer {
  // Alone it must fit too.
  unite([{ meta: manifest.meta, samples: manifest.meta.samples.train }]);
  return { ...splitsOf(manifest), shape: shapeText(manifest.meta) };
}

export interface Agreement {
  readonly data: DataPlan & { readonly source: { readonly kind: 'private' } };
  /** Tabs whose data don't fit, each with the reason. */
  readonly unfit: readonly { readonly node: NodeId; readonly reason: string }[];
}

/**
 * The plan's part about data, from what this tab has and what the others say that they have: everybody whose data fit
 * this tab's is in. @throws ShapesDiffer for data that can't be private
 */
export function agree(self: NodeId, own: Manifest, { offers }: Privacy): Agreement {
  const parts = [{ meta: own.meta, samples: own.meta.samples.train }];
  const splits = [splitsOf(own)];
  const unfit: { node: NodeId; reason: string }[] = [];
  unite(parts);
  for (const { node, train, test, shape } of offers) {
    if (node === self) continue;
    try {
      const part = { meta: parseShape(shape), samples: train.samples };
      unite([...parts, part]);
      parts.push(part);
      splits.push({ train, test });
    } catch (error) {
      if (!(error instanceof ShapesDiffer)) throw error;
      unfit.push({ node, reason: error.message });
    }
  }
  const source = { kind: 'private', shape: shapeText(unite(parts)) } as const;
  const sum = (split: Split) => sumOf(splits.map((part) => part[split]));
  return { data: { name: nameOf(parts.length), train: sum('train'), test: sum('test'), source }, unfit };
}

const nameOf = (tabs: number): string => `private data of ${tabs} tab${tabs === 1 ? '' : 's'}`;

const sumOf = (splits: readonly SplitPlan[]): SplitPlan => ({
  samples: splits.reduce((sum, { samples }) => sum + samples, 0),
  blockSamples: Math.max(...splits.map(({ blockSamples }) => blockSamples)),
  blocks: splits.reduce((sum, { blocks }) => sum + blocks, 0),
});

/**
 * A tab without data, or with data that don't fit, can look at the model all the same: only asking for a block fails.
 * @throws ShapesDiffer where the plan's own shape can't be read
 */
export function openPrivateData(shape: string, own: Manifest | null, exchange: BlockExchange) {
  const meta = parseShape(shape);
  const open = own === null ? null : fitted(own, meta, exchange);
  return {
    meta: own === null ? meta : { ...meta, name: own.meta.name, samples: own.meta.samples },
    splits: own === null ? { train: NONE, test: NONE } : splitsOf(own),
    isOwn: true,
    block: async (split: Split, index: number): Promise<Block> => {
      if (open === null) throw new NoOwnData();
      return open(split, index);
    },
    holdsAll: () => false,
  };
}

function fitted(own: Manifest, agreed: Manifest['meta'], exchange: BlockExchange): LoadBlock {
  let adapt: (block: Block) => Block;
  try {
    adapt = fitter(own.meta, agreed);
  } catch (error) {
    return () => Promise.reject(error);
  }
  return async (split, index) => {
    const entry = own.blocks[split][index];
    if (entry === undefined) throw new RangeError(`The data have no block ${index} for ${split}.`);
    const block = decodeBlock(await exchange.own(entry.hash));
    checkBlockFits(block, own.meta);
    return adapt(block);
  };
}
