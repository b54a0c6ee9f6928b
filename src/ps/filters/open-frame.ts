// A filtered frame as its shard reads it: into the plain push or pull that it stands for, or why that can't be done.
import { MalformedBytes } from '../../protocol/bytes.ts';
import type { FilteredPull, FilteredPush, Pull, PullWish, Push, Refusal } from '../../protocol/frames.ts';
import type { SegmentRange } from '../table.ts';
import { codecOf } from './codecs.ts';
import { decodeKeys } from './key-list.ts';
import type { KeyMemory } from './key-memory.ts';
import { decodeBlock } from './value-block.ts';

/** A pull, and how its answer shall be coded. */
export interface WishedPull extends Pull {
  readonly wish?: PullWish;
}

/** @returns the frame, or the reason of a refusal: 'unknown-keys' asks for the keys, 'malformed' is no honest node's */
export function openFrame(
  frame: FilteredPush | FilteredPull,
  range: SegmentRange,
  width: number,
  memory: KeyMemory,
): Push | WishedPull | Refusal {
  try {
    const keys = openKeys(frame, range, memory);
    if (keys === undefined) return 'unknown-keys';
    if (frame.kind === 'filteredPull') {
      return codecOf(frame.wish.codec) === undefined ? 'malformed' : { ...frame, kind: 'pull', keys };
    }
    const { block, ...rest } = frame;
    const count = (keys?.length ?? range.end - range.start) * width;
    return { ...rest, kind: 'push', keys, values: decodeBlock(block, count) };
  } catch (error) {
    if (error instanceof MalformedBytes) return 'malformed';
    throw error;
  }
}

function openKeys(
  { keys: coded, worker }: FilteredPush | FilteredPull,
  { start, end }: SegmentRange,
  memory: KeyMemory,
): Uint32Array | null | undefined {
  const keys = decodeKeys(coded, start, end);
  if (keys === null) return null;
  if (!(keys instanceof Uint32Array)) return memory.find(worker.node, keys.signature, keys.count);
  memory.remember(worker.node, keys);
  return keys;
}
