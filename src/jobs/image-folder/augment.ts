// Pictures as they might have been as well: mirrored, and cut a little off centre. For training only.
import type { DenseBlock } from '../../data/dataset.ts';
import { hash32 } from '../../random.ts';

/** What may be done to a picture. */
export interface Augmentation {
  /** Mirror left and right, every second picture. */
  readonly flip: boolean;
  /** Shift by up to so many pixels each way: a crop of the picture, its edges continued. */
  readonly crop: number;
}

/** How one picture of a batch is changed. */
interface Change {
  readonly isFlipped: boolean;
  readonly down: number;
  readonly right: number;
}

/**
 * A copy with every picture changed at random. The randomness comes from what is in the batch and nothing else: a picture
 * that comes again, in other company, is changed in another way, and results can be repeated.
 * @param shape [height, width, channels] of each row
 */
export function augment(block: DenseBlock, shape: readonly number[], what: Augmentation): DenseBlock {
  if (!what.flip && what.crop === 0) return block;
  const x = block.x.slice();
  const { count, features } = block;
  const seed = seedOf(block);
  for (let row = 0; row < count; row++) {
    const start = row * features;
    const change = changeOf(hash32(seed, row), what);
    changePicture(block.x.subarray(start, start + features), x.subarray(start, start + features), shape, change);
  }
  return { ...block, x };
}

/** From the pixel in the middle of each picture. */
function seedOf({ x, y, count, features }: DenseBlock): number {
  let seed = 0;
  for (let row = 0; row < count; row++) {
    const value = x[row * features + (features >> 1)] as number;
    seed = hash32(seed, y[row] as number, x instanceof Uint8Array ? value : Math.round(255 * value));
  }
  return seed;
}

function changeOf(random: number, { flip, crop }: Augmentation): Change {
  const places = 2 * crop + 1;
  return {
    isFlipped: flip && (random & 1) === 1,
    down: ((random >>> 1) % places) - crop,
    right: ((random >>> 16) % places) - crop,
  };
}

function changePicture(
  from: Uint8Array | Float32Array,
  to: Uint8Array | Float32Array,
  [height = 0, width = 0, channels = 1]: readonly number[],
  { isFlipped, down, right }: Change,
): void {
  for (let row = 0; row < height; row++) {
    const sourceRow = Math.min(Math.max(row + down, 0), height - 1) * width;
    for (let column = 0; column < width; column++) {
      const seen = Math.min(Math.max(column + right, 0), width - 1);
      const source = (sourceRow + (isFlipped ? width - 1 - seen : seen)) * channels;
      const target = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) to[target + channel] = from[source + channel] as number;
    }
  }
}
