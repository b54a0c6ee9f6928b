// A generated stream of items, a few of them very frequent and most of them rare, as words, clicks and addresses are: item
// r with probability proportional to 1 / (r + 1) (Zipf's law). Cut into packets, each a "document". Only exact operations.
import { hash32, Random } from '../../random.ts';
import type { Generator, Split } from '../dataset.ts';
import { countWords } from '../documents.ts';
import { SPLIT_SEEDS } from './blocks-of.ts';
import { documentsGenerator } from './documents-of.ts';

export const ZIPF_PACKETS = { train: 4_000, test: 400 };
export const ZIPF_ITEMS = 20_000;
/** Items of a packet. */
export const PACKET_ITEMS = 250;

/** Cumulative weights of 1/rank. */
const SUMS = (() => {
  const sums = new Float64Array(ZIPF_ITEMS);
  let sum = 0;
  for (let rank = 0; rank < sums.length; rank++) {
    sum += 1 / (rank + 1);
    sums[rank] = sum;
  }
  return sums;
})();

function drawRank(random: Random): number {
  const target = random.unit() * (SUMS.at(-1) ?? 0);
  let [low, high] = [0, SUMS.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((SUMS[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A generator of `samples` packets of PACKET_ITEMS items. */
export function zipfGenerator(seed: number, samples: Readonly<Record<Split, number>> = ZIPF_PACKETS): Generator {
  return documentsGenerator(
    { name: 'generated stream', words: ZIPF_ITEMS, vocabulary: [], isText: false, picture: [] },
    samples,
    PACKET_ITEMS,
    (split, index) => {
      const random = new Random(hash32(seed, SPLIT_SEEDS[split], index));
      return countWords(Array.from({ length: PACKET_ITEMS }, () => drawRank(random)));
    },
  );
}
